"""Reading the store: snapshots, and nothing that could change it."""
