"""Members of untrusted archives, read as streams. No file is unpacked under its name.

The extracted size is limited while reading. Names are never used as paths. A member that is not a
regular file is refused.
"""

import gzip
import io
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from feeds.ingest.sources.record import InvalidInputError

_RATIO = 200
_SLACK = 64 * 1024 * 1024
_DIRECTORY_LIMIT = 16 * 1024 * 1024
_READ_LIMIT = 1024 * 1024
_SPOOLED_IN_MEMORY = 4 * 1024 * 1024

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_GZIP = b"\x1f\x8b"
_TAR_AT = 257

# What zipfile, tarfile and gzip raise for damaged archives, as documented and found by fuzzing.
_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,  # zipfile: an unknown compression method
    RuntimeError,  # zipfile: an encrypted member
    ValueError,
    OverflowError,
)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive: its name, and its stream or the reason why it is refused.

    The stream can be read until the next member is requested.
    """

    name: str
    stream: io.BufferedReader | None
    reason: str = ""


def is_archive(head: bytes) -> bool:
    """Whether these are the first bytes of a zip, tar or gzipped tar file."""
    return head.startswith((_ZIP, _EMPTY_ZIP, _GZIP)) or head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def members(file: BinaryIO, head: bytes, size: int) -> Iterator[Member]:
    """Yield the members of an archive, without folders, in the order of the archive.

    Raises ``InvalidInputError`` if the archive is damaged or its members are too large.
    """
    budget = _Budget(_RATIO * size + _SLACK)
    with _archive_errors():
        if head.startswith((_ZIP, _EMPTY_ZIP)):
            yield from _zip_members(file, size, budget)
        elif head.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _tar_members(unpacked, budget)
        else:
            yield from _tar_members(file, budget)


@contextmanager
def _archive_errors() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise InvalidInputError(f"the archive is damaged or of an unknown kind: {error}") from None


class _Budget:
    """The number of bytes that may still be extracted from an archive."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> None:
        """Subtract bytes. Raises ``InvalidInputError`` if that is more than is left."""
        self._left -= count
        if self._left < 0:
            raise InvalidInputError(
                f"its content is more than {_RATIO} times as large as the archive: unpack it first"
            )


class _MemberStream(io.RawIOBase):
    """The content of a member. Reading raises ``InvalidInputError`` if it is damaged or large.

    What has been read is spooled, so that a source can read it twice.
    """

    def __init__(self, file: _Readable, budget: _Budget) -> None:
        self._file = file
        self._budget = budget
        self._spool = tempfile.SpooledTemporaryFile(_SPOOLED_IN_MEMORY)  # noqa: SIM115 - see close
        self._spooled = 0
        self._at = 0

    def readable(self) -> bool:
        """Return that the stream can be read."""
        return True

    def seekable(self) -> bool:
        """Return that the stream can go back."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to an absolute position in what has been read."""
        del whence
        self._at = offset
        return offset

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as io calls it
        """Read into a buffer; return the number of bytes."""
        self._spool.seek(self._at)
        data = self._spool.read(len(buffer)) if self._at < self._spooled else self._next(buffer)
        self._at += len(data)
        buffer[: len(data)] = data
        return len(data)

    def _next(self, buffer: memoryview) -> bytes:
        with _archive_errors():
            data = self._file.read(len(buffer))
        self._budget.spend(len(data))
        self._spool.write(data)
        self._spooled += len(data)
        return data

    def close(self) -> None:
        """Remove the spool."""
        self._spool.close()
        super().close()


def _zip_members(file: BinaryIO, size: int, budget: _Budget) -> Iterator[Member]:
    _check_zip_directory(file, size)
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.filename.endswith("/"):
                continue
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                yield Member(info.filename, None, "its compression method is not supported")
            elif info.flag_bits & 1:
                yield Member(info.filename, None, "it is encrypted")
            else:
                try:
                    packed = archive.open(info)
                except _ERRORS as error:
                    yield Member(info.filename, None, f"it is damaged: {error}")
                    continue
                with packed:
                    yield Member(
                        info.filename, io.BufferedReader(_MemberStream(packed, budget), 65536)
                    )


def _check_zip_directory(file: BinaryIO, size: int) -> None:
    """Refuse a large directory, because ``zipfile`` reads it as a whole."""
    tail = min(size, 65536 + 22)
    file.seek(size - tail)
    data = file.read(tail)
    file.seek(0)
    # Any occurrence of the signature may be the end record: the largest size counts.
    ends = (found.start() for found in re.finditer(re.escape(_EMPTY_ZIP), data))
    sizes = (int.from_bytes(data[at + 12 : at + 16], "little") for at in ends)
    stated = max(sizes, default=0)
    wide = data.rfind(b"PK\x06\x06")
    if wide >= 0:
        stated = max(stated % 0xFFFFFFFF, int.from_bytes(data[wide + 40 : wide + 48], "little"))
    if stated > _DIRECTORY_LIMIT:
        raise InvalidInputError(
            "it has too many members for a zip: unpack it and import the folder"
        )


class _ForwardStream(io.RawIOBase):
    """A stream that seeks forward only, which is how ``tarfile`` skips members.

    A large read is one of a header that claims to be large, and is refused.
    """

    def __init__(self, file: _Readable, budget: _Budget) -> None:
        self._file = file
        self._budget = budget
        self._at = 0

    def tell(self) -> int:
        """Return the position in the stream."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go forward to an absolute position."""
        del whence
        while self._at < offset and self.read(min(_READ_LIMIT, offset - self._at)):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read at most 1 MiB."""
        if not 0 <= size <= _READ_LIMIT:
            raise InvalidInputError("the archive has a header that is larger than 1 MiB")
        data = self._file.read(size)
        self._budget.spend(len(data))
        self._at += len(data)
        return data


def _tar_members(file: _Readable, budget: _Budget) -> Iterator[Member]:
    forward = _ForwardStream(file, budget)
    unbounded = _Budget(1 << 62)  # the forward stream counts the bytes of members, too
    with tarfile.open(fileobj=forward, mode="r:") as archive:
        while (info := archive.next()) is not None:
            # tarfile would keep every member in memory.
            archive.members = []  # type: ignore[attr-defined]  # not in the type stubs
            archive.pax_headers = {}
            if info.isdir():
                continue
            # The holes of a sparse file would not be counted.
            plain = info.isreg() and not info.issparse()
            content = archive.extractfile(info) if plain else None
            if content is None:
                yield Member(info.name, None, "it is not a regular file")
            else:
                yield Member(info.name, io.BufferedReader(_MemberStream(content, unbounded), 65536))
