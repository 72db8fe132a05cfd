"""The content codings offered (RFC 9110 §8.4.1).

Content is encoded in two parts, its head and its rest. Gzip compresses each on its own, so that a
document whose head has changed takes over the compressed rest
(docs/decisions/0025-finished-entries-and-codings.md).
"""

import struct
from typing import NamedTuple

import brotli
from zlib_ng import zlib_ng

# docs/performance.md explains the levels.
_BR_QUALITY = 4
_GZIP_LEVEL = 5

_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # deflate; no flags, no time, unknown system
_TRAILER = struct.Struct("<LL")  # checksum and size of the content


class Br(NamedTuple):
    """Content in the coding ``br`` (RFC 7932); ``head`` is the size of its head."""

    data: bytes
    head: int

    @classmethod
    def of(cls, head: bytes, rest: bytes | memoryview) -> "Br":
        """Encode content."""
        return cls(brotli.compress(head + rest, quality=_BR_QUALITY), len(head))

    def with_head(self, head: bytes) -> "Br":
        """Return this content with another head."""
        return self.of(head, self.content()[self.head :])

    def content(self) -> bytes:
        """Decode the content."""
        content: bytes = brotli.decompress(self.data)
        return content


class Gzip(NamedTuple):
    """Content in the coding ``gzip``: a file of one member (RFC 1952).

    The rest begins at ``start`` of ``data``; ``crc`` and ``size`` are those of its content.
    """

    data: bytes
    start: int
    crc: int
    size: int

    @classmethod
    def of(cls, head: bytes, rest: bytes | memoryview) -> "Gzip":
        """Encode content."""
        compressor = _compressor()
        first = _first(head, compressor)
        compressed = compressor.compress(rest) + compressor.flush()
        return cls._joined(head, first, compressed, zlib_ng.crc32(rest), len(rest))

    def with_head(self, head: bytes) -> "Gzip":
        """Return this content with another head; its rest is not compressed again."""
        rest = self.data[self.start : -_TRAILER.size]
        return self._joined(head, _first(head, _compressor()), rest, self.crc, self.size)

    @classmethod
    def _joined(cls, head: bytes, first: bytes, rest: bytes, crc: int, size: int) -> "Gzip":
        whole = zlib_ng.crc32_combine(zlib_ng.crc32(head), crc, size)
        trailer = _TRAILER.pack(whole, (len(head) + size) % 2**32)
        return cls(first + rest + trailer, len(first), crc, size)

    def content(self) -> bytes:
        """Decode the content."""
        return zlib_ng.decompress(self.data, 16 + zlib_ng.MAX_WBITS)


def _compressor() -> "zlib_ng._Compress":
    return zlib_ng.compressobj(_GZIP_LEVEL, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS)


def _first(head: bytes, compressor: "zlib_ng._Compress") -> bytes:
    """Return the beginning of a file, up to its rest."""
    # The flush ends the head with a whole byte, and lets the rest not refer to it.
    return _HEADER + compressor.compress(head) + compressor.flush(zlib_ng.Z_FULL_FLUSH)


Encoded = Br | Gzip

CODINGS: dict[str, type[Br] | type[Gzip]] = {"br": Br, "gzip": Gzip}
"""The content codings offered, the preferred first."""
