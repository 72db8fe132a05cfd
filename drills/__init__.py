"""Drills: faults that are caused on purpose, many times."""
