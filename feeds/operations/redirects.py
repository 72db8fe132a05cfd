"""Old addresses: add, list and remove those that answer 301 with an address of this service."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feeds.errors import NothingToDoError, RefusedError
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.write import redirects as stored
from feeds.store.write.change import Change
from feeds.urls import (
    OLD_ADDRESS_LENGTH,
    PROBES,
    Target,
    is_own_address,
    parse_old_address,
    parse_target,
)

STANDARD = "-"
"""Stands for standard input."""


@dataclass(frozen=True, slots=True)
class Line:
    """An address and its target as they stand on a line of a file (the first is 1)."""

    number: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line was refused."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """How many addresses were added and were known with the same target, and what was refused."""

    added: int
    unchanged: int
    refused: tuple[Refusal, ...]


def read(path: str) -> list[Line]:
    """Read a file of addresses: one a line, white space, its target; ``#`` begins a remark.

    ``-`` is standard input.

    Raises ``NothingToDoError`` where it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if path == STANDARD else Path(path).read_bytes()
    except OSError as error:
        raise NothingToDoError(
            f"The file {path} cannot be read: {error.strerror}. Name another."
        ) from None
    text = data.decode("utf-8-sig", errors="surrogateescape")
    lines = enumerate(text.split("\n"), 1)
    return [
        Line(number, tuple(line.split()))
        for number, line in lines
        if line.strip() and not line.startswith("#")
    ]


def add(store: Store, settings: Settings, now: datetime, lines: Sequence[Line]) -> Added:
    """Add addresses in one transaction; what is refused does not hold up the others."""
    added = unchanged = 0
    refused = []
    with store.change(now) as change:
        for line in lines:
            try:
                new = _add(change, settings.site.base_url, line.fields)
            except RefusedError as error:
                refused.append(Refusal(line.number, str(error)))
            else:
                added += new
                unchanged += not new
    return Added(added, unchanged, tuple(refused))


def remove(store: Store, now: datetime, text: str) -> bool:
    """Let an old address lead nowhere; return whether it led anywhere. Raises ``RefusedError``."""
    location = _location(text)
    with store.change(now) as change:
        return stored.remove(change, location)


def addresses(store: Store) -> Iterator[tuple[str, Target]]:
    """Return every old address and what it leads to now, in their order."""
    with store.read() as snapshot:
        return iter(snapshot.redirects())


def _add(change: Change, base_url: str, fields: tuple[str, ...]) -> bool:
    if len(fields) != 2:  # noqa: PLR2004 - a pair
        raise RefusedError("A line has an address, white space and its target.")
    location = _location(fields[0])
    if is_own_address(base_url, location):
        raise RefusedError(
            f"{location} is an address of this service itself, which cannot be an old one"
            f"{'' if location.partition('?')[0] in PROBES else ' unless with a query'}."
        )
    target = parse_target(base_url, fields[1])
    if target is None:
        raise RefusedError(
            f"{fields[1]!r} cannot be led to: name the index, a feed of all releases or of one "
            "category, a category or a release of this service."
        )
    to = stored.resolve(change, target)
    if to is None:
        raise RefusedError(f"There is nothing at {target}: name what there is.")
    known = stored.get(change, location)
    if known is None:
        stored.put(change, location, to)
    elif known != to:
        raise RefusedError(f"{location} leads elsewhere already: `feeds address remove` it first.")
    return known is None


def _location(text: str) -> str:
    location = parse_old_address(text)
    if location is None or len(location) > OLD_ADDRESS_LENGTH:
        raise RefusedError(
            f"{text!r} is no old address: write path and query as a request has them, from the "
            f"first slash on, in at most {OLD_ADDRESS_LENGTH} characters."
        )
    return location
