"""Absolute addresses in HTML: those that a release may lead to, and those of its pictures."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit, urlunsplit

# The WHATWG URL parser removes these, and takes a backslash for a slash and any number of slashes.
_REMOVED = re.compile(r"[\t\n\r]")
_OUTSIDE = "".join(map(chr, range(0x21)))
_SLASHES = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f\u202a-\u202e\u2066-\u2069]")
_HOST = re.compile(r"(?:[\w-]+\.)*[\w-]+\.?|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)

# HTML, “Parsing a srcset attribute”; a descriptor may have parentheses, which none in use has.
_CANDIDATE = re.compile(r"[\s,]*+(\S+?)(?:,(?=[\s,]|$)|\s++([^,]*+)(?:,|$)|$)")
_DESCRIPTOR = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)[wx]\b")


def web(address: str | None, base: str | None) -> str | None:
    """Return an address as an absolute http or https URL, or None."""
    stated = _REMOVED.sub("", address or "").strip(_OUTSIDE)
    if not stated:
        return None
    stated = _SLASHES.sub(r"\1://", stated, count=1) if _SLASHES.match(stated) else stated
    is_relative = not _SCHEME.match(stated)
    if is_relative:
        stated = stated.replace("\\", "/") if stated.startswith(("/", "\\")) else stated
        if not base and not stated.startswith("//"):
            return None
    try:
        found = urljoin(base or "https:", stated) if is_relative else stated
        parts = urlsplit(found)
        host = parts.hostname or ""
        _ = parts.port
        if is_relative and not parts.path:
            found = urlunsplit(parts._replace(path="/"))
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not _HOST.fullmatch(host):
        return None
    return _UNSAFE.sub(lambda char: "".join(f"%{byte:02X}" for byte in char[0].encode()), found)


def link(address: str | None, base: str | None) -> str | None:
    """Return an address that a link may have: of the web, of a mailbox or of a telephone."""
    stated = _REMOVED.sub("", address or "").strip(_OUTSIDE)
    found = _SCHEME.match(stated)
    if found and found[1].lower() in {"mailto", "tel"}:
        rest = _UNSAFE.sub(lambda char: f"%{ord(char[0]):02X}", stated[found.end() :])
        return f"{found[1].lower()}:{rest}" if rest else None
    return web(stated, base)


def host(address: str) -> str:
    """Return the host of an absolute address."""
    return urlsplit(address).hostname or address


def largest(srcset: str | None, base: str | None) -> str | None:
    """Return the largest candidate of a ``srcset``, or None."""
    best, found = 0.0, None
    for address, size in candidates(srcset):
        if size > best and (absolute := web(address, base)):
            best, found = size, absolute
    return found


def candidates(srcset: str | None) -> Iterator[tuple[str, float]]:
    """Yield the addresses of a ``srcset`` with their widths, or densities."""
    for found in _CANDIDATE.finditer(srcset or ""):
        size = _DESCRIPTOR.match(found[2] or "")
        yield found[1], float(size[1]) if size else 1.0
