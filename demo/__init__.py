"""Invented press releases in the form of the portal's pages, for trying the service out."""
