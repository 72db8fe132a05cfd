"""Changing the store: one ``Change`` a transaction, and what it writes."""
