"""Copy a SQLite store while it is in use."""

from pathlib import Path

from feeds.errors import RefusedError
from feeds.store import Store


def backup(store: Store, into: Path) -> None:
    """Copy the store to a new file.

    Raises ``RefusedError`` if the file exists, and whatever ``Store.back_up`` raises.
    """
    if into.exists() or into.is_symlink():
        raise RefusedError(f"{into} already exists: name a new file.")
    store.back_up(into)
