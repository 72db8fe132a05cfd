"""The schema's version: checked before anything is served, brought up by ``feeds migrate``."""

import secrets
import sqlite3
from datetime import datetime
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, insert, inspect, select, text

from feeds.errors import StoreError
from feeds.identity import Authority, feed_id
from feeds.store.engine import is_sqlite, name, reading, writing
from feeds.store.schema.tables import HeadRow, SelectionRow

_LOCK = 0x66656564  # any number that no other program of this database locks by
_MIGRATE = "run `feeds migrate`"


@cache
def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@cache
def _known() -> tuple[str, ...]:
    """Return the schema versions that this code knows, the newest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in scripts)


def current() -> str:
    """Return the version of the schema that this code serves."""
    return _known()[0]


def _version(connection: Connection) -> str | None:
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        if names:
            raise StoreError("The database holds other tables and is no release store.")
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check(engine: Engine) -> None:
    """Raise ``StoreError``, saying what to run, unless this code can serve the store."""
    where = name(engine)
    if is_sqlite(engine) and not Path(where).exists():
        raise StoreError(f"There is no release store at {where}: {_MIGRATE} to make one.")
    with reading(engine) as connection:
        version = _version(connection)
    if version == _known()[0]:
        return
    if version is None:
        raise StoreError(f"The release store at {where} is empty: {_MIGRATE} to set it up.")
    if version in _known():
        raise StoreError(f"The release store at {where} has an older schema: {_MIGRATE}.")
    raise StoreError(
        f"The release store at {where} was made by a newer version of this service "
        f"(schema {version}): install that version, or put back an older back-up."
    )


def migrate(
    engine: Engine, authority: Authority, page_size: int, now: datetime
) -> tuple[str | None, str]:
    """Bring the schema up, whole or not at all; return the version before and after.

    A new store gets its identity, its archive page size and the selection of all releases.
    """
    where = name(engine)
    if is_sqlite(engine) and not Path(where).exists():
        _prepare(Path(where))
    with writing(engine) as connection:
        if not is_sqlite(engine):
            # There is no head to lock yet.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        before = _version(connection)
        if before is not None and before not in _known():
            raise StoreError(
                f"The release store at {where} was made by a newer version of this service "
                f"(schema {before}) and is left as it is."
            )
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        finally:
            del config.attributes["connection"]
        if connection.execute(select(HeadRow.id)).first() is None:
            _found(connection, authority, page_size, now)
    return before, _known()[0]


def _prepare(path: Path) -> None:
    """Make the file; write-ahead logging is a lasting property of it, set outside transactions."""
    if not path.parent.is_dir():
        raise StoreError(f"The folder {path.parent} does not exist: make it first.")
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"The release store {path} cannot be made: {error}.") from error


def _found(connection: Connection, authority: Authority, page_size: int, now: datetime) -> None:
    connection.execute(
        insert(HeadRow).values(
            id=1,
            store_id=secrets.token_hex(16),
            revision=1,
            instant=now,
            page_size=page_size,
            settings_digest="",
            settings_revision=1,
            settings_changed=now,
        )
    )
    connection.execute(
        insert(SelectionRow).values(
            id=0,
            feed_id=feed_id(authority, None),
            slug="",
            name="",
            named=True,
            revision=1,
            changed=now,
            created=now,
        )
    )
