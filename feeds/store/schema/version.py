"""The schema's version: checked before the store is used, upgraded by ``feeds migrate``."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, func, insert, inspect, select, text

from feeds.errors import StoreError
from feeds.identity import Authority, feed_id
from feeds.store.engine import is_sqlite, name, reading, writing
from feeds.store.schema.tables import (
    ALL_ID,
    ALL_SLUG,
    CHANGE_TOKEN,
    HEAD,
    SELECTION,
    random_token,
)

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x66656564  # any number that no other program uses for an advisory lock of this database


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - only an upgrade needs Alembic

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _known() -> list[str]:
    """Return the schema versions that this code can upgrade, and its own, which is the last.

    They are the numbers of the migrations' files.
    """
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current() -> str:
    """Return the schema version that this code uses."""
    return _known()[-1]


def _version(connection: Connection) -> str | None:
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        if names:
            raise StoreError(
                "The database has other tables and is not a release store: "
                "name an empty one in FEEDS_DATABASE_URL."
            )
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require_file(engine: Engine) -> None:
    """Raise ``StoreError`` if the store is a file that does not exist."""
    where = name(engine)
    if is_sqlite(engine) and not Path(where).exists():
        raise StoreError(f"There is no release store at {where}: run `feeds migrate` to create it.")


def check(connection: Connection) -> None:
    """Raise ``StoreError``, with what to run, unless this code can use the store."""
    where = name(connection.engine)
    version = _version(connection)
    if version == current():
        return
    if version is None:
        raise StoreError(f"The release store at {where} is empty: run `feeds migrate`.")
    if version in _known():
        raise StoreError(f"The release store at {where} has an older schema: run `feeds migrate`.")
    raise _newer(where, version)


def _newer(where: str, version: str) -> StoreError:
    return StoreError(
        f"The release store at {where} has the schema {version} of a newer version of this "
        "service: install that version, or restore an older back-up."
    )


@dataclass(frozen=True, slots=True)
class Permanent:
    """The settings with which a store is created.

    Other values of them would change ids, dates or archive pages; another language is only shown.
    """

    authority: Authority
    page_size: int
    timezone: str
    language: str


def found(engine: Engine) -> str | None:
    """Return the version of the store's schema, None if there is no store."""
    if is_sqlite(engine) and not Path(name(engine)).exists():
        return None
    with reading(engine) as connection:
        return _version(connection)


@contextmanager
def upgraded(
    engine: Engine, permanent: Permanent, now: datetime, *, commit: bool = True
) -> Iterator[tuple[str | None, Connection]]:
    """Upgrade the schema in one transaction; yield the version before and the connection.

    A new store gets its head, with the permanent settings, and the selection of all releases. A
    store with the current schema is only read, so it may be a replica. ``commit=False`` rolls back.
    """
    where = name(engine)
    if is_sqlite(engine) and not Path(where).exists():
        _create_file(Path(where))
    with reading(engine) as connection:
        if _version(connection) == current():
            yield current(), connection
            return
    with writing(engine, commit=commit) as connection:
        if not is_sqlite(engine):
            # A new database has no head to lock.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        before = _version(connection)
        if before is not None and before not in _known():
            raise _newer(where, before)
        from alembic import command  # noqa: PLC0415 - only an upgrade needs Alembic

        command.upgrade(_config(connection), "head")
        if connection.execute(select(HEAD.c.id)).first() is None:
            _fill(connection, permanent, now)
        yield before, connection


def _create_file(path: Path) -> None:
    """Create the file in write-ahead mode, which is permanent and set outside transactions."""
    if not path.parent.is_dir():
        raise StoreError(f"The folder {path.parent} does not exist: create it first.")
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise StoreError(f"The release store {path} cannot be created: {error}.") from error


def _fill(connection: Connection, permanent: Permanent, now: datetime) -> None:
    token = random_token()
    connection.execute(insert(CHANGE_TOKEN).values(revision=1, token=token))
    connection.execute(
        insert(HEAD).values(
            id=1,
            store_id=secrets.token_hex(16),
            revision=1,
            instant=now,
            page_size=permanent.page_size,
            timezone=permanent.timezone,
            language=permanent.language,
            settings_digest="",
            settings="",
            settings_revision=1,
            settings_changed=now,
            settings_token=token,
            list_token=token,
            list_changed=now,
        )
    )
    connection.execute(
        insert(SELECTION).values(
            id=ALL_ID,
            feed_id=feed_id(permanent.authority, None),
            slug=ALL_SLUG,
            name="",
            named=True,
            tail_changed=now,
            revision=1,
            changed=now,
            token=token,
            created=now,
        )
    )
