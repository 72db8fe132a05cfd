"""Which releases came in this run of an import, and with what content (decision 7).

Kept apart from the store, for a dry run writes nothing there, and in a file of the system's own
that goes with the process, for a million of them would fill the memory. Of a release that came
unchanged the store has the digest: a byte tells that it came.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from feeds.errors import StoreError

_CACHE_KIB = 16 * 1024


class RunIndex:
    """The digest under which each source key came first."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")
        self._some = False
        self._unchanged = bytearray()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"There is no room for what an import keeps in mind: {error}. "
                "Set SQLITE_TMPDIR to a folder that has some."
            ) from error

    def digests(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the digests of those that came before."""
        if not self._some:
            return {}
        by_hash = {_hash(key): key for key in keys}
        marks = ",".join("?" * len(by_hash))
        with self._room():
            rows = self._database.execute(
                f"SELECT key, digest FROM seen WHERE key IN ({marks})",  # noqa: S608 - marks alone
                list(by_hash),
            ).fetchall()
        return {by_hash[key]: digest.hex() for key, digest in rows}

    def note(self, digests: dict[str, str]) -> None:
        """Note that these came now."""
        self._some = self._some or bool(digests)
        with self._room():
            self._database.executemany(
                "INSERT INTO seen VALUES (?, ?)",
                [(_hash(key), bytes.fromhex(digest)) for key, digest in digests.items()],
            )

    def unchanged(self, release: int) -> bool:
        """Return whether a release of the store, by its id, came with what the store has of it."""
        return release < len(self._unchanged) and bool(self._unchanged[release])

    def note_unchanged(self, release: int) -> None:
        """Note that this one came now."""
        self._unchanged.extend(bytes(max(0, release + 1 - len(self._unchanged))))
        self._unchanged[release] = True

    def close(self) -> None:
        """Forget everything."""
        self._database.close()


def _hash(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()
