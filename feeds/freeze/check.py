"""Check a folder that ``feeds freeze`` has written, without the store, which may be gone."""

import gzip
import hashlib
import os
import random
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

import brotli

from feeds.errors import NothingToDoError
from feeds.formats import FORMATS
from feeds.freeze.generations import CURRENT, MANIFEST, SITE
from feeds.freeze.workers import file_name
from feeds.operations.check.document import CORRECTION, arrangement, dead_links, read
from feeds.operations.check.seen import Seen
from feeds.settings import Settings
from feeds.urls import normalize_old_address, permalink

_DAMAGED: Final = "Freeze into a new folder, or put a copy of this one in its place."
_WRITTEN: Final = "Look for the fault in the store with `feeds check`, then freeze again."

_LINE: Final = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>\S.*)\n")
_DOCUMENT: Final = re.compile(
    r"/(?:releases|categories/[^/]+)(?P<archive>/archive/[0-9]+)?"
    rf"\.(?P<extension>{'|'.join(FORMATS)})"
)
_CATEGORY: Final = re.compile(r"/categories/(?P<slug>[a-z0-9-]+)(?P<rest>.*)")
# What has moved, as feeds/freeze/hosts writes it into this configuration.
_CONFIGURATION: Final = "Caddyfile"
_MOVED: Final = re.compile(r' {8}"(?P<address>(?:[^"\\]|\\.)*)" (?P<target>https?:\S+)\n')
_RENAMED: Final = re.compile(r' {8}~\^(?P<former>[a-z0-9-]+)\$ "(?P<current>[a-z0-9-]+)"\n')

_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".gz": gzip.decompress,
    ".br": brotli.decompress,
}


class _Document(NamedTuple):
    """A feed document: its path below the base URL, its format, whether it is an archive's."""

    path: str
    extension: str
    is_archive: bool


class FrozenCheck:
    """Looks for faults in a folder; then ``files`` and ``documents`` are the numbers looked at."""

    def __init__(self, folder: Path, settings: Settings, sample: int | None) -> None:
        self._generation = folder / CURRENT
        self._base_url = settings.base_url
        self._root = settings.site.root
        self._suspension = f"tag:{settings.authority},{settings.authority_year}:suspension/"
        self._sample = sample
        self.files = 0
        self.documents = 0

    def faults(self) -> Iterator[str]:
        """Yield each fault with what to do.

        Raises ``NothingToDoError`` if the folder cannot be read, or is that of another base URL.
        """
        running = self._running()
        found: list[_Document] = []
        for fault in self._file_faults(found):
            yield f"{fault}. {_DAMAGED}"
        for fault in self._dead_redirects():
            yield f"{fault}. {_WRITTEN}"
        if self._sample is not None and self._sample < len(found):
            found = random.sample(found, self._sample)
        self.documents = len(found)
        for document in found:
            for fault in self._document_faults(document, running):
                yield f"{document.path}: {fault}"

    def _running(self) -> str | None:
        """Return the id of the notice with which the feeds begin, None if there is none."""
        name = f"{SITE}{self._root}/releases.atom"
        try:
            seen = read("atom", (self._generation / name).read_bytes())
        except OSError as error:
            raise NothingToDoError(
                f"{self._generation / name} cannot be read ({error.strerror}): name a folder of "
                f"`feeds freeze`, and set FEEDS_BASE_URL as it was then."
            ) from error
        if seen.address and seen.address != f"{self._base_url}/releases.atom":
            raise NothingToDoError(
                f"The folder was frozen for {seen.address.removesuffix('/releases.atom')}: set "
                f"FEEDS_BASE_URL to it."
            )
        return self._notice(seen)

    def _notice(self, seen: Seen) -> str | None:
        first = seen.items[0].id if seen.items else ""
        return first if first.startswith(self._suspension) else None

    def _file_faults(self, documents: list[_Document]) -> Iterator[str]:
        """Yield in what the files differ from the manifest; append the documents among them."""
        path = self._generation / MANIFEST
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    match = _LINE.fullmatch(line)
                    if match is None:
                        yield f"{path}, line {number}, is not a SHA-256 and a name"
                        continue
                    fault = self._file_fault(match["name"], match["digest"])
                    if fault:
                        yield f"{self._generation / match['name']} {fault}"
                    elif document := self._document(match["name"]):
                        documents.append(document)
        except OSError as error:
            yield f"{path} cannot be read: {error.strerror}"
            return
        yield from self._unlisted()

    def _file_fault(self, name: str, digest: str) -> str | None:
        file = self._generation / name
        try:
            content = file.read_bytes()
            self.files += 1
            if hashlib.sha256(content).hexdigest() != digest:
                return "has another SHA-256 than the manifest says"
            if decode := _DECODERS.get(file.suffix):
                plain = file.with_suffix("").read_bytes()
                if decode(content) != plain:
                    return f"decodes to other content than {file.with_suffix('').name}"
        except (gzip.BadGzipFile, EOFError, zlib.error, brotli.error):
            return "cannot be decoded"
        except (OSError, ValueError) as error:
            return f"cannot be read: {getattr(error, 'strerror', error)}"
        return None

    def _unlisted(self) -> Iterator[str]:
        """Yield the files that the manifest does not name, which a host would serve."""
        number = sum(len(names) for _, _, names in os.walk(self._generation))
        if number == self.files + 1:  # with the manifest; its names need not be kept in memory
            return
        listed = {MANIFEST}
        with (self._generation / MANIFEST).open(encoding="utf-8", errors="replace") as lines:
            listed.update(match["name"] for match in map(_LINE.fullmatch, lines) if match)
        for folder, _, names in os.walk(self._generation):
            for name in names:
                path = Path(folder, name)
                if str(path.relative_to(self._generation)) not in listed:
                    yield f"{path} is not in the manifest"

    def _document(self, name: str) -> _Document | None:
        path = name.removeprefix(SITE + self._root)
        match = _DOCUMENT.fullmatch(path)
        return _Document(path, match["extension"], bool(match["archive"])) if match else None

    def _document_faults(self, document: _Document, running: str | None) -> Iterator[str]:
        """Yield what is wrong with a document, each with what to do."""
        content = (self._generation / f"{SITE}{self._root}{document.path}").read_bytes()
        seen = read(document.extension, content)
        for fault in (*seen.faults, *self._differences(document, seen, running)):
            yield f"{fault}. {_WRITTEN}"
        for fault, is_of_entry in dead_links(seen, self._base_url, self._leads_somewhere):
            advice = f"{CORRECTION}, then freeze again." if is_of_entry else _WRITTEN
            yield f"{fault}. {advice}"

    def _differences(self, document: _Document, seen: Seen, running: str | None) -> Iterator[str]:
        """Yield in what a document differs from what the folder should have there."""
        address = self._base_url + document.path
        if seen.address != address:
            yield f"it says that its address is {seen.address!r}, not {address}"
        yield from arrangement(seen.items, None if document.is_archive else running)
        if document.is_archive:
            surplus = running if running in {item.id for item in seen.items} else None
        else:
            surplus = None if running else self._notice(seen)
        if surplus:
            yield f"it has the notice {surplus}, which should not be in it"

    def _dead_redirects(self) -> Iterator[str]:
        moved, _ = self._old
        for address, target in moved.items():
            if not self._is_file(target.removeprefix(self._base_url)):
                yield f"The old address {address} redirects to {target}, which leads nowhere"

    def _leads_somewhere(self, below: str) -> bool:
        """Return whether there is a file or a redirect at a path and query below the base URL."""
        path, _, query = below.partition("#")[0].partition("?")
        moved, renamed = self._old
        if self._is_file(path):
            return True
        raw = unquote_to_bytes(self._root + path), query.encode()
        if normalize_old_address(*raw) in moved or permalink(*raw) in moved:
            return True
        match = _CATEGORY.fullmatch(path)
        current = renamed.get(match["slug"]) if match else None
        return bool(match and current and self._is_file(f"/categories/{current}{match['rest']}"))

    def _is_file(self, path: str) -> bool:
        with suppress(OSError):  # such as a name that is too long for a file
            return (self._generation / file_name(unquote(self._root + (path or "/")))).is_file()
        return False

    @cached_property
    def _old(self) -> tuple[dict[str, str], dict[str, str]]:
        """The old addresses with their targets, and the former slugs with the current ones."""
        moved, renamed = {}, {}
        file = self._generation / _CONFIGURATION
        # If it cannot be read, that is a fault already.
        with suppress(OSError), file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if match := _MOVED.fullmatch(line):
                    address = re.sub(r"\\(.)", r"\1", match["address"])
                    moved[address] = match["target"]
                elif match := _RENAMED.fullmatch(line):
                    renamed[match["former"]] = match["current"]
        return moved, renamed
