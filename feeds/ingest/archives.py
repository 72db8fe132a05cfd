"""Members of archives, read as streams: nothing is ever unpacked onto the disk.

An archive is trusted with nothing: what it grows to is counted and bounded, its names are names and
never paths, and what is no plain file is named and left.
"""

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from feeds.ingest.sources.record import UnreadableError

_RATIO = 200
_SLACK = 64 * 1024 * 1024
_DIRECTORY = 16 * 1024 * 1024
_REQUEST = 1024 * 1024

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_GZIP = b"\x1f\x8b"
_TAR_AT = 257

# What the readers of archives raise for damaged ones, by their documentation and by fuzzing.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,  # raised by zipfile itself, of a way of packing that it does not know
    RuntimeError,  # by zipfile, of a member that is encrypted
    ValueError,
    OverflowError,
)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive: its name, and its stream or the reason why it is not read.

    The stream may be read until the next member is asked for.
    """

    name: str
    stream: io.BufferedReader | None
    reason: str = ""


def is_archive(head: bytes) -> bool:
    """Whether these are the first bytes of a zip, a tar or a gzipped tar."""
    return head.startswith((_ZIP, _EMPTY_ZIP, _GZIP)) or head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def members(file: BinaryIO, head: bytes, size: int) -> Iterator[Member]:
    """Yield the members of an archive in its own order, folders left out.

    Raises ``UnreadableError`` where it is damaged, or grows beyond what an archive of texts does.
    """
    budget = _Budget(_RATIO * size + _SLACK)
    with _damage():
        if head.startswith((_ZIP, _EMPTY_ZIP)):
            yield from _zipped(file, size, budget)
        elif head.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _tarred(unpacked, budget)
        else:
            yield from _tarred(file, budget)


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise UnreadableError(f"the archive is damaged or of an unknown kind: {error}") from None


class _Budget:
    """How many bytes more an archive may grow to."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> None:
        """Take these bytes off; raises ``UnreadableError`` where there are not so many left."""
        self._left -= count
        if self._left < 0:
            raise UnreadableError(
                f"it grows to more than {_RATIO} times its size, as bombs do: unpack it first"
            )


class _Unpacked(io.RawIOBase):
    """The bytes of one member of an archive; damage and growth are told by ``UnreadableError``."""

    def __init__(self, file: _Readable, budget: _Budget) -> None:
        self._file = file
        self._budget = budget

    def readable(self) -> bool:
        """Tell ``io`` that there is something to read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io calls it
        """Read on into a buffer of ``io``."""
        with _damage():
            data = self._file.read(len(buffer))
        self._budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)


def _zipped(file: BinaryIO, size: int, budget: _Budget) -> Iterator[Member]:
    _check_directory(file, size)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.filename.endswith("/"):
                continue
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                yield Member(info.filename, None, "it is packed in a way that is not read here")
            elif info.flag_bits & 1:
                yield Member(info.filename, None, "it is encrypted")
            else:
                try:
                    packed = archive.open(info)
                except _DAMAGE as error:
                    yield Member(info.filename, None, f"it is damaged: {error}")
                    continue
                with packed:
                    yield Member(info.filename, io.BufferedReader(_Unpacked(packed, budget), 65536))


def _check_directory(file: BinaryIO, size: int) -> None:
    """Refuse a directory that would fill the memory: it is read whole."""
    tail = min(size, 65536 + 22)
    file.seek(size - tail)
    data = file.read(tail)
    file.seek(0)
    # Whichever of those that look like the end is taken for it.
    ends = (found.start() for found in re.finditer(re.escape(_EMPTY_ZIP), data))
    sizes = (int.from_bytes(data[at + 12 : at + 16], "little") for at in ends)
    stated = max(sizes, default=0)
    wide = data.rfind(b"PK\x06\x06")
    if wide >= 0:
        stated = max(stated % 0xFFFFFFFF, int.from_bytes(data[wide + 40 : wide + 48], "little"))
    if stated > _DIRECTORY:
        raise UnreadableError("it has too many members for a zip: unpack it and import the folder")


class _Forward(io.RawIOBase):
    """A stream as ``tarfile`` wants it, which passes over members by seeking ahead.

    A request for much at once is a header that claims to be large, and is no header of a text.
    """

    def __init__(self, file: _Readable, budget: _Budget) -> None:
        self._file = file
        self._budget = budget
        self._at = 0

    def tell(self) -> int:
        """Return the place in the stream."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go there; it lies ahead."""
        del whence
        while self._at < offset and self.read(min(_REQUEST, offset - self._at)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read on, a bounded number of bytes at a time."""
        if not 0 <= size <= _REQUEST:
            raise UnreadableError("the archive has a header that is larger than 1 MiB")
        data = self._file.read(size)
        self._budget.spend(len(data))
        self._at += len(data)
        return data


def _tarred(file: _Readable, budget: _Budget) -> Iterator[Member]:
    forward = _Forward(file, budget)
    unbounded = _Budget(1 << 62)  # the forward stream counts what is read of a member as well
    with tarfile.open(fileobj=forward, mode="r:") as archive:
        while (info := archive.next()) is not None:
            # It would keep every member that it has passed.
            archive.members = []  # type: ignore[attr-defined]  # documented by its use alone
            archive.pax_headers = {}
            if info.isdir():
                continue
            # The holes of a sparse file are bytes that no stream counts.
            plain = info.isreg() and not info.issparse()
            packed = archive.extractfile(info) if plain else None
            if packed is None:
                yield Member(info.name, None, "it is no regular file")
            else:
                yield Member(info.name, io.BufferedReader(_Unpacked(packed, unbounded), 65536))
