"""Access logs as a stream of requests.

A log has lines of the combined form of Apache and nginx, of ``log_format feeds`` in
deploy/nginx.conf, of ``access_log_format`` in feeds/gunicorn_conf.py, or of feeds/json_log.py; they
may be mixed. Lines of any other form are counted. No header that a client can choose, such as
``X-Forwarded-For``, is taken for its address.
"""

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import unquote_to_bytes

from feeds.errors import NothingToDoError
from feeds.ingest.inputs import STANDARD_INPUT, printable

_LONGEST_LINE = 65536
"""Bytes. Servers accept request lines and headers of about 8 KB, and escape a byte as four."""

_QUOTED = rb'"((?>[^"\\]++|\\.)*+)"'
_FEEDS = re.compile(
    rb"(\S+) \[(\S{20,25})\] " + _QUOTED + rb" (\d{3}) \d+ " + _QUOTED + rb" (\S+) [\d.]+"
)
_GUNICORN = re.compile(rb"(\S*) \[([^\]]{26})\] " + _QUOTED + rb' (\d{3}) \S+ "(.*)" \d+ms')
# Many sites append fields to the combined form, such as the X-Forwarded-For of nginx's "main".
_COMBINED = re.compile(
    rb'(\S+) \S+ [^\["]+ \[([^\]]{26})\] '
    + _QUOTED
    + rb" (\d{3}) (?:\d+|-) "
    + _QUOTED.replace(b"(", b"(?:", 1)
    + b" "
    + _QUOTED
    + rb"(?: .*)?"
)
_ESCAPED = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LETTERS = {b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
# What gzip raises for files that are damaged or incomplete.
_UNREADABLE = (OSError, EOFError, zlib.error)
_NOT_CONFIRMED = {b"STALE", b"UPDATING"}


class Request(NamedTuple):
    """A request and its response.

    ``seconds`` are those since 1970, ``day`` is the ordinal of the date in the portal's zone. The
    path is percent-decoded. ``confirmed`` is false for a copy that nginx served without asking the
    service. What is not an HTTP request has no method.
    """

    seconds: int
    day: int
    address: bytes
    agent: bytes
    method: bytes
    path: bytes
    query: bytes
    status: int
    confirmed: bool


class AccessLogs:
    """The requests in some logs, which may be compressed with gzip; ``-`` is standard input.

    ``done`` counts all lines, ``others`` those of another form. ``total`` is the size of the logs
    in bytes, ``position`` the number of bytes read; standard input does not count.
    """

    def __init__(self, paths: Sequence[Path], zone: tzinfo) -> None:
        self._paths = list(dict.fromkeys(paths))
        self.done = self.others = 0
        self.total = sum(_size(path) for path in self._paths if path != STANDARD_INPUT)
        self._read = 0
        self._file: BinaryIO | None = None
        # Several requests a second are common.
        self._instant = lru_cache(maxsize=4096)(lambda text: _instant(text, zone))

    @property
    def position(self) -> int:
        """The number of bytes read."""
        return self._read + (self._file.tell() if self._file else 0)

    def __iter__(self) -> Iterator[Request]:
        """Yield each request. Raises ``NothingToDoError`` if a log cannot be read."""
        for path in self._paths:
            try:
                if path == STANDARD_INPUT:
                    yield from self._requests(sys.stdin.buffer)
                else:
                    with path.open("rb") as file:
                        self._file = file
                        yield from self._requests(file)
                        self._read, self._file = self.position, None
            except _UNREADABLE as error:
                reason = error.strerror if isinstance(error, OSError) else None
                raise NothingToDoError(
                    f"The log {printable(path)} cannot be read: "
                    f"{reason or 'it is damaged or incomplete'}."
                ) from None

    def _requests(self, file: BinaryIO) -> Iterator[Request]:
        if cast("io.BufferedReader", file).peek(2).startswith(b"\x1f\x8b"):
            file = cast("BinaryIO", io.BufferedReader(gzip.GzipFile(fileobj=file)))
        for line in _lines(file):
            self.done += 1
            request = self._request(line)
            if request:
                yield request
            else:
                self.others += 1

    def _request(self, line: bytes) -> Request | None:
        """Read a line; return None if it is of another form."""
        if match := _FEEDS.fullmatch(line):
            address, time, request, status, agent, cached = match.groups()
            request, decoded, confirmed = _unescaped(request), True, cached not in _NOT_CONFIRMED
        elif match := _COMBINED.fullmatch(line):
            address, time, request, status, agent = match.groups()
            request, decoded, confirmed = _unescaped(request), False, True
        elif match := _GUNICORN.fullmatch(line):
            address, time, request, status, agent = match.groups()
            request, decoded, confirmed = _latin(request.replace(b'\\"', b'"')), True, True
        elif fields := _of_json(line):
            address, time, request, status, agent = fields
            decoded, confirmed = False, True
        else:
            return None
        instant = self._instant(time)
        if instant is None:
            return None
        method, path, query = _target(request, decoded=decoded)
        return Request(*instant, address, agent, method, path, query, int(status), confirmed)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines without their ends. One that is too long becomes an empty line."""
    while line := file.readline(_LONGEST_LINE):
        rest = line
        while len(rest) == _LONGEST_LINE and not rest.endswith(b"\n"):
            line, rest = b"", file.readline(_LONGEST_LINE)
        yield line.rstrip(b"\r\n")


def _of_json(line: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes] | None:
    """Return address, time, request line, status and agent of an object; None for another form."""
    if not line.startswith(b"{"):
        return None
    try:
        fields = json.loads(line)
        method, path = fields["http.request.method"], fields["url.path"]
        return (
            fields["client.address"].encode(),
            fields["timestamp"].encode(),
            f"{method} {path} HTTP/{fields['network.protocol.version']}".encode(),
            b"%03d" % fields["http.response.status_code"],
            fields["user_agent.original"].encode(),
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def _target(request: bytes, *, decoded: bool) -> tuple[bytes, bytes, bytes]:
    """Return method, path and query of a request line. A path that is logged decoded has spaces."""
    method, _, rest = request.partition(b" ")
    target, _, protocol = rest.rpartition(b" ")
    if not protocol.startswith(b"HTTP/"):
        return b"", b"", b""
    path, _, query = target.partition(b"?")
    return method, path if decoded else unquote_to_bytes(path), query


def _unescaped(text: bytes) -> bytes:
    r"""Undo the escapes of nginx (``\x22``) and Apache (``\"``, ``\n`` and ``\x22``)."""
    if b"\\" not in text:
        return text
    return _ESCAPED.sub(
        lambda found: (
            bytes.fromhex(found[1].decode()) if found[1] else _LETTERS.get(found[2], found[2])
        ),
        text,
    )


def _latin(text: bytes) -> bytes:
    """Return the bytes of a WSGI string, of which gunicorn writes each as a character of UTF-8."""
    try:
        return text.decode().encode("latin-1")
    except UnicodeError:
        return text


def _size(log: Path) -> int:
    """Return the size of a log in bytes; reading it reports why it may have none."""
    with suppress(OSError):
        return log.stat().st_size
    return 0


def _instant(text: bytes, zone: tzinfo) -> tuple[int, int] | None:
    """Return an instant and the ordinal of its date in a zone; None for another form."""
    try:
        written = text.decode()
        instant = _clf(written) if "/" in written else datetime.fromisoformat(written)
        if instant.tzinfo is None:
            return None
        return int(instant.timestamp()), instant.astimezone(zone).toordinal()
    except (ValueError, OverflowError):
        return None


def _clf(text: str) -> datetime:
    """Parse ``26/Nov/2026:23:28:40 +0200``, whose month is English in every locale."""
    match = re.fullmatch(
        r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", text, re.ASCII
    )
    if match is None:
        raise ValueError
    day, name, year, hour, minute, second, sign, hours, minutes = match.groups()
    month = _MONTHS.index(name) // 3 + 1
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    moment = datetime(
        int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=timezone(offset)
    )
    return moment.astimezone(UTC)
