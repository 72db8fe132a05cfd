"""Addresses as text: those of this service, and old ones as they are looked up.

Pure: whether what an address names exists is for others to say.
"""

import re
from urllib.parse import quote, unquote_to_bytes, urlsplit

from feeds.domain import Target
from feeds.formats import FORMATS

LONGEST = 2000
"""How many characters an old address may have."""

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_IN_PATH = "/!$&'()*+,;=:@-._~"
_KIND = "|".join(FORMATS)
_NUMBERED = r"(?:/archive/[0-9]+)?"
_REAL = re.compile(
    r"/|/(?:robots\.txt|favicon\.ico|style\.css|feed\.css|page\.js|feeds\.opml|categories)"
    rf"|/releases{_NUMBERED}\.(?:{_KIND})|/releases/archive/[0-9]+"
    rf"|/categories/[a-z0-9+-]+{_NUMBERED}(?:\.(?:{_KIND}))?"
    r"|/releases/[0-9]{4}/[0-9]{2}/[0-9]{2}/[a-z0-9~-]+"
)
PROBES = frozenset(["/healthz", "/readyz"])
"""Where the process itself is asked, whatever the path of the service."""

_EVERYTHING = re.compile(rf"/(?:releases\.(?P<format>{_KIND}))?")
_CATEGORY = re.compile(rf"/categories/(?P<slug>[a-z0-9-]+)(?:\.(?P<format>{_KIND}))?")
_RELEASE = re.compile(r"/releases/(?P<path>[0-9]{4}/[0-9]{2}/[0-9]{2}/[a-z0-9~-]+)")


def location(path: bytes, query: bytes) -> str:
    """Write an address as it is looked up: a decoded path from the root of the host, and a query.

    Of the path every spelling of the same bytes is one; the query stays as it was sent, whatever
    its order and its percent-encoding.
    """
    written = quote(path, safe=_IN_PATH)
    return f"{written}?{quote(query, safe=_PRINTABLE)}" if query else written


def parse_location(text: str) -> str | None:
    """Read an old address as an operator writes it; None where no request could have it."""
    try:
        path, _, query = text.encode(errors="surrogateescape").partition(b"?")
    except UnicodeEncodeError:
        return None
    if not path.startswith(b"/") or b"#" in path + query:
        return None
    return location(unquote_to_bytes(path), query)


def is_real(base_url: str, location: str) -> bool:
    """Whether an old address is one under which this service itself may answer something."""
    if location.partition("?")[0] in PROBES:
        return True
    prefix = urlsplit(base_url).path
    below = location.removeprefix(prefix)
    if prefix and below == location:
        return False
    return _REAL.fullmatch(below.rstrip("/") or "/") is not None


def parse_target(base_url: str, text: str) -> Target | None:
    """Read an address of this service, whole or from its root; None where it is none.

    Archive documents, combined feeds and what is no document are none.
    """
    if text.startswith(base_url):
        return _named(text.removeprefix(base_url) or "/")
    prefix = urlsplit(base_url).path
    below = _named(text.removeprefix(prefix) or "/") if prefix and text.startswith(prefix) else None
    # The path of the service may itself be called as one of its addresses is.
    return below or _named(text)


def _named(address: str) -> Target | None:
    if found := _EVERYTHING.fullmatch(address):
        return Target(None, "", found["format"])
    if found := _CATEGORY.fullmatch(address):
        return Target(None, found["slug"], found["format"])
    if found := _RELEASE.fullmatch(address):
        return Target(found["path"], "", None)
    return None
