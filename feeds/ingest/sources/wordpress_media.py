"""The attachments and guest authors of a WordPress export, of which there may be a million.

They may come after the posts that show them, so they are collected before in a temporary file.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from urllib.parse import unquote, urljoin, urlsplit

from feeds.errors import NothingToDoError
from feeds.text.plain import one_line

# The names that WordPress gives to a picture in other sizes.
_VARIANT = re.compile(r"(?:-\d{1,5}x\d{1,5}|-scaled|-rotated)(?=\.\w{2,5}$)")

_PICTURE = re.compile(
    r"""\s(?:data-[\w-]*)?src(?:set)?\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)

MOST = 1000
"""The number of attachments of one post that are read for its list, or for one of its galleries."""


@dataclass(frozen=True, slots=True)
class MediaItem:
    """An attachment as the export states it; ``caption`` is HTML.

    ``parent`` is the id of the post to which it was uploaded, ``position`` its place among others.
    """

    id: str
    address: str
    parent: str = ""
    position: int = 0
    media_type: str | None = None
    title: str = ""
    caption: str = ""
    alt: str = ""

    @property
    def kind(self) -> str:
        """The first part of the media type: ``image``, ``audio``, ``video``, …."""
        return (self.media_type or "").partition("/")[0]

    @property
    def number(self) -> int:
        """The id as a number, by which WordPress sorts."""
        return int(self.id) if re.fullmatch(r"[0-9]{1,18}", self.id) else 0

    @property
    def name(self) -> str:
        """The title, or the name of the file."""
        return self.title or file_name(self.address)


def full_size(address: str) -> str:
    """Return what the addresses of a picture in all sizes have in common."""
    path = address.partition("://")[2].partition("?")[0].partition("#")[0]
    return _VARIANT.sub("", unquote(path), 1)


def file_name(address: str) -> str:
    """Return the name of a file at an address, or the address if it has none."""
    try:
        name = unquote(urlsplit(address).path.rpartition("/")[2])
    except ValueError:
        name = ""
    return one_line(name) or address


@dataclass(frozen=True, slots=True)
class GuestAuthor:
    """An author who has no account, but a post of the plug-in Co-Authors Plus."""

    login: str
    name: str


_NAMES = [field.name for field in fields(MediaItem)]
_values = attrgetter(*_NAMES, "kind", "number")
_SELECT = f"SELECT {', '.join(_NAMES)} FROM item WHERE"  # noqa: S608 - no input in it


class Media:
    """Attachments by their ids, the posts to which they were uploaded, and their addresses.

    Raises ``NothingToDoError`` if the temporary file cannot be written.
    """

    def __init__(self, found: Iterable[MediaItem | GuestAuthor]) -> None:
        # A database without a name is a temporary file, of which SQLite keeps 2 MB in memory.
        self._database = sqlite3.connect("")
        try:
            self._fill(found)
        except sqlite3.OperationalError as error:
            self._database.close()
            raise NothingToDoError(
                f"The attachments of an export cannot be kept in a temporary file: {error}."
                " Free space, or name a folder of another disk in SQLITE_TMPDIR, and run it again."
            ) from None

    def _fill(self, found: Iterable[MediaItem | GuestAuthor]) -> None:
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE author (login PRIMARY KEY, name)")
        self._database.execute(
            f"CREATE TABLE item ({', '.join(_NAMES)}, kind, number, PRIMARY KEY (id))"
        )
        marks = ", ".join("?" * (len(_NAMES) + 2))
        self._database.executemany(
            f"INSERT OR REPLACE INTO item VALUES ({marks})",  # noqa: S608 - no input in it
            map(_values, self._attachments(found)),
        )
        # What is read of one post is in the order of an index: no hostile export causes a sort.
        self._database.execute("CREATE INDEX of_post ON item (parent, position, number)")
        self._database.execute("CREATE INDEX of_kind ON item (parent, kind, position, number)")
        self._database.execute("CREATE INDEX by_address ON item (address)")

    def _attachments(self, found: Iterable[MediaItem | GuestAuthor]) -> Iterator[MediaItem]:
        """Yield the attachments, and keep the authors between them."""
        for one in found:
            if isinstance(one, MediaItem):
                yield one
            else:
                added = "INSERT OR REPLACE INTO author VALUES (?, ?)"
                self._database.execute(added, (one.login, one.name))

    def author(self, login: str) -> str | None:
        """Return the name of a guest author."""
        found = self._database.execute("SELECT name FROM author WHERE login = ?", (login,))
        return next((name for (name,) in found), None)

    def close(self) -> None:
        """Delete the temporary file."""
        self._database.close()

    def by_id(self, id_: str) -> MediaItem | None:
        """Return the attachment with an id."""
        return next(self._select("id = ?", id_), None)

    def by_address(self, address: str) -> MediaItem | None:
        """Return the attachment at an address."""
        return next(self._select("address = ? LIMIT 1", address), None)

    def of(self, post: str, number: int = MOST) -> Iterator[MediaItem]:
        """Yield the first attachments that were uploaded to a post, in the order of its gallery."""
        return self._select("parent = ? ORDER BY position, number LIMIT ?", post, number)

    def of_kind(self, post: str, kind: str, number: int = MOST) -> Iterator[MediaItem]:
        """Yield the first of them that are of a kind."""
        condition = "parent = ? AND kind = ? ORDER BY position, number LIMIT ?"
        return self._select(condition, post, kind, number)

    def _select(self, condition: str, *values: object) -> Iterator[MediaItem]:
        rows = self._database.execute(f"{_SELECT} {condition}", values)
        return (MediaItem(*row) for row in rows)


class Pictures:
    """The pictures in the content of a post, which are looked for if need be."""

    def __init__(self, content: str, base: str | None) -> None:
        self._content = content
        self._base = base

    def __contains__(self, address: str) -> bool:
        """Whether the content has a picture in any size."""
        return full_size(address) in self._pictures

    @cached_property
    def _pictures(self) -> set[str]:
        found: set[str] = set()
        for match in _PICTURE.finditer(self._content):
            for address in (match[1] or match[2] or match[3] or "").replace(",", " ").split():
                with suppress(ValueError):
                    url = urljoin(self._base or "", address.replace("&amp;", "&"))
                    found.add(full_size(url))
        return found
