"""The attachments of a WordPress export, in a temporary file because there may be a million.

An attachment may come after the post that shows it, so they are collected before posts are read.
"""

import mimetypes
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from urllib.parse import unquote, urlsplit

from feeds.text.plain import one_line

# The system's own tables differ between hosts.
_TYPES = mimetypes.MimeTypes()
for _suffix, _type in {
    ".avif": "image/avif", ".webp": "image/webp", ".flac": "audio/flac", ".m4a": "audio/mp4",
    ".oga": "audio/ogg", ".ogg": "audio/ogg", ".m4v": "video/mp4", ".ogv": "video/ogg",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}.items():  # fmt: skip
    _TYPES.add_type(_type, _suffix)
_MEDIA_TYPE = re.compile(r"[a-z0-9][\w.+-]{0,80}/[a-z0-9][\w.+-]{0,80}", re.ASCII)
# The names that WordPress gives to a picture in other sizes.
_VARIANT = re.compile(r"(?:-\d{1,5}x\d{1,5}|-scaled|-rotated)(?=\.\w{2,5}$)")


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


def media_type(stated: str, address: str) -> str | None:
    """Return a media type as it is stated, or as the name of the file suggests."""
    name = stated.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(name):
        return name
    return _TYPES.guess_type(file_name(address), strict=False)[0]


_row = attrgetter(*(field.name for field in fields(MediaItem)))
_COLUMNS = ", ".join(field.name for field in fields(MediaItem))
_ORDERS = {"menu_order": "position", "id": "CAST(id AS INTEGER)", "title": "title"}


class Media:
    """Attachments by their ids, the posts to which they were uploaded, and their addresses."""

    def __init__(self, found: Iterable[MediaItem]) -> None:
        # A database without a name is a temporary file, of which SQLite keeps 2 MB in memory.
        self._database = sqlite3.connect("")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"CREATE TABLE item ({_COLUMNS}, PRIMARY KEY (id))")
        marks = ", ".join("?" for _ in fields(MediaItem))
        self._database.executemany(
            f"INSERT OR REPLACE INTO item VALUES ({marks})",  # noqa: S608 - no input in it
            map(_row, found),
        )
        self._database.execute("CREATE INDEX by_parent ON item (parent)")
        self._database.execute("CREATE INDEX by_address ON item (address)")

    def close(self) -> None:
        """Delete the temporary file."""
        self._database.close()

    def by_id(self, id_: str) -> MediaItem | None:
        """Return the attachment with an id."""
        return next(self._select("id = ?", id_), None)

    def by_address(self, address: str) -> MediaItem | None:
        """Return the attachment at an address."""
        return next(self._select("address = ?", address), None)

    def of(
        self, post: str, order: str = "menu_order", *, descending: bool = False
    ) -> Iterator[MediaItem]:
        """Yield the attachments that were uploaded to a post, in the order of its gallery."""
        column = _ORDERS.get(order, "position") + (" DESC" if descending else "")
        return self._select(f"parent = ? ORDER BY {column}, CAST(id AS INTEGER)", post)

    def _select(self, condition: str, value: str) -> Iterator[MediaItem]:
        statement = f"SELECT {_COLUMNS} FROM item WHERE {condition}"  # noqa: S608 - no input in it
        return (MediaItem(*row) for row in self._database.execute(statement, (value,)))
