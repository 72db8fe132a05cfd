"""The index of a WARC file in CDXJ: sorted lines in compressed blocks, and an index of the blocks.

A reader searches the first lines of all blocks and fetches one (pywb calls this ZipNum).
"""

import json
import posixpath
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from feeds.freeze.warc import NAME, Record

INDEX: Final = "index.cdx.gz"

_LINES_IN_MEMORY: Final = 50_000
_LINES_IN_BLOCK: Final = 1024
_WWW: Final = re.compile(r"^www\d*\.")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Index:
    """Collects the lines of records; more than fit into memory are sorted in files of a folder."""

    def __init__(self, folder: Path, timestamp: str) -> None:
        self._folder = folder
        self._timestamp = timestamp
        self._lines: list[str] = []
        self._files: list[Path] = []

    def add(self, record: Record, offset: int) -> None:
        """Add the line of a record whose segment begins at ``offset``."""
        fields = {
            "url": record.url,
            "mime": record.media_type,
            "status": str(record.status),
            "digest": record.digest,
            "length": str(record.length),
            "offset": str(offset + record.offset),
            "filename": NAME,
        }
        self._lines.append(f"{key(record.url)} {self._timestamp} {json.dumps(fields)}\n")
        if len(self._lines) == _LINES_IN_MEMORY:
            file = self._folder / f"lines-{len(self._files)}"
            with file.open("w") as out:
                out.writelines(sorted(self._lines))
            self._files.append(file)
            self._lines = []

    def blocks(self) -> Iterator[tuple[str, bytes]]:
        """Yield the key and timestamp of the first line of each block, and the block."""
        with ExitStack() as stack:
            sources = [stack.enter_context(file.open()) for file in self._files]
            lines = merge(*sources, sorted(self._lines))
            while block := list(islice(lines, _LINES_IN_BLOCK)):
                compressor = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
                text = "".join(block).encode()
                first = block[0].partition(" {")[0]
                yield first, compressor.compress(text) + compressor.flush()


def key(url: str) -> str:
    """Return the key by which a URL is looked up: SURT, as the programs for web archives make it.

    The library that makes it is no longer maintained and requires an HTTP client. Unlike it, this
    keeps session identifiers, which no address of this service has.
    """
    parts = urlsplit(url)
    host = ",".join(reversed(_WWW.sub("", parts.hostname or "").split(".")))
    if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}:
        host += f":{parts.port}"
    path = _quoted(posixpath.normpath(b"/" + _unquoted(parts.path).lstrip(b"/")))
    parameters = _quoted(_unquoted(parts.query)).split("&")
    query = "&".join(sorted(parameters, key=lambda parameter: parameter.split("=", 1)))
    return f"{host}){path}{'?' if query else ''}{query}"


def _unquoted(text: str) -> bytes:
    before, after = text.encode(), unquote_to_bytes(text)
    while before != after:
        before, after = after, unquote_to_bytes(after)
    return after


def _quoted(text: bytes) -> str:
    return quote_from_bytes(text, safe="!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~").lower()
