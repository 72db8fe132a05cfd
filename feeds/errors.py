"""The errors with a message for people.

The message is one sentence that says what is wrong and what to do. Any other exception that
reaches the user is a defect.
"""


class FeedsError(Exception):
    """Base class of errors whose message is for the operator or the client."""


class SettingsError(FeedsError):
    """``FEEDS_*`` variables are missing or cannot be used; the message has a line for each."""


class StoreError(FeedsError):
    """The store cannot be used: it is missing, older, newer or damaged."""


class StoreUnavailableError(StoreError):
    """The store does not answer now, but may later."""


class StoreBehindError(StoreUnavailableError):
    """The server that answered lacks a change that this process has already seen."""


class NothingToDoError(FeedsError):
    """The command cannot begin: its input does not exist or is empty."""


class RefusedError(FeedsError):
    """The request was understood and refused; nothing was changed."""
