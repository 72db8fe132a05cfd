"""A page of the portal: banner, category, title, ``Publicēts``, body, footer.

The input is the text of the page, or a saved HTML page, which is converted to text first.
docs/sources.md describes the text. Its parts are recognised by their words, because the number of
blank lines varies. A banner is reported and has no other effect.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.ingest.sources.page_text import declared_encoding, is_html, page_text
from feeds.ingest.sources.record import Context, InvalidInputError, Record, Source
from feeds.text.html import Heading, Paragraph
from feeds.text.plain import one_line, remove_forbidden, unix_newlines, web_address

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
    if is_page:
        text = page_text(text)
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise InvalidInputError("the file is empty")
    at = next((n for n, line in enumerate(lines) if _PUBLISHED.fullmatch(line)), None)
    if at is None:
        raise InvalidInputError("it has no line “Publicēts <date time>”")
    banner, label, title = _head(lines[:at])
    published = _instant(lines[at], zone)
    website, contact, body = _body(lines[at + 1 :])
    return Record(
        title=title,
        published=published,
        labels=(label,),
        body=_blocks(body),
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
    label, title = one_line(label), one_line(title)
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


def _body(lines: list[str]) -> tuple[str | None, str | None, list[str]]:
    """Return website, contact and body from the lines below the date."""
    filled = [n for n, line in enumerate(lines) if line]
    if filled and _CONTROL.fullmatch(lines[filled[0]]):
        lines = lines[filled[0] + 1 :]
    lines = _rstripped(lines)
    if lines and _COPYRIGHT.match(lines[-1]):
        lines = _rstripped(lines[:-1])
    contact = None
    after: list[str] = []
    at = next((n for n in reversed(range(len(lines))) if _CONTACT.fullmatch(lines[n])), None)
    if at is not None and _is_contact(lines[at:]):
        contact, after = _contact(lines[at:])
        lines = _rstripped(lines[:at])
    website = None
    if lines and _WEBSITE.fullmatch(lines[-1]):
        website = web_address(lines[-1])
    if website:
        lines = lines[:-1]
    return website, contact, [*lines, "", *after]


def _is_contact(lines: list[str]) -> bool:
    """Whether these last lines are short enough for a contact: a body may have the same words."""
    filled = [line for line in lines if line]
    return len(filled) <= _CONTACT_LINES and all(len(line) <= _CONTACT_WIDTH for line in filled)


def _contact(lines: list[str]) -> tuple[str | None, list[str]]:
    """Return the contact, or the lines after the sentence that there is no contact."""
    match = _CONTACT.fullmatch(lines[0])
    first = match[1] if match else ""
    if _NO_CONTACT.fullmatch(first):
        return None, lines[1:]
    return one_line(" ".join([first, *lines[1:]])) or None, []


def _rstripped(lines: list[str]) -> list[str]:
    """Return lines without the blank ones at their end."""
    return lines[: max((n for n, line in enumerate(lines, 1) if line), default=0)]


def _blocks(lines: list[str]) -> tuple[Heading | Paragraph, ...]:
    blocks: list[Heading | Paragraph] = []
    for group in _groups(lines):
        paragraph: list[str] = []
        for line in group:
            reference = _REFERENCE.fullmatch(line)
            if reference:
                if paragraph:
                    blocks.append(Paragraph("\n".join(paragraph)))
                blocks.append(Heading(reference[1]))
                paragraph = [reference[2]] if reference[2] else []
            else:
                paragraph.append(line)
        if paragraph:
            blocks.append(Paragraph("\n".join(paragraph)))
    return tuple(blocks)


SOURCE = Source((".txt", *_SAVED), _matches, _pages)
