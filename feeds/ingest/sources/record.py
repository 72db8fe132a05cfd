"""What a source returns: records, and the reasons why parts of an input are not records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.text.html import Block


@dataclass(frozen=True, slots=True)
class Record:
    """One release as the input states it, without derived HTML, id or address.

    ``published`` and ``modified`` are aware datetimes in UTC, in whole seconds. ``original_id`` is
    the permanent id or address of the release elsewhere, ``original`` an address to link to.
    ``entry_id`` is the URI under which another feed published the release, which it keeps.
    ``may_recur`` means that other inputs may contain another version of it.

    ``where`` is its position in the input. That, ``banner`` (the announcement on the page) and
    ``remarks`` are for the operator and not part of the release.
    """

    title: str
    published: datetime
    labels: tuple[str, ...]
    body: tuple[Block, ...]
    website: str | None = None
    contact: str | None = None
    author: str | None = None
    language: str | None = None
    modified: datetime | None = None
    original_id: str | None = None
    original: str | None = None
    entry_id: str | None = None
    may_recur: bool = False
    where: str = ""
    banner: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """The number of characters in the body."""
        return sum(len(block.text) for block in self.body)


@dataclass(frozen=True, slots=True)
class RefusedItem:
    """A part of an input that should contain a release but does not: the reason and position."""

    reason: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class SkippedItem:
    """A part of an input that need not contain a release: the reason and position."""

    reason: str
    where: str = ""


Item = Record | RefusedItem | SkippedItem


class InvalidInputError(Exception):
    """The input, a part or the rest of it cannot be read. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a source needs besides the stream: name, first bytes, and the zone of local times."""

    name: str
    head: bytes
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of input.

    ``suffixes`` are those of its files in folders and archives. ``matches`` gets the name in lower
    case and the first bytes. ``read`` yields the items of a stream in bounded memory, and raises
    ``InvalidInputError`` if it cannot read on.
    """

    suffixes: tuple[str, ...]
    matches: Callable[[str, bytes], bool]
    read: Callable[[BinaryIO, Context], Iterator[Item]]
