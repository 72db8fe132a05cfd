"""The schema of the store: tables, version and migrations."""
