"""Answers as records of a WARC file (ISO 28500), each compressed by itself.

Nothing in a record depends on the clock or on the process: the same state of the store gives the
same bytes.
"""

import html
import os
import re
from http import HTTPStatus
from importlib.metadata import version
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from feeds.freeze.answers import Answer
from feeds.freeze.unfinished import naming, work_folder
from feeds.store.read import Head

NAME: Final = "data.warc.gz"
SOFTWARE: Final = f"release-feeds {version('release-feeds')}"

_TITLE: Final = re.compile(rb"<title>(.*?)</title>", re.DOTALL)


class Record(NamedTuple):
    """Where the record of an answer is, and what the index says about it.

    ``offset`` and ``length`` are in bytes. ``title`` is that of a page, "" for anything else.
    """

    url: str
    media_type: str
    status: int
    digest: str
    offset: int
    length: int
    title: str


class Segment(NamedTuple):
    """A part of the WARC file in a file of its own; the offsets begin at 0 in it."""

    file: Path
    records: list[Record]


class Segments:
    """Writes the segments of a deposit; all records have the instant and the state of ``head``."""

    def __init__(self, deposit: Path, base_url: str, head: Head) -> None:
        self._deposit = deposit
        self._origin = f"{urlsplit(base_url).scheme}://{urlsplit(base_url).netloc}"
        self._head = head
        self._numbers = count()
        self._begin()

    def _begin(self) -> None:
        self._bytes = BytesIO()
        self._writer = WARCWriter(self._bytes, gzip=True)
        self._records: list[Record] = []

    def add(self, answer: Answer) -> None:
        """Add the record of an answer to the segment."""
        url = self._origin + answer.path
        content = answer.body.content()
        status = f"{answer.status.value} {answer.status.phrase}"
        record = self._writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(content),
            length=len(content),
            http_headers=StatusAndHeaders(status, answer.headers, protocol="HTTP/1.1"),
            warc_headers_dict=_headers(self._head, url),
        )
        offset = self._bytes.tell()
        self._writer.write_record(record)
        media_type = dict(answer.headers)["Content-Type"].partition(";")[0]
        is_page = answer.status == HTTPStatus.OK and media_type == "text/html"
        self._records.append(
            Record(
                url,
                media_type,
                answer.status.value,
                record.rec_headers.get_header("WARC-Payload-Digest"),
                offset,
                self._bytes.tell() - offset,
                _title(content) if is_page else "",
            )
        )

    def take(self) -> Segment:
        """Write the segment into a file and return it; the next one begins."""
        file = work_folder(self._deposit) / f"{os.getpid()}-{next(self._numbers)}.warc.gz"
        with naming(self._deposit):
            file.write_bytes(self._bytes.getbuffer())
        segment = Segment(file, self._records)
        self._begin()
        return segment


def warcinfo(base_url: str, head: Head) -> bytes:
    """Return the first record of the file, which says what made it."""
    content = (
        f"software: {SOFTWARE}\r\n"
        "format: WARC File Format 1.0\r\n"
        "conformsTo: http://bibnum.bnf.fr/WARC/WARC_ISO_28500_version1_latestdraft.pdf\r\n"
        f"description: Answers of {base_url}, written by the service itself without HTTP\r\n"
    ).encode()
    written = BytesIO()
    writer = WARCWriter(written, gzip=True)
    record = writer.create_warc_record(
        "",
        "warcinfo",
        payload=BytesIO(content),
        length=len(content),
        warc_headers_dict=_headers(head, "warcinfo") | {"WARC-Filename": NAME},
    )
    writer.write_record(record)
    return written.getvalue()


def date(head: Head) -> str:
    """Return the instant of the last change, at which all answers are said to have been given."""
    return head.instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _headers(head: Head, name: str) -> dict[str, str]:
    # No other content may get the identifier, so it depends on the last change; but not on the
    # identifier of the store, which a back-up does not share.
    identifier = uuid5(NAMESPACE_URL, f"{head.revision} {head.token} {name}")
    return {"WARC-Record-ID": f"<urn:uuid:{identifier}>", "WARC-Date": date(head)}


def _title(page: bytes) -> str:
    found = _TITLE.search(page)
    return html.unescape(found[1].decode()) if found else ""
