"""The frozen archive as one file for libraries: a WACZ (1.1.1) with WARC records of the answers.

All dates come from the store, so that the same store gives the same bytes.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from feeds.domain import Site
from feeds.freeze.cdxj import INDEX, Index
from feeds.freeze.unfinished import ZIP, naming, work_folder
from feeds.freeze.warc import NAME, SOFTWARE, Segment, date, warcinfo
from feeds.store.read import Head

_CHUNK: Final = 1 << 20


class Deposit:
    """The file while it is written: first the records, segment by segment, in the end the rest."""

    def __init__(self, file: Path, site: Site, head: Head) -> None:
        self._file = file
        self._site = site
        self._head = head
        self._zipped = work_folder(file) / ZIP
        self._index = Index(work_folder(file), f"{head.instant:%Y%m%d%H%M%S}")
        self._resources: list[dict[str, str | int]] = []
        with naming(file):
            self._zip = ZipFile(self._zipped, "w")
            self._pages = (work_folder(file) / "pages").open("w+b")
            self._records = self._entry(f"archive/{NAME}", ZIP_STORED)
            self._records.write(warcinfo(site.base_url, head))
            self._pages.write(_line({"format": "json-pages-1.0", "id": "pages", "title": "Pages"}))

    @property
    def size(self) -> int:
        """The number of bytes of the records."""
        return self._records.size

    def add(self, segment: Segment) -> None:
        """Move a segment into the file."""
        with naming(self._file):
            for record in segment.records:
                self._index.add(record, self._records.size)
                if record.title:
                    page = {"url": record.url, "ts": date(self._head), "title": record.title}
                    self._pages.write(_line(page))
            self._records.write(segment.file.read_bytes())
            segment.file.unlink()

    def finish(self) -> str:
        """Write what follows the records; return the SHA-256 of the file."""
        with naming(self._file):
            self._end(self._records)
            self._write_index()
            self._pages.seek(0)
            self._write("pages/pages.jsonl", iter(lambda: self._pages.read(_CHUNK), b""))
            package = json.dumps(self._package(), indent=2).encode()
            self._write("datapackage.json", [package])
            digest = {"path": "datapackage.json", "hash": _hash(package)}
            self._write("datapackage-digest.json", [json.dumps(digest, indent=2).encode()])
            self._zip.close()
            with self._zipped.open("rb") as written:
                os.fsync(written)  # before it gets its name
                return hashlib.file_digest(written, "sha256").hexdigest()

    def close(self) -> None:
        """Close all files, also of a run that has failed."""
        with suppress(OSError):
            self._pages.close()
            self._records.out.close()
            self._zip.close()

    def _write_index(self) -> None:
        header = json.dumps({"format": "cdxj-gzip-1.0", "filename": INDEX})
        blocks = [f"!meta 0 {header}\n"]
        entry = self._entry(f"indexes/{INDEX}", ZIP_STORED)
        for first, block in self._index.blocks():
            place = {"offset": entry.size, "length": len(block), "digest": _hash(block)}
            blocks.append(f"{first} {json.dumps(place)}\n")
            entry.write(block)
        self._end(entry)
        self._write("indexes/index.idx", (line.encode() for line in blocks))

    def _write(self, path: str, parts: Iterable[bytes]) -> None:
        entry = self._entry(path, ZIP_DEFLATED)
        for part in parts:
            entry.write(part)
        self._end(entry)

    def _entry(self, path: str, method: int) -> "_Entry":
        instant = self._head.instant
        day = instant.year, instant.month, instant.day
        info = ZipInfo(path, (*day, instant.hour, instant.minute, instant.second))
        info.compress_type = method
        info.external_attr = 0o644 << 16
        return _Entry(self._zip, info)

    def _end(self, entry: "_Entry") -> None:
        entry.out.close()
        path = entry.info.filename
        self._resources.append(
            {
                "name": path.rpartition("/")[2],
                "path": path,
                "hash": f"sha256:{entry.digest.hexdigest()}",
                "bytes": entry.size,
            }
        )

    def _package(self) -> dict[str, object]:
        """Return the description of the file (Frictionless Data Package)."""
        base_url, instant = self._site.base_url, date(self._head)
        return {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": self._site.title,
            "description": f"All pages, feeds, redirects and withdrawn addresses of {base_url} as "
            f"they were at {instant}, written by the service itself. {self._site.rights}",
            "created": instant,
            "software": SOFTWARE,
            "mainPageUrl": f"{base_url}/",
            "mainPageDate": instant,
            "resources": self._resources,
        }


class _Entry:
    """An entry of the ZIP file that is being written."""

    def __init__(self, archive: ZipFile, info: ZipInfo) -> None:
        self.info = info
        self.out = archive.open(info, "w", force_zip64=True)
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, content: bytes) -> None:
        """Append bytes."""
        self.out.write(content)
        self.digest.update(content)
        self.size += len(content)


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _line(fields: dict[str, str]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"
