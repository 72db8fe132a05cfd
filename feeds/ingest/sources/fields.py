"""What the sources have in common: instants, ids and addresses as other programs write them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from feeds.ingest.sources.record import UnreadableError
from feeds.text.html import Block, Html, Text
from feeds.text.plain import legal, one_line

ID_LENGTH = 2000

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?:[Zz]|[+-]\d\d:?\d\d)?"
)
# RFC 3986 §4.3, or an IRI. None of these is ever an identifier, only a way to run something.
_URI = re.compile(
    r"(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE
)
# RFC 5322 §3.3, with the obsolete forms of §4.3 that feeds have, and a colon in the zone.
_MAIL_INSTANT = re.compile(
    r"(?:[a-z]+\.?(?:,\s*|\s+))?\d{1,2}(?:\s+|-)[a-z]{3,9}(?:\s+|-)(?:[1-9]\d{3}|\d\d)\s+"
    r"\d{1,2}:\d\d(?::\d\d)?\s*(?P<zone>[a-z]+|[+-]\d\d:?\d\d)?(?:\s*\([^)]*\))*",
    re.IGNORECASE | re.ASCII,
)
_LANGUAGE = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)
_QUOTED = 60


def quoted(text: str) -> str:
    """Return the beginning of a stated value, fit for a sentence."""
    line = one_line(text)
    return f"“{line if len(line) <= _QUOTED else line[:_QUOTED] + '…'}”"


def instant(stated: str, zone: ZoneInfo, field: str) -> datetime:
    """Read an RFC 3339 instant, or a local time in the portal's zone, to the second in UTC.

    Of the hour that clocks repeat the first is meant. Raises ``UnreadableError``.
    """
    text = stated.strip()
    try:
        if _INSTANT.fullmatch(text):
            found = datetime.fromisoformat(f"{text[:10]}T{''.join(text[11:].upper().split())}")
            return _utc(found, zone)
    except (ValueError, OverflowError):
        pass
    raise UnreadableError(
        f"its {field}, {quoted(stated)}, is not an instant like 2007-11-27T00:55:22+02:00"
    )


def mail_instant(stated: str, zone: ZoneInfo, field: str) -> datetime:
    """Read an instant as RFC 5322 §3.3 and RSS write it. Raises ``UnreadableError``.

    ``-0000`` is UTC, as that of a host that does not know its zone; a zone that is not named is
    the portal's.
    """
    text = stated.strip()
    try:
        if match := _MAIL_INSTANT.fullmatch(text):
            named = match["zone"] or ""
            found = parsedate_to_datetime(text.replace(named, named.replace(":", "")))
            if found.tzinfo or not named:
                return _utc(found, zone)
            if not named.isalpha():
                return _utc(found, UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    raise UnreadableError(
        f"its {field}, {quoted(stated)}, is not an instant like Tue, 27 Nov 2007 00:55:22 +0200"
    )


def _utc(found: datetime, zone: tzinfo) -> datetime:
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(microsecond=0)


def identifier(stated: str) -> str | None:
    """Return an original id on one line, None for an empty one. Raises ``UnreadableError``."""
    line = one_line(stated)
    if len(line.encode()) > ID_LENGTH:
        raise UnreadableError(f"its id is longer than {ID_LENGTH} bytes")
    return line or None


def permanent(id_: str | None) -> str | None:
    """Return an original id if it is a URI, which it can go on being."""
    return id_ if id_ and _URI.fullmatch(id_) else None


def language(stated: str | None) -> str | None:
    """Return a language tag (RFC 5646) if it is one."""
    line = one_line(stated or "")
    return line if _LANGUAGE.fullmatch(line) else None


def labels(stated: Iterable[str]) -> tuple[str, ...]:
    """Return the labels of a release, each on one line and once."""
    return tuple(dict.fromkeys(line for text in stated if (line := one_line(text))))


def text_body(text: str) -> tuple[Block, ...]:
    """Return plain text as a body, its paragraphs parted by blank lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    plain = lines.strip()
    return (Text(plain),) if plain else ()


def html_body(text: str, base: str | None) -> tuple[Block, ...]:
    """Return HTML as a body; its relative addresses are relative to ``base``."""
    return (Html(legal(text)[0], base),) if text.strip() else ()
