"""Values of fields that several sources have: titles, instants, ids, languages and bodies."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from feeds.ingest.sources.record import InvalidInputError
from feeds.text.html import Block, Html, Text
from feeds.text.plain import one_line, remove_forbidden, unix_newlines

ID_LENGTH = 2000

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\s?(?:[Zz]|[+-]\d\d:?\d\d)?"
)
# RFC 3986 §4.3, or an IRI. The excluded schemes would run something and identify nothing.
_URI = re.compile(
    r"(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE
)
# RFC 5322 §3.3, with the obsolete forms of §4.3 that occur in feeds, and a colon in the zone.
_MAIL_INSTANT = re.compile(
    r"(?:[a-z]+\.?(?:,\s*|\s+))?\d{1,2}(?:\s+|-)[a-z]{3,9}(?:\s+|-)(?:[1-9]\d{3}|\d\d)\s+"
    r"\d{1,2}:\d\d(?::\d\d)?\s*(?P<zone>[a-z]+|[+-]\d\d:?\d\d)?(?:\s*\([^)]*\))*",
    re.IGNORECASE | re.ASCII,
)
_LANGUAGE = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)
_QUOTED = 60


def quoted(text: str) -> str:
    """Return the beginning of a value in quotation marks, for a message."""
    line = one_line(text)
    return f"“{line if len(line) <= _QUOTED else line[:_QUOTED] + '…'}”"


def title(stated: str) -> str:
    """Return a title on one line. Raises ``InvalidInputError`` if it is empty."""
    line = one_line(stated)
    if not line:
        raise InvalidInputError("it has no title")
    return line


def instant(stated: str, zone: ZoneInfo, field: str) -> datetime:
    """Parse an RFC 3339 instant, or a local time in ``zone``; return it in UTC, in whole seconds.

    A local time that occurs twice is the first of the two. Raises ``InvalidInputError``.
    """
    text = stated.strip()
    try:
        if _INSTANT.fullmatch(text):
            found = datetime.fromisoformat(f"{text[:10]}T{''.join(text[11:].upper().split())}")
            return _utc(found, zone)
    except (ValueError, OverflowError):
        pass
    raise InvalidInputError(
        f"its {field}, {quoted(stated)}, is not an instant like 2007-11-27T00:55:22+02:00"
    )


def mail_instant(stated: str, zone: ZoneInfo, field: str) -> datetime:
    """Parse an instant of RFC 5322 §3.3, as in RSS. Raises ``InvalidInputError``.

    ``-0000`` is UTC. An instant without a zone is in ``zone``.
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
    raise InvalidInputError(
        f"its {field}, {quoted(stated)}, is not an instant like Tue, 27 Nov 2007 00:55:22 +0200"
    )


def _utc(found: datetime, zone: tzinfo) -> datetime:
    aware = found if found.tzinfo else found.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(microsecond=0)


def identifier(stated: str) -> str | None:
    """Return an original id on one line, or None. Raises ``InvalidInputError`` if it is long."""
    line = one_line(stated)
    if len(line.encode()) > ID_LENGTH:
        raise InvalidInputError(f"its id is longer than {ID_LENGTH} bytes")
    return line or None


def permanent(id_: str | None) -> str | None:
    """Return an original id if it is a URI, which can become the entry id."""
    return id_ if id_ and _URI.fullmatch(id_) else None


def language(stated: str | None) -> str | None:
    """Return a language tag (RFC 5646), or None if it is not one."""
    line = one_line(stated or "")
    return line if _LANGUAGE.fullmatch(line) else None


def labels(stated: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct labels of a release, each on one line."""
    return tuple(dict.fromkeys(line for text in stated if (line := one_line(text))))


def text_body(text: str) -> tuple[Block, ...]:
    """Return plain text as a body. Blank lines separate its paragraphs."""
    plain = unix_newlines(text).strip()
    return (Text(plain),) if plain else ()


def html_body(text: str, base: str | None) -> tuple[Block, ...]:
    """Return HTML as a body. Its relative addresses are relative to ``base``."""
    return (Html(remove_forbidden(text), base),) if text.strip() else ()
