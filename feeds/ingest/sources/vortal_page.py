"""A page of the portal: banner, category, title, ``Publicēts``, body, footer.

The input is the text of the page, or a saved HTML page, which is converted to text first.
docs/sources.md describes the text. Its parts are recognised by their words, because the number of
blank lines varies. A banner is reported and has no other effect.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import accumulate
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.ingest.sources.page_text import SavedPage, declared_encoding, is_html, saved_page
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Record,
    Richness,
    Source,
)
from feeds.text.html import Block, Heading, Html, Paragraph
from feeds.text.plain import one_line, remove_forbidden, title_line, unix_newlines, web_address

SIZE_LIMIT = 1024 * 1024

_SAVED = (".html", ".htm")

_PUBLISHED = re.compile(r"Publicēts\b\s*:?\s*(.*)", re.IGNORECASE)
_BANNER = re.compile(r"Vortāla darbība pārtraukta\b", re.IGNORECASE)
_CONTROL = re.compile(r"Samazināt\W+palielināt\W+tekstu\W*", re.IGNORECASE)
_REFERENCE = re.compile(r"(Uzziņai)\s*(?::\s*(.*)|$)", re.IGNORECASE)
_CONTACT = re.compile(r"Preses relīzes iesniedzēja kontaktinformācija\b\s*:?\s*(.*)", re.IGNORECASE)
_NO_CONTACT = re.compile(r"šobrīd nav pieejama\W*", re.IGNORECASE)
_COPYRIGHT = re.compile(r"(?:Copyright\b|©)", re.IGNORECASE)
_WEBSITE = re.compile(
    r"(?:https?://\S+|(?:[\w-]+\.)+[^\W\d_]{2,}(?::\d+)?(?:/\S*)?)", re.IGNORECASE
)

# The word that every page has, in both encodings and in any case.
_MARK = re.compile("(?:public(?:ē|Ē)ts)".encode() + b"|public[\\xe7\\xc7]ts", re.IGNORECASE)

# A body without any of these, which a release has or loses, is as good as its text.
_MARKED = re.compile(
    r"<(?:a|area|audio|b|blockquote|button|canvas|em|embed|figure|form|h[2-6]|i|iframe|img|input"
    r"|math|noscript|object|ol|picture|pre|script|select|strong|style|sub|sup|svg|table|template"
    r"|textarea|u|ul|video|x-iframe|amp-\w+)[\s>]"
    r"|style=\"[^\"]*url\("
)

# The ends of elements that are before a body.
_ENDS = re.compile(r"(?>\s*+</[a-z][a-z0-9]*+>)*+")

_CONTACT_LINES = 6
_CONTACT_WIDTH = 200

# About a tenth of a compressed or executable file is control characters; text has almost none.
_BINARY_SHARE = 0.05


def _pages(stream: BinaryIO, context: Context) -> Iterator[Record]:
    data = stream.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise InvalidInputError(f"it is larger than {SIZE_LIMIT // 1024} KiB")
    yield read(data, context.zone, is_page=is_html(data) or context.name.lower().endswith(_SAVED))


def _matches(name: str, head: bytes) -> bool:
    return name.endswith(SOURCE.suffixes) or bool(_MARK.search(head))


def read(data: bytes, zone: ZoneInfo, *, is_page: bool = False) -> Record:
    """Read one page; ``is_page`` means that it is HTML. Raises ``InvalidInputError``."""
    text, remarks = _decode(data, declared_encoding(data) if is_page else None)
    page = saved_page(text) if is_page else None
    if page:
        text = page.text
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise InvalidInputError("the file is empty")
    at = next((n for n, line in enumerate(lines) if _PUBLISHED.fullmatch(line)), None)
    if at is None:
        raise InvalidInputError("it has no line “Publicēts <date time>”")
    banner, label, title = _head(lines[:at])
    published = _instant(lines[at], zone)
    website, contact, parts = _body(lines, at + 1)
    body: list[Block] = []
    for part in parts:
        marked = list(_marked_blocks(page, part)) if page else []
        is_marked = any(_MARKED.search(block.text) for block in marked if isinstance(block, Html))
        body += marked if is_marked else _blocks(lines[part.start : part.stop])
    return Record(
        title=title,
        published=published,
        labels=(label,),
        body=tuple(body),
        richness=Richness.PAGE,
        website=website,
        contact=contact,
        banner=banner,
        remarks=tuple(remarks),
    )


def _decode(data: bytes, declared: str | None) -> tuple[str, list[str]]:
    """Return text without forbidden characters, and remarks about what was done for it."""
    for encoding in ("utf-8-sig", declared or "", "cp1257"):
        with suppress(LookupError, ValueError):
            text = unix_newlines(data.decode(encoding))
            break
    else:
        raise InvalidInputError("it is neither UTF-8 nor Windows-1257 text")
    remarks = []
    if encoding == "cp1257":
        remarks.append("it is not UTF-8 and was read as Windows-1257")
    allowed = remove_forbidden(text)
    removed = len(text) - len(allowed)
    if removed > _BINARY_SHARE * len(text):
        raise InvalidInputError("it is a binary file, not the text of a page")
    if removed:
        characters = "character" if removed == 1 else "characters"
        remarks.append(f"{removed} {characters} that XML forbids were removed")
    return allowed, remarks


def _groups(lines: list[str]) -> list[list[str]]:
    """Split lines at the blank ones."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line:
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _head(lines: list[str]) -> tuple[str, str, str]:
    """Return banner, category and title from the lines above the date.

    A banner in the portal's own words is recognised by these. Any other is recognised because it is
    a paragraph before those of the category and the title.
    """
    groups = _groups(lines)
    banner: list[str] = []
    if groups and _BANNER.match(groups[0][0]):
        banner.append(groups[0].pop(0))
        groups = [group for group in groups if group]
    while len(groups) > 2:  # noqa: PLR2004 - category and title
        banner += groups.pop(0)
    if len(groups) == 2:  # noqa: PLR2004
        *above, label = groups[0]
        banner += above
        title = " ".join(groups[1])
    else:
        label, *rest = groups[0] if groups else [""]
        title = " ".join(rest)
    label, title = one_line(label), title_line(title)
    if not label or (not title and banner):
        raise InvalidInputError("it has no category or no title above the line “Publicēts”")
    if not title:
        raise InvalidInputError("it has no title, or no category, above the line “Publicēts”")
    return one_line(" ".join(banner)), label, title


def _instant(line: str, zone: ZoneInfo) -> datetime:
    """Read a local time.

    In an hour that occurs twice it is the first (summer time). In an hour that is skipped it is
    moved forward by one hour.
    """
    match = _PUBLISHED.fullmatch(line)
    stated = match[1].strip() if match else ""
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            local = datetime.strptime(stated, form).replace(tzinfo=zone)
            return local.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise InvalidInputError(f"“{stated}” is not a date and time like 2007-11-27 00:55:22")


def _body(lines: list[str], begin: int) -> tuple[str | None, str | None, list[range]]:
    """Return website, contact and the lines of the body, from the lines below the date."""
    begin = next((n for n in range(begin, len(lines)) if lines[n]), len(lines))
    if begin < len(lines) and _CONTROL.fullmatch(lines[begin]):
        begin += 1
    end = _end(lines, begin, len(lines))
    if end > begin and _COPYRIGHT.match(lines[end - 1]):
        end = _end(lines, begin, end - 1)
    contact = None
    after: list[range] = []
    at = next((n for n in reversed(range(begin, end)) if _CONTACT.fullmatch(lines[n])), None)
    if at is not None and _is_contact(lines[at:end]):
        contact, is_text = _contact(lines[at:end])
        after = [range(at + 1, end)] if is_text and at + 1 < end else []
        end = _end(lines, begin, at)
    website = None
    if end > begin and _WEBSITE.fullmatch(lines[end - 1]):
        website = web_address(lines[end - 1])
    return website, contact, [range(begin, end - 1 if website else end), *after]


def _is_contact(lines: list[str]) -> bool:
    """Whether these last lines are short enough for a contact: a body may have the same words."""
    filled = [line for line in lines if line]
    return len(filled) <= _CONTACT_LINES and all(len(line) <= _CONTACT_WIDTH for line in filled)


def _contact(lines: list[str]) -> tuple[str | None, bool]:
    """Return the contact, and whether the lines below the first one are text of the body."""
    match = _CONTACT.fullmatch(lines[0])
    first = match[1] if match else ""
    if _NO_CONTACT.fullmatch(first):
        return None, True
    return one_line(" ".join([first, *lines[1:]])) or None, False


def _end(lines: list[str], begin: int, end: int) -> int:
    """Return where lines end without the blank ones at their end."""
    return max((n + 1 for n in range(begin, end) if lines[n]), default=begin)


def _blocks(lines: list[str]) -> Iterator[Block]:
    for group in _groups(lines):
        paragraph: list[str] = []
        for line in group:
            reference = _REFERENCE.fullmatch(line)
            if reference:
                if paragraph:
                    yield Paragraph("\n".join(paragraph))
                yield Heading(reference[1])
                paragraph = [reference[2]] if reference[2] else []
            else:
                paragraph.append(line)
        if paragraph:
            yield Paragraph("\n".join(paragraph))


def _marked_blocks(page: SavedPage, part: range) -> Iterator[Block]:
    """Yield the same blocks with the markup of the page: its links, pictures, lists and tables."""
    lines = page.text.splitlines(keepends=True)
    offsets = [0, *accumulate(map(len, lines))]
    # Elements without text, such as pictures, may be between this part and the lines around it.
    begin = next(
        (_ended(lines, offsets, n) for n in _filled(lines, reversed(range(part.start)))), 0
    )
    after = next(_filled(lines, range(part.stop, len(lines))), len(lines))
    end = offsets[after]
    for number in _filled(lines, part):
        line = lines[number]
        reference = _REFERENCE.fullmatch(line.strip())
        if reference:
            yield from _marked(page, begin, offsets[number])
            yield Heading(reference[1])
            rest = reference[2]
            begin = _ended(lines, offsets, number) - len(rest or "")
    yield from _marked(page, begin, end)


def _marked(page: SavedPage, begin: int, end: int) -> Iterator[Block]:
    text = _ENDS.sub("", page.html(begin, end), count=1)
    if text and not text.isspace():
        yield Html(f"<div>{text}</div>", page.base)


def _filled(lines: list[str], numbers: Iterable[int]) -> Iterator[int]:
    return (number for number in numbers if lines[number].strip())


def _ended(lines: list[str], offsets: list[int], number: int) -> int:
    """Return where the text of a line ends."""
    return offsets[number] + len(lines[number].rstrip())


SOURCE = Source((".txt", *_SAVED), _matches, _pages)
