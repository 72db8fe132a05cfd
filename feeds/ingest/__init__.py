"""Imports: from inputs through sources and decisions to the store."""
