"""What the commands do, one file each.

An operation takes the store, the settings and the current time, and returns what it did. It raises
a ``FeedsError`` if it did nothing. Arguments and output belong to ``feeds.cli``.
"""
