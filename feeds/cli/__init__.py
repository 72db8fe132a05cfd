"""The command ``feeds``: one file for each group of commands."""
