"""Atom, RSS and JSON feeds for a press-release archive whose publication has ended."""
