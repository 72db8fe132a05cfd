"""Changing the store: each transaction is one ``Change``."""
