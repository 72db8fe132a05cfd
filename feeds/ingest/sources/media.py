"""Attachments: enclosures, Media RSS (https://www.rssboard.org/media-rss) and pictures of items."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from feeds.domain import Attachment
from feeds.ingest.sources.fields import absolute
from feeds.ingest.sources.unread import Shown, of_element
from feeds.ingest.sources.xml_stream import Element, base_of, text_of
from feeds.text.html import strip_tags
from feeds.text.plain import one_line

MEDIA = "{http://search.yahoo.com/mrss/}"
_IMAGES = (
    "{http://www.itunes.com/dtds/podcast-1.0.dtd}image",
    "{http://www.google.com/schemas/play-podcasts/1.0}image",
)
OF_MEDIA = frozenset({
    *_IMAGES, *(f"{MEDIA}{name}" for name in ("content", "group", "player", "thumbnail"))
})  # fmt: skip
"""The elements of an item from which attachments are read."""

_URL_LENGTH = 2000
_TITLE_LENGTH = 2000
_LENGTH_LIMIT = 2**53
_MEDIA_TYPE = re.compile(r"[a-z0-9][\w.+-]{0,80}/[a-z0-9][\w.+-]{0,80}", re.ASCII)
# The table of the standard library depends on the version and the host.
_TYPES = {
    "avif": "image/avif", "gif": "image/gif", "jpeg": "image/jpeg", "jpg": "image/jpeg",
    "png": "image/png", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff",
    "webp": "image/webp", "aac": "audio/aac", "flac": "audio/flac", "m4a": "audio/mp4",
    "mp3": "audio/mpeg", "oga": "audio/ogg", "ogg": "audio/ogg", "opus": "audio/ogg",
    "wav": "audio/wav", "avi": "video/x-msvideo", "m4v": "video/mp4", "mov": "video/quicktime",
    "mp4": "video/mp4", "mpg": "video/mpeg", "ogv": "video/ogg", "webm": "video/webm",
    "csv": "text/csv", "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip", "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text", "pdf": "application/pdf",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rtf": "application/rtf", "txt": "text/plain", "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stated:
    """A file as an item states it."""

    url: str | None
    base: str | None = None
    media_type: str | None = None
    length: object = None
    title: str = ""
    featured: bool = False


class Attachments(NamedTuple):
    """The attachments of an item, and the number of those whose address cannot be used."""

    kept: tuple[Attachment, ...]
    dropped: tuple[tuple[str, int], ...]


def attachments(stated: Iterable[Stated], base: str | None) -> Attachments:
    """Return what is stated as attachments: each address once, and at most one featured picture."""
    found: list[Attachment] = []
    dropped = 0
    featured = False
    for one in stated:
        stated_url = (one.url or "").strip()  # an empty one would mean the page itself
        url = absolute(one.base or base, stated_url) if stated_url else None
        if url is None or len(url) > _URL_LENGTH:
            dropped += 1
            continue
        now = Attachment(
            url,
            media_type(one.media_type, url),
            _length(one.length),
            one_line(one.title)[:_TITLE_LENGTH] or None,
            featured=one.featured and not featured,
        )
        featured = featured or now.featured
        found.append(now)
    counted = (("attachment", dropped),) if dropped else ()
    return Attachments(distinct(found), counted)


def distinct(files: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Return each address once, with all that is stated about it."""
    found: dict[str, Attachment] = {}
    for file in files:
        found[file.url] = _merged(found[file.url], file) if file.url in found else file
    return tuple(found.values())


def _merged(first: Attachment, second: Attachment) -> Attachment:
    return Attachment(
        first.url,
        first.media_type or second.media_type,
        first.length or second.length,
        first.title or second.title,
        first.featured or second.featured,
    )


def media_type(stated: str | None, url: str) -> str | None:
    """Return a media type without parameters; one that is not stated follows from the suffix."""
    name = (stated or "").partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(name):
        return name
    return _TYPES.get(PurePosixPath(urlsplit(url).path).suffix[1:].lower())


def _length(stated: object) -> int | None:
    """Return a number of bytes; 0, and what is no number, mean that it is not known."""
    text = str(int(stated) if isinstance(stated, float) and stated.is_integer() else stated).strip()
    number = int(text) if text.isdecimal() and len(text) < 17 else 0  # noqa: PLR2004
    return number if 0 < number < _LENGTH_LIMIT else None


def enclosures(item: Element, tag: str) -> Iterator[Stated]:
    """Yield the enclosures of an RSS item."""
    for child in item.iterchildren(tag):
        yield Stated(child.get("url"), base_of(child), child.get("type"), child.get("length"))


def media(item: Element) -> Iterator[Stated]:
    """Yield the files and players of Media RSS, and the picture that podcasts have."""
    pictured = False
    for content in item.iter(f"{MEDIA}content"):
        stated = _content(content)
        pictured = pictured or stated.featured
        yield stated
    for player in item.iter(f"{MEDIA}player"):
        yield Stated(player.get("url"), base_of(player), title=_title(player.getparent()))
    for image in item.iterchildren(*_IMAGES):
        pictured = pictured or bool(image.get("href", "").strip())
        yield Stated(image.get("href"), base_of(image), featured=True)
    if not pictured and (thumbnails := list(item.iter(f"{MEDIA}thumbnail"))):
        largest = max(thumbnails, key=lambda each: _length(each.get("width")) or 0)
        yield Stated(largest.get("url"), base_of(largest), featured=True)


def titles(files: Iterable[Attachment]) -> Iterator[str]:
    """Yield the titles of files."""
    return (file.title for file in files if file.title)


def unread_media(item: Element, shown: Shown) -> Iterator[str]:
    """Yield the kind of each element in a file, or group of files, that says more than is shown."""
    for child in item.iter(f"{MEDIA}content", f"{MEDIA}group"):
        yield from of_element(child, OF_MEDIA, shown)


def _content(content: Element) -> Stated:
    url = content.get("url")
    if url is None and (player := content.find(f"{MEDIA}player")) is not None:
        url = player.get("url")
    medium, kind = content.get("medium"), content.get("type")
    picture = medium == "image" or (medium is None and is_picture(kind, url))
    return Stated(
        url,
        base_of(content),
        kind,
        content.get("fileSize"),
        _title(content) or _title(content.getparent()),
        featured=picture,
    )


def _title(element: Element) -> str:
    """Return the title of a file, or of the group that it is in, or else the description."""
    if element.tag not in {f"{MEDIA}content", f"{MEDIA}group"}:
        return ""
    texts = (text_of(element.find(f"{MEDIA}{name}")) for name in ("title", "description"))
    return next((found for text in texts if (found := strip_tags(text).strip())), "")


def is_picture(stated: str | None, url: str | None) -> bool:
    """Whether a file is a picture by its media type or its suffix."""
    try:
        found = media_type(stated, url or "")
    except ValueError:
        return False
    return found is not None and found.startswith("image/")
