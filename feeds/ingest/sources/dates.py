"""Dates as other programs write them: RFC 3339 and W3CDTF, RFC 5322, and English in other orders.

One function reads them all, because programs confuse the fields in which each form belongs.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from feeds.ingest.sources.record import InvalidInputError
from feeds.text.plain import quoted

_LENGTH = 200
_ISO = re.compile(
    r"(?P<year>\d{4})(?:(?P<dash>-|/|(?=\d{4}(?!\d)))(?P<month>\d\d)"
    r"(?:(?P=dash)(?P<day>\d\d)(?:(?:[Tt]|\s+)(?P<time>\d\d(?::\d\d){1,2}(?:[.,]\d+)?"
    r"|\d{4}(?:\d\d(?:[.,]\d+)?)?))?(?P<zone>.*))?)?",
    re.ASCII | re.DOTALL,
)
# What most programs write. Python itself reads it in a tenth of the time.
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
# Seconds or milliseconds since 1970, from 1973 on.
_TIMESTAMP = re.compile(r"(\d{9,10})(?:\.\d+|(\d{3}))?", re.ASCII)
_BASIC_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)?")
_TOKEN = re.compile(
    r"(?P<time>\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?)|(?P<offset>[+-]\d{1,2}(?::?\d\d)?(?!\d))"
    r"|(?P<number>\d+)(?:st|nd|rd|th)?|(?P<word>[^\W\d_]+(?:\.[^\W\d_]\.)?)|(?P<space>[\s,./]+|-(?!\d))",
    re.ASCII | re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_COMMENT = re.compile(r"\([^()]*\)")

_DAYS = {
    "mon", "tue", "tues", "wed", "weds", "thu", "thur", "thurs", "fri", "sat", "sun", "monday",
    "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
}  # fmt: skip
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTHS = {
    written: number
    for number, name in enumerate(_NAMES, 1)
    for written in (name, name[:3], *(["sept"] if name == "september" else []))
}
# RFC 5322 §4.3, and the abbreviations of the IANA time zone database that mean one zone. IST and
# AST are several, CST and BST are taken for those of America and Britain.
_HOURS = {
    "utc": 0, "gmt": 0, "z": 0, "ut": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2,
    "mez": 1, "mesz": 2, "met": 1, "mest": 2, "eet": 2, "eest": 3, "msk": 3, "msd": 4, "trt": 3,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "akst": -9, "akdt": -8, "hst": -10, "hdt": -9, "adt": -3, "nst": -3.5, "ndt": -2.5,
    "brt": -3, "art": -3, "sast": 2, "cat": 2, "eat": 3, "wat": 1, "pkt": 5, "ict": 7, "wib": 7,
    "hkt": 8, "sgt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5,
    "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip
_FILLERS = {"at", "of", "on", "t", "the"}
_MORNING, _AFTERNOON = {"am", "a.m."}, {"pm", "p.m."}
_NOON = 12


@dataclass(frozen=True, slots=True)
class Date:
    """An instant in UTC, in whole seconds, and a remark if something in it was assumed."""

    instant: datetime
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Parts:
    """What a date states. ``offset`` is None if it states no zone."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    time: str = ""
    afternoon: bool | None = None
    offset: timedelta | None = None
    numbers: list[str] = field(default_factory=list)


def date(stated: str, zone: ZoneInfo, name: str) -> Date:
    """Parse a date of the field ``name``; without a zone it is in ``zone``.

    A local time that occurs twice is the first of the two. A date without a time is midnight, a
    month or a year its first day. Raises ``InvalidInputError``.
    """
    if _PLAIN.fullmatch(stated):
        with suppress(ValueError, OverflowError):  # it may be a leap second, or the end of a day
            return Date(datetime.fromisoformat(stated).astimezone(UTC))
    text = _COMMENT.sub(" ", stated[: _LENGTH + 1]).strip()
    try:
        if found := _TIMESTAMP.fullmatch(text):
            return Date(datetime.fromtimestamp(int(found[1]), UTC))
        if text and len(stated.strip()) <= _LENGTH:
            parts = _iso(text) or _english(text)
            return Date(_instant(parts, zone), tuple(_assumed(parts, stated, name)))
    except (ValueError, OverflowError):
        pass
    raise InvalidInputError(
        f"its {name}, {quoted(stated)}, is not an instant like 2007-11-27T00:55:22+02:00"
        f" or Tue, 27 Nov 2007 00:55:22 +0200{_unknown(text)}"
    )


def remarks_of(*dates: Date | None) -> Iterator[str]:
    """Yield the distinct remarks of dates, of which the same one may be several."""
    yield from dict.fromkeys(remark for each in dates if each for remark in each.remarks)


def _iso(text: str) -> _Parts | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.group(1, 3, 4))
    parts = _Parts(year, month, day, time=found["time"] or "")
    if basic := _BASIC_TIME.match(parts.time):
        parts.time = ":".join(filter(None, basic.groups()))
    for kind, word in _tokens(found["zone"] or ""):
        if kind == "offset":
            parts.offset = _offset(word)
        else:
            _take_word(parts, word.lower())
    return parts


def _english(text: str) -> _Parts:
    """Read days, months, years, times and zones, in whichever order they are."""
    parts = _Parts()
    for kind, word in _tokens(text):
        if kind == "time":
            if parts.time:
                raise ValueError
            parts.time = word
        elif kind == "number":
            parts.numbers.append(word)
        elif kind == "offset" and (parts.time or parts.offset is not None):
            parts.offset = _offset(word)
        elif kind == "offset":
            # A hyphen between the parts of a date: 27-Nov-2007.
            parts.numbers.append(word.lstrip("-"))
        else:
            _take_word(parts, word.lower())
    if parts.month is None:
        raise ValueError
    _number(parts)
    return parts


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise ValueError
        position = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found[found.lastgroup]


def _take_word(parts: _Parts, word: str) -> None:
    if word in _MONTHS and parts.month is None:
        parts.month = _MONTHS[word]
    elif word in _HOURS:
        if parts.offset is None:
            parts.offset = timedelta(hours=_HOURS[word])
    elif word in _MORNING | _AFTERNOON and parts.time:
        parts.afternoon = word in _AFTERNOON
    elif word not in _DAYS | _FILLERS:
        raise ValueError


def _number(parts: _Parts) -> None:
    """Tell the day from the year: the year has four digits, or two and comes last."""
    numbers = parts.numbers
    if len(numbers) == 2 and len(numbers[0]) == 4:  # noqa: PLR2004 - 2007 Nov 27
        numbers = numbers[::-1]
    *days, year = numbers
    if len(days) > 1 or len(year) not in {2, 4} or (len(year) == 2 and not days):  # noqa: PLR2004
        raise ValueError
    parts.year = int(year)
    if len(year) == 2:  # noqa: PLR2004
        parts.year += 2000 if parts.year < 50 else 1900  # noqa: PLR2004 - RFC 5322 §4.3
    if parts.year < 1000 or (days and len(days[0]) > 2):  # noqa: PLR2004
        # WordPress writes the years 1 and -1 for a missing date.
        raise ValueError
    parts.day = int(days[0]) if days else None


def _offset(word: str) -> timedelta:
    digits = word[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")  # noqa: PLR2004
    found = timedelta(hours=int(hours), minutes=int(minutes))
    return -found if word.startswith("-") else found


def _instant(parts: _Parts, zone: ZoneInfo) -> datetime:
    of: tzinfo = zone if parts.offset is None else timezone(parts.offset)
    stated = [int(part) for part in re.split("[:.,]", parts.time)[:3]] if parts.time else [0, 0]
    hour, minute, second = (*stated, 0)[:3]
    if parts.afternoon is not None:
        if not 1 <= hour <= _NOON:
            raise ValueError
        hour = hour % _NOON + (_NOON if parts.afternoon else 0)
    # RFC 3339 has leap seconds, ISO 8601 has 24:00 as the end of a day.
    late = hour == 24 and not minute and not second  # noqa: PLR2004
    leap = second == 60  # noqa: PLR2004
    found = datetime(
        parts.year or 0,
        1 if parts.month is None else parts.month,
        1 if parts.day is None else parts.day,
        0 if late else hour,
        minute,
        59 if leap else second,
        tzinfo=of,
    )
    found += timedelta(days=late, seconds=leap)
    return found.astimezone(UTC)


def _assumed(parts: _Parts, stated: str, name: str) -> Iterator[str]:
    of = f"its {name}, {quoted(stated)}, has no"
    if parts.month is None:
        yield f"{of} month: 1 January was taken"
    elif parts.day is None:
        yield f"{of} day: the first of the month was taken"
    elif not parts.time:
        yield f"{of} time: midnight was taken"


def _unknown(text: str) -> str:
    """Return the words that are not English names of days or months, nor known zones."""
    known = set(_MONTHS) | set(_HOURS) | _DAYS | _FILLERS | {"am", "pm"}
    words = [word for word in _WORD.findall(text) if word.lower() not in known][:5]
    if not words:
        return ""
    named = ", ".join(f"“{word}”" for word in words)
    return f": {named} {'is' if len(words) == 1 else 'are'} not known"
