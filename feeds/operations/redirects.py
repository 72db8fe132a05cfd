"""Add, list and remove redirects from old addresses to URLs of this service."""

import sys
from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class RedirectLine:
    """An old address and its target as fields of a line, counted from 1."""

    number: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was refused, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """How many redirects were added, how many existed already, and which lines were refused."""

    added: int
    unchanged: int
    refused: tuple[RefusedLine, ...]


def read(path: str) -> list[RedirectLine]:
    """Read redirects from a file, or from standard input if ``path`` is ``-``.

    A line has an old address, white space and its target; a line that begins with ``#`` is a
    comment. Raises ``NothingToDoError`` if the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise NothingToDoError(f"The file {path} cannot be read: {error.strerror}.") from None
    text = data.decode("utf-8-sig", errors="surrogateescape")
    return [
        RedirectLine(number, tuple(line.split()))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip() and not line.startswith("#")
    ]


def add(store: Store, settings: Settings, now: datetime, lines: Sequence[RedirectLine]) -> Result:
    """Add redirects in one transaction; a refused line does not affect the others."""
    added = unchanged = 0
    refused = []
    with store.change(now) as change:
        for line in lines:
            try:
                new = _add(change, settings.site.base_url, line.fields)
            except RefusedError as error:
                refused.append(RefusedLine(line.number, str(error)))
            else:
                added += new
                unchanged += not new
    return Result(added, unchanged, tuple(refused))


def remove(store: Store, now: datetime, text: str) -> bool:
    """Remove the redirect of an old address; return whether there was one.

    Raises ``RefusedError`` if ``text`` is not an old address.
    """
    location = _location(text)
    with store.change(now) as change:
        return stored.remove(change, location)


def redirects(store: Store) -> list[tuple[str, Target]]:
    """Return all old addresses with their current targets, in order."""
    with store.read() as snapshot:
        return snapshot.redirects()


def _add(change: Change, base_url: str, fields: tuple[str, ...]) -> bool:
    if len(fields) != 2:  # noqa: PLR2004 - a pair
        raise RefusedError("A line must have an old address, white space and its target.")
    location = _location(fields[0])
    if is_own_address(base_url, location):
        raise RefusedError(
            f"{location} is an address of this service and cannot be redirected"
            f"{'' if location.partition('?')[0] in PROBES else ' without a query'}."
        )
    target = parse_target(base_url, fields[1])
    if target is None:
        raise RefusedError(
            f"{fields[1]!r} cannot be a target: give the URL of the first page, of a feed of all "
            "releases or of one category, of a category page or of a release."
        )
    to = stored.resolve(change, target)
    if to is None:
        raise RefusedError(f"The target {target} does not exist.")
    known = stored.find(change, location)
    if known is None:
        stored.add(change, location, to)
    elif known != to:
        raise RefusedError(
            f"{location} already redirects elsewhere: run `feeds address remove` first."
        )
    return known is None


def _location(text: str) -> str:
    location = parse_old_address(text)
    if location is None or len(location) > OLD_ADDRESS_LENGTH:
        raise RefusedError(
            f"{text!r} is not an old address: give the path and query of a request, beginning "
            f"with a slash, in at most {OLD_ADDRESS_LENGTH} characters."
        )
    return location
