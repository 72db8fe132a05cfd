"""Copies of the whole store: rows as plain values, and SQLite back-ups."""
