"""Make a copy of a store that is a file, while it is in use."""

from pathlib import Path

from sqlalchemy import Engine

from feeds.errors import NothingToDoError, RefusedError
from feeds.store.copy.backup import copy
from feeds.store.engine import is_sqlite, name


def backup(engine: Engine, into: Path) -> None:
    """Copy the store to a new file.

    Raises ``NothingToDoError`` where the store is no file, ``RefusedError`` where the new one
    exists, and ``StoreError`` where it cannot be written.
    """
    if not is_sqlite(engine):
        raise NothingToDoError(
            "The release store is no file of this machine: "
            "make a back-up of it with `feeds export FILE`."
        )
    if into.exists() or into.is_symlink():
        raise RefusedError(f"{into} exists: name a new file.")
    copy(Path(name(engine)), into)
