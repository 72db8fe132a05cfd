"""Operations: what the commands do, one file each, in words that a command line can print.

An operation takes the settings, the store and the instant, and returns what it did; it raises a
``FeedsError`` where it did nothing. It knows no argument parser and no terminal.
"""
