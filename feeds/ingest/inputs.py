"""Inputs: the files that paths lead to, whether single, in folders or in archives.

They are found in one order, by path, and opened one after the other as streams. What kind of input
a file is, and what it says, is no concern of this module.
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
from feeds.ingest.sources.record import UnreadableError

HEAD = 65536
"""How many first bytes of an input can be looked at before it is read."""

_FEEDS = (".atom", ".rss", ".xml")
_HISTORY = b"http://purl.org/syndication/history/1.0"
_ARCHIVE_MARK = re.compile(rb"<[\w.-]+:archive[\s/>]")

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Input:
    """One file, open, or the reason why it is not.

    ``stream`` may be read until the next input is asked for; ``head`` is what it begins with.
    ``named`` tells that the operator named the file itself, and did not come by it within a
    folder or an archive.
    """

    name: str
    stream: BinaryIO | None
    head: bytes = b""
    reason: str = ""
    named: bool = False


class Inputs:
    """The files of these paths, of these suffixes wherever a path is a folder or an archive.

    ``total`` is their size in bytes, ``position`` how many of them have been read: archives
    count as they are packed. Raises ``NothingToDoError`` where a path leads nowhere, or to a
    folder or an archive without any such file.
    """

    def __init__(self, paths: Sequence[Path], suffixes: Sequence[str]) -> None:
        self._paths = list(dict.fromkeys(paths))
        self._suffixes = (*suffixes, *ARCHIVES)
        self._inside = tuple(suffixes)
        self._passed = 0
        self._current: io.FileIO | None = None
        self.total = sum(self._size(path) for path in self._paths)

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._passed + (self._current.tell() if self._current else 0)

    def __iter__(self) -> Iterator[Input]:
        """Open one after the other."""
        for path in self._paths:
            if path.is_dir():
                closed: list[OSError] = []
                for file in self._files(path, closed):
                    yield from self._opened(file, named=False)
                for error in closed:
                    reason = f"it cannot be looked into: {error.strerror}"
                    yield Input(shown(str(error.filename)), None, reason=reason)
            else:
                yield from self._opened(path, named=True)

    def _size(self, path: Path) -> int:
        """Return the size of what is to be read of a path, having looked whether there is any."""
        try:
            found = path.stat()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            reason = "does not exist" if missing else f"cannot be looked at ({error.strerror})"
            raise NothingToDoError(f"{shown(path)} {reason}: nothing was imported.") from None
        if stat.S_ISDIR(found.st_mode):
            closed: list[OSError] = []
            sizes = [_file_size(file) for file in self._files(path, closed)]
            if not sizes and not closed:
                self._holds_none(path)
            return sum(sizes)
        if stat.S_ISREG(found.st_mode) and not self._any_member(path):
            self._holds_none(path)
        return found.st_size

    def _holds_none(self, path: Path) -> None:
        kinds = ", ".join(self._inside)
        raise NothingToDoError(
            f"{shown(path)} holds no file of a known kind ({kinds}): nothing was imported."
        )

    def _any_member(self, path: Path) -> bool:
        """Whether an archive has a member to read; what is none, or unreadable, is told later."""
        with suppress(OSError, UnreadableError), path.open("rb") as file:
            head = file.read(HEAD)
            file.seek(0)
            if is_archive(head):
                found = members(file, head, path.stat().st_size)
                return any(self._may_be_read(member.name) for member in found)
        return True

    def _may_be_read(self, name: str) -> bool:
        """Whether a member of an archive is to be read, or to be refused by its name."""
        path = _as_path(name)
        *folders, _ = path.split("/")
        hidden = any(folder.startswith(".") and folder != "." for folder in folders)
        return self._is_wanted(path, self._suffixes) and (_leads_out(path) or not hidden)

    @staticmethod
    def _is_wanted(name: str, suffixes: tuple[str, ...]) -> bool:
        last = name.rpartition("/")[2]
        return last.lower().endswith(suffixes) and not last.startswith(".")

    def _files(self, folder: Path, closed: list[OSError]) -> Iterator[Path]:
        """Yield what is below a folder, by path, a feed's past after all else.

        Linked folders are not entered; ``closed`` takes those that cannot be.
        """
        past: list[Path] = []
        for at, folders, names in os.walk(folder, onerror=closed.append):
            folders.sort()
            # A folder that is named like a file is no input, and no reason to say nothing.
            wanted = [
                Path(at, name)
                for name in sorted([*names, *folders])
                if self._is_wanted(name, self._suffixes)
            ]
            older = {path for path in wanted if _is_archive_document(path)}
            yield from (path for path in wanted if path not in older)
            past += sorted(older)
            folders[:] = [name for name in folders if not name.startswith(".")]
        yield from past

    def _opened(self, path: Path, *, named: bool) -> Iterator[Input]:
        name = shown(path)
        if not path.is_file():
            yield Input(name, None, reason="it is no regular file", named=named)
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
                name = f"{archive}: {shown(member.name)}"
                path = _as_path(member.name)
                if not self._may_be_read(path):
                    continue
                if _leads_out(path):
                    reason = "its name leads out of the archive"
                elif self._is_wanted(path, ARCHIVES):
                    reason = "an archive within an archive is not read: unpack it"
                else:
                    reason = member.reason
                if reason or member.stream is None:
                    yield Input(name, None, reason=reason)
                else:
                    yield _member(name, member.stream)
        except UnreadableError as error:
            yield Input(archive, None, reason=str(error))


def _as_path(name: str) -> str:
    """Return the name of a member as a path, whichever system's archiver wrote it."""
    return name.replace("\\", "/")


def _leads_out(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


def _member(name: str, stream: io.BufferedReader) -> Input:
    try:
        return Input(name, stream, stream.peek(HEAD))
    except UnreadableError as error:
        # Of a zip the others may be whole; a tar ends here, and says so at the next.
        return Input(name, None, reason=str(error))


def shown(name: str | Path) -> str:
    """Return a name as it can be printed, whatever it is made of."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(name))


def _is_archive_document(path: Path) -> bool:
    """Whether a document says that it holds the past of a feed (RFC 5005 §4).

    The feed itself says what is new of an entry that stands in both: it comes first.
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
