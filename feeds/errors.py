"""The errors that reach a person.

Each carries one sentence that says what is wrong and what to do about it. Everything else that is
raised is a defect of the service.
"""


class FeedsError(Exception):
    """Base of every error whose message is meant for the operator or the client."""


class SettingsError(FeedsError):
    """A ``FEEDS_*`` variable is missing or cannot be used."""


class StoreError(FeedsError):
    """The release store is missing, older, newer or damaged: nothing can be done with it."""


class StoreUnavailableError(StoreError):
    """The release store does not answer now, but may later."""


class NothingToDoError(FeedsError):
    """The command cannot begin: its input does not exist or holds nothing."""


class RefusedError(FeedsError):
    """The request was understood and refused; nothing was changed."""
