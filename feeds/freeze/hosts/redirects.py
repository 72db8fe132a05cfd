"""What has moved, as lines of each host's configuration.

Some hosts cannot redirect each address. Those that are left out are counted by kind.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from feeds.formats import FORMATS
from feeds.freeze.answers import Moved

STATIC: Final = "Netlify, Cloudflare Pages"
CLOUDFLARE: Final = "Cloudflare Pages"

LeftOut = Counter[tuple[str, str]]
"""How many addresses a host cannot answer as the service does, by host and kind."""

_APACHE_UNESCAPED: Final = "$-_.+!*'(),:;@&=/~"
_LONGEST_APACHE_LINE: Final = 1022  # bytes; Apache reads a longer one as two
_LONGEST_REDIRECT: Final = 1000  # characters of a line, by Cloudflare's documentation
_STATIC_REDIRECTS: Final = 2000
_DYNAMIC_REDIRECTS: Final = 100
_ESCAPE: Final = re.compile("%[0-9A-F]{2}")
_PLACEHOLDER: Final = re.compile(r"\*|:[A-Za-z]")


class Old(NamedTuple):
    """What has moved; each call begins again from the first. ``number`` counts them.

    ``merged`` are the slugs in ``renamed`` whose archive has no counterpart. ``left_out`` counts
    what a host cannot redirect.
    """

    addresses: Callable[[], Iterable[Moved]]
    renamed: Sequence[tuple[str, str]]
    merged: frozenset[str]
    number: int
    left_out: LeftOut


def lines(old: Old, root: str, base_url: str) -> dict[str, Callable[[], Iterable[bytes]]]:
    """Return what yields the lines of old addresses and of renamed categories."""
    return {
        "moved": lambda: _nginx_lines(old, permalinks=False),
        "permalinks": lambda: _nginx_lines(old, permalinks=True),
        "renamed": lambda: (
            # The backslash: "default" and some other words mean something else.
            b'    "\\\\%s"  %s;\n' % (former.encode(), current.encode())
            for former, current in old.renamed
        ),
        "caddy_moved": lambda: _caddy_lines(old, permalinks=False),
        "caddy_permalinks": lambda: _caddy_lines(old, permalinks=True),
        "caddy_renamed": lambda: (
            f'        ~^{former}$ "{current}"\n'.encode() for former, current in old.renamed
        ),
        "apache_moved": lambda: _apache_lines(old, permalinks=False),
        "apache_permalinks": lambda: _apache_lines(old, permalinks=True),
        "apache_renamed": lambda: (
            f"{former} {current}\n".encode() for former, current in old.renamed
        ),
        "redirects": lambda: _redirects(old, root, base_url),
    }


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
        if moved.permalink == permalinks and "{" in moved.address:
            old.left_out["Caddy", "old addresses with a brace are not redirected"] += 1
        elif moved.permalink == permalinks:
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


def _apache_lines(old: Old, *, permalinks: bool) -> Iterator[bytes]:
    """Yield the lines of a ``RewriteMap``, with paths escaped as Apache's ``int:escape`` does."""
    for moved in old.addresses():
        if moved.permalink == permalinks:
            path, mark, query = moved.address.partition("?")
            escaped = _ESCAPE.sub(
                lambda found: found[0].lower(), quote(unquote_to_bytes(path), _APACHE_UNESCAPED)
            )
            line = f"{escaped}{mark}{query} {moved.url or 'gone'}\n".encode()
            if len(line) <= _LONGEST_APACHE_LINE:
                yield line
            else:
                old.left_out[
                    "Apache", "old addresses of more than 1,000 bytes are not redirected"
                ] += 1


def _redirects(old: Old, root: str, base_url: str) -> Iterator[bytes]:
    """Yield the lines of ``_redirects``; Cloudflare wants those with a placeholder last."""
    static = 0
    for source, target in _static_redirects(old, root, base_url):
        line = f"{source} {target} 301\n"
        if len(line) > _LONGEST_REDIRECT:
            old.left_out[STATIC, "redirects of more than 1,000 characters are left out"] += 1
            continue
        static += 1
        if static > _STATIC_REDIRECTS:
            old.left_out[CLOUDFLARE, "redirects after the first 2,000 are ignored"] += 1
        yield line.encode()
    dynamic = (
        (former, current, below)
        for (former, current), below in product(old.renamed, ("archive", "releases"))
        if below == "releases" or former not in old.merged
    )
    for number, (former, current, below) in enumerate(dynamic, 1):
        if number > _DYNAMIC_REDIRECTS:
            kind = "archives and years of former slugs after the first 100 are not redirected"
            old.left_out[CLOUDFLARE, kind] += 1
        source = f"{root}/categories/{former}/{below}/*"
        yield f"{source} {base_url}/categories/{current}/{below}/:splat 301\n".encode()


def _static_redirects(old: Old, root: str, base_url: str) -> Iterator[tuple[str, str]]:
    for former, current in old.renamed:
        for end in ("", *(f".{form}" for form in FORMATS)):
            yield f"{root}/categories/{former}{end}", f"{base_url}/categories/{current}{end}"
    for address, url, permalink in old.addresses():
        if url is None:
            old.left_out[STATIC, "withdrawn addresses are answered 404 instead of 410"] += 1
        elif "?" in address:
            old.left_out[STATIC, "old addresses with a query are not redirected"] += 1
        elif _PLACEHOLDER.search(address):
            old.left_out[STATIC, "old addresses with * or : are not redirected"] += 1
        else:
            yield address, url
            if permalink and address != "/":
                yield f"{address}/", url
