"""Inputs: single files, and files in folders and archives.

They are found in the order of their paths and opened one after the other as streams. Their content
is the concern of the sources.
"""

import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from feeds.errors import NothingToDoError
from feeds.ingest.archives import is_archive, members
from feeds.ingest.sources.record import InvalidInputError

HEAD = 65536
"""The number of first bytes of an input by which its source is detected."""

_FEEDS = (".atom", ".rss", ".xml")
_HISTORY = b"http://purl.org/syndication/history/1.0"
_ARCHIVE_MARK = re.compile(rb"<[\w.-]+:archive[\s/>]")

STANDARD_INPUT = Path("-")

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Input:
    """One open file, or the reason why it is refused.

    ``stream`` can be read until the next input is requested; ``head`` are its first bytes.
    ``named`` means that the operator named the file itself, not a folder or archive with it.
    """

    name: str
    stream: BinaryIO | None
    head: bytes = b""
    reason: str = ""
    named: bool = False


class Inputs:
    """The files at some paths. In folders and archives, only files with some suffixes count.

    ``total`` is their size in bytes, ``position`` the number of bytes read; archives count in their
    compressed size. The path ``-`` is standard input, of which ``spool`` is a copy. Raises
    ``NothingToDoError`` if a path does not exist, or is a folder or an archive without such a file.
    """

    def __init__(
        self, paths: Sequence[Path], suffixes: Sequence[str], spool: Path | None = None
    ) -> None:
        self._paths = list(dict.fromkeys(paths))
        self._spool = spool
        self._suffixes = (*suffixes, *ARCHIVES)
        self._inside = tuple(suffixes)
        self._passed = 0
        self._current: io.FileIO | None = None
        self.total = sum(self._size(path) for path in self._paths)

    @property
    def position(self) -> int:
        """The number of bytes that have been read."""
        return self._passed + (self._current.tell() if self._current else 0)

    def __iter__(self) -> Iterator[Input]:
        """Open the files one after the other."""
        for path in self._paths:
            if path == STANDARD_INPUT and self._spool:
                yield from self._open(self._spool, named=True, name="standard input")
            elif path.is_dir():
                errors: list[OSError] = []
                for file in self._files(path, errors):
                    yield from self._open(file, named=False)
                for error in errors:
                    reason = f"it cannot be listed: {error.strerror}"
                    yield Input(printable(str(error.filename)), None, reason=reason)
            else:
                yield from self._open(path, named=True)

    def _size(self, path: Path) -> int:
        """Return the size of the files at a path. Raises ``NothingToDoError`` if there are none."""
        if path == STANDARD_INPUT and self._spool:
            path = self._spool
        try:
            found = path.stat()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            reason = "does not exist" if missing else f"cannot be examined ({error.strerror})"
            raise NothingToDoError(f"{printable(path)} {reason}: nothing was imported.") from None
        if stat.S_ISDIR(found.st_mode):
            errors: list[OSError] = []
            sizes = [_file_size(file) for file in self._files(path, errors)]
            if not sizes and not errors:
                self._refuse_empty(path)
            return sum(sizes)
        if stat.S_ISREG(found.st_mode) and not self._any_member(path):
            self._refuse_empty(path)
        return found.st_size

    def _refuse_empty(self, path: Path) -> None:
        kinds = ", ".join(self._inside)
        raise NothingToDoError(
            f"{printable(path)} has no file of a known kind ({kinds}): nothing was imported."
        )

    def _any_member(self, path: Path) -> bool:
        """Whether an archive has a member to read. Any other file is examined when it is read."""
        with suppress(OSError, InvalidInputError), path.open("rb") as file:
            head = file.read(HEAD)
            file.seek(0)
            if is_archive(head):
                found = members(file, head, path.stat().st_size)
                return any(self._may_be_read(member.name) for member in found)
        return True

    def _may_be_read(self, name: str) -> bool:
        """Whether a member of an archive is read, or refused by its name, and not ignored."""
        path = _as_path(name)
        *folders, _ = path.split("/")
        hidden = any(folder.startswith(".") and folder != "." for folder in folders)
        return self._is_wanted(path, self._suffixes) and (_is_outside(path) or not hidden)

    @staticmethod
    def _is_wanted(name: str, suffixes: tuple[str, ...]) -> bool:
        last = name.rpartition("/")[2]
        return last.lower().endswith(suffixes) and not last.startswith(".")

    def _files(self, folder: Path, errors: list[OSError]) -> Iterator[Path]:
        """Yield the files below a folder by path, with archive documents of feeds last.

        Linked folders are not entered. Folders that cannot be listed are added to ``errors``.
        """
        archived: list[Path] = []
        for at, folders, names in os.walk(folder, onerror=errors.append):
            folders.sort()
            # A folder that is named like a file is refused when it is opened.
            wanted = [
                Path(at, name)
                for name in sorted([*names, *folders])
                if self._is_wanted(name, self._suffixes)
            ]
            documents = {path for path in wanted if _is_archive_document(path)}
            yield from (path for path in wanted if path not in documents)
            archived += sorted(documents)
            folders[:] = [name for name in folders if not name.startswith(".")]
        yield from archived

    def _open(self, path: Path, *, named: bool, name: str = "") -> Iterator[Input]:
        name = name or printable(path)
        if not path.is_file():
            yield Input(name, None, reason="it is not a regular file", named=named)
            return
        try:
            with path.open("rb", buffering=0) as raw:
                self._current = raw
                size = os.fstat(raw.fileno()).st_size
                stream = io.BufferedReader(raw, HEAD)
                head = stream.peek(HEAD)
                if is_archive(head):
                    yield from self._members(name, stream, head, size)
                else:
                    yield Input(name, stream, head, named=named)
                self._passed += size
        except OSError as error:
            yield Input(name, None, reason=f"it cannot be read: {error.strerror}", named=named)
        finally:
            self._current = None

    def _members(self, archive: str, file: BinaryIO, head: bytes, size: int) -> Iterator[Input]:
        try:
            for member in members(file, head, size):
                name = f"{archive}: {printable(member.name)}"
                path = _as_path(member.name)
                if not self._may_be_read(path):
                    continue
                if _is_outside(path):
                    reason = "its name is outside the archive"
                elif self._is_wanted(path, ARCHIVES):
                    reason = "an archive within an archive is not read: unpack it"
                else:
                    reason = member.reason
                if reason or member.stream is None:
                    yield Input(name, None, reason=reason)
                else:
                    yield _member(name, member.stream)
        except InvalidInputError as error:
            yield Input(archive, None, reason=str(error))


def _as_path(name: str) -> str:
    """Return the name of a member as a path, with ``/`` as separator."""
    return name.replace("\\", "/")


def _is_outside(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


def _member(name: str, stream: io.BufferedReader) -> Input:
    try:
        return Input(name, stream, stream.peek(HEAD))
    except InvalidInputError as error:
        # Other members of a zip may be intact. A tar fails again at the next member.
        return Input(name, None, reason=str(error))


def printable(name: str | Path) -> str:
    """Return a name in which characters that cannot be printed are escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(name))


def _is_archive_document(path: Path) -> bool:
    """Whether a file is an archive document of a feed (RFC 5005 §4).

    The feed itself is read first, because it has the newest version of an entry in both.
    """
    if not path.name.lower().endswith(_FEEDS) or not path.is_file():
        return False
    head = b""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(HEAD)
    return _HISTORY in head and bool(_ARCHIVE_MARK.search(head))


def _file_size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
