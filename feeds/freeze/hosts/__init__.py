"""The configurations that make a host answer as the service does.

Each is a template beside this module. ``@name`` in it stands for a value, or for the lines of all
old addresses, which are written one by one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from feeds.documents import opml
from feeds.documents.representation import Metadata
from feeds.domain import Site
from feeds.formats import FORMATS
from feeds.freeze.answers import Moved
from feeds.urls import ASSETS
from feeds.web.http.conditional import ALLOWED_METHODS
from feeds.web.http.response import (
    BROWSER_HEADERS,
    COMMON_HEADERS,
    PICTURE_HEADERS,
    attachment,
    content_type,
)
from feeds.web.pages.assets import assets
from feeds.web.redirects import MOVED_CACHE_CONTROL

FILES: Final = ("nginx-http.conf", "nginx-server.conf", "Caddyfile")

_NAME: Final = re.compile(r"@([a-z_]+)")
_SMALLEST_HASH: Final = 2048


class Old(NamedTuple):
    """What has moved; each call begins again from the first. ``number`` counts them."""

    addresses: Callable[[], Iterable[Moved]]
    renamed: Sequence[tuple[str, str]]
    number: int


def values(site: Site, folder: Path, announced: datetime | None, now: datetime) -> dict[str, str]:
    """Return what the templates have in common, with the freshness of documents at ``now``."""
    return {
        "folder": str(folder),
        "host": urlsplit(site.base_url).netloc,
        "base_url": site.base_url,
        "root": urlsplit(site.base_url).path,
        "methods": ALLOWED_METHODS,
        "policy": BROWSER_HEADERS[0][1],
        "picture_policy": PICTURE_HEADERS[0][1],
        "attachment": attachment(opml.FILE_NAME),
        "cache": Metadata("", "", announced=announced).cache_control(now),
        "cache_archive": Metadata("", "", is_archive=True).cache_control(now),
        "cache_assets": Metadata("", "").cache_control(now),
        "cache_moved": MOVED_CACHE_CONTROL,
        "assets": "|".join(map(re.escape, ASSETS)),
        "extensions": "|".join(types(site)),
    }


def types(site: Site) -> dict[str, str]:
    """Return the media types by the extensions of what is not a page."""
    found = {form.extension: form.media_type for form in FORMATS.values()}
    found["opml"] = opml.MEDIA_TYPE
    for name, asset in assets(site).items():
        found[name.rpartition(".")[2]] = asset.metadata.media_type
    return {extension: content_type(media_type) for extension, media_type in found.items()}


def write(file: Path, site: Site, shared: Mapping[str, str], old: Old) -> None:
    """Write the configuration that a template of the same name describes."""
    template = files(__name__).joinpath(file.name).read_text()
    own = {
        "types": "".join(
            f'    "~^200:.*\\.{extension}$"  "{type_}";\n'
            for extension, type_ in types(site).items()
        ),
        "bare": f'\n    "{shared["root"]}"  {shared["root"]}/index.html;' if shared["root"] else "",
        "common": "".join(
            f'        add_header {name} "{value}";\n' for name, value in COMMON_HEADERS
        ),
        "common_always": "".join(
            f'    add_header {name} "{value}" always;\n' for name, value in COMMON_HEADERS
        ),
        "caddy_common": "".join(f'    header {name} "{value}"\n' for name, value in COMMON_HEADERS),
        "caddy_types": "".join(
            f'    @{extension} path *.{extension}\n    header @{extension} Content-Type "{type_}"\n'
            for extension, type_ in types(site).items()
        ),
        "hash_size": str(max(_SMALLEST_HASH, old.number)),
    }
    lines: dict[str, Callable[[], Iterable[bytes]]] = {
        "moved": lambda: _nginx_lines(old, permalinks=False),
        "permalinks": lambda: _nginx_lines(old, permalinks=True),
        "renamed": lambda: (
            b'    "%s"  %s;\n' % (former.encode(), current.encode())
            for former, current in old.renamed
        ),
        "caddy_moved": lambda: _caddy_lines(old, permalinks=False),
        "caddy_permalinks": lambda: _caddy_lines(old, permalinks=True),
        "caddy_renamed": lambda: (
            f"        {former} {current}\n".encode() for former, current in old.renamed
        ),
    }
    found = {**shared, **own}
    with file.open("wb") as output:
        for place, text in enumerate(_NAME.split(template)):
            if place % 2 == 0:
                output.write(text.encode())
            elif text in lines:
                output.writelines(lines[text]())
            else:
                output.write(found.get(text, f"@{text}").encode())  # a name of Caddy's own stays


def _nginx_lines(old: Old, *, permalinks: bool) -> Iterator[bytes]:
    """Yield the lines of a ``map``, which compares strings without regard to case."""
    seen: set[int] = set()
    ambiguous: set[int] = set()
    for key, _ in _nginx_keys(old, permalinks=permalinks):
        lower = hash(key.lower())
        (ambiguous if lower in seen else seen).add(lower)
    for key, moved in _nginx_keys(old, permalinks=permalinks):
        target = (moved.url or "gone").encode()
        if hash(key.lower()) not in ambiguous:
            yield b'    "%s"  %s;\n' % (_escaped(key), target)
        else:
            yield b'    "~^%s$"  %s;\n' % (_escaped(_regex(key)), target)


def _caddy_lines(old: Old, *, permalinks: bool) -> Iterator[bytes]:
    """Yield the lines of a ``map``, whose braces stand for variables."""
    for moved in old.addresses():
        if moved.permalink == permalinks and "{" not in moved.address:
            key = moved.address.replace("\\", "\\\\").replace('"', '\\"')
            yield f'        "{key}" {moved.url or "gone"}\n'.encode()


def _nginx_keys(old: Old, *, permalinks: bool) -> Iterator[tuple[bytes, Moved]]:
    for moved in old.addresses():
        path, mark, query = moved.address.partition("?")
        key = unquote_to_bytes(path) + (mark + query).encode()
        if moved.permalink == permalinks and b"\0" not in key:
            yield key, moved


def _regex(key: bytes) -> bytes:
    return re.sub(rb"([^A-Za-z0-9/_\x80-\xff-])", rb"\\\1", key)


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
