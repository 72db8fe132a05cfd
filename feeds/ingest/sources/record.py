"""What a source returns: records, and the reasons why parts of an input are not records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.domain import Attachment
from feeds.text.html import Block


class Richness(IntEnum):
    """How much of a release an input of this kind has; the richest one determines its content."""

    PAGE = 0
    SUMMARY = 1
    CONTENT = 2
    EXPORT = 3


@dataclass(frozen=True, slots=True)
class Record:
    """One release as the input states it, without derived HTML, id or address.

    ``published`` and ``modified`` are aware datetimes in UTC, in whole seconds. ``fallback`` is
    shown if ``body`` turns out to be empty.

    ``permanent_id`` is the id that the input states, without white space around it. One that is not
    a URI identifies only within ``host``, that of the site which the input comes from.
    ``original`` is the address of the release elsewhere. ``address_is_id`` means that the address
    is kept as the id if there is none, and ``address_is_shared`` that other releases of the input
    without an id have the same address.

    ``may_recur`` means that other inputs may contain another version of the release.

    ``where`` is its position in the input. That, ``banner`` (the announcement on the page),
    ``dropped`` (what was dropped or mended while it was read: kinds and numbers), ``passed_over``
    (the taxonomies whose terms became no categories) and ``remarks`` are for the operator and not
    part of the release.
    """

    title: str
    published: datetime
    labels: tuple[str, ...]
    body: tuple[Block, ...]
    fallback: tuple[Block, ...] = ()
    richness: Richness = Richness.EXPORT
    website: str | None = None
    contact: str | None = None
    authors: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str | None = None
    modified: datetime | None = None
    permanent_id: str | None = None
    host: str = ""
    original: str | None = None
    address_is_id: bool = False
    address_is_shared: bool = False
    may_recur: bool = False
    where: str = ""
    banner: str = ""
    dropped: tuple[tuple[str, int], ...] = ()
    passed_over: tuple[str, ...] = ()
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
    """A part of an input that need not contain a release: the reason and position.

    ``post_type`` is that of a WordPress post which could be imported, ``passed_over`` are the
    taxonomies of its terms.
    """

    reason: str
    where: str = ""
    post_type: str | None = None
    passed_over: tuple[str, ...] = ()


Item = Record | RefusedItem | SkippedItem


class InvalidInputError(Exception):
    """The input, a part or the rest of it cannot be read. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a source needs besides the stream: name, first bytes, and the zone of local times.

    ``post_types`` of a WordPress export are releases; the terms of ``taxonomies`` their categories.
    """

    name: str
    head: bytes
    zone: ZoneInfo
    post_types: tuple[str, ...] = ("post",)
    taxonomies: tuple[str, ...] = ("category",)


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
