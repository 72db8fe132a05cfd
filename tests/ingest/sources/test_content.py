"""Nothing of the content is lost on the way from a document to its records.

The documents are written by the writers of XML and JSON in the standard library.
"""

import json
import re
from html import escape
from typing import NamedTuple
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.ingest.sources import Record
from feeds.text.html import Html
from tests.ingest.sources.samples import records

DATE = "2010-05-04T12:00:00+03:00"
ATOM = "{http://www.w3.org/2005/Atom}"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
MEDIA = "{http://search.yahoo.com/mrss/}content"

WORDS = st.text(
    st.characters(
        categories=["L", "N"], include_characters="&<>'\"-.;€", exclude_characters="\u0149"
    ),
    min_size=1,
    max_size=12,
)
PATHS = st.from_regex(r"\A[a-z0-9]{1,8}(\?[a-z]=[a-z0-9]{1,4}(&[a-z]=[0-9]{1,3})?)?\Z")


class Release(NamedTuple):
    """A release as a portal might have it."""

    title: str
    words: list[str]
    links: list[str]
    files: list[str]
    tags: list[str]
    authors: list[str]

    @property
    def html(self) -> str:
        paragraphs = "".join(f"<p>{escape(word)}</p>" for word in self.words)
        links = "".join(f'<a href="{escape(link)}">x</a>' for link in self.links)
        return paragraphs + links


def addresses(host: str) -> st.SearchStrategy[list[str]]:
    return st.lists(PATHS.map(lambda path: f"https://{host}/{path}"), max_size=3, unique=True)


LETTERS = st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=12)
RELEASES = st.lists(
    st.builds(
        Release,
        title=LETTERS,
        words=st.lists(WORDS, min_size=1, max_size=4),
        links=addresses("l.lv"),
        files=addresses("f.lv"),
        tags=st.lists(LETTERS, max_size=3, unique=True),
        authors=st.lists(LETTERS, max_size=3, unique=True),
    ),
    min_size=1,
    max_size=3,
)


def check(found: list[Record], releases: list[Release]) -> None:
    """Compare records with the releases, whose text may be escaped differently."""
    assert len(found) == len(releases)
    for record, release in zip(found, releases, strict=True):
        (block,) = record.body
        assert isinstance(block, Html)
        text = block.text
        assert re.sub("&quot;|&#x27;|['\"]", "", text) == re.sub(
            "&quot;|&#x27;|['\"]", "", release.html
        )
        assert record.title == release.title
        assert [file.url for file in record.attachments] == release.files
        assert record.labels == tuple(release.tags)
        assert record.authors == tuple(release.authors)
        assert (record.dropped, record.remarks) == ((), ())


def add(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


@settings(max_examples=50)
@given(RELEASES, st.sampled_from(["utf-8", "utf-16", "us-ascii"]), st.booleans())
def test_releases_in_atom(releases: list[Release], encoding: str, xhtml: bool) -> None:
    feed = ET.Element(f"{ATOM}feed")
    for release in releases:
        entry = ET.SubElement(feed, f"{ATOM}entry")
        add(entry, f"{ATOM}title", release.title)
        add(entry, f"{ATOM}updated", DATE)
        if xhtml:
            content = add(entry, f"{ATOM}content", type="xhtml")
            xhtml_ = f'<div xmlns="http://www.w3.org/1999/xhtml">{release.html}</div>'
            content.extend(ET.fromstring(xhtml_))  # noqa: S314 - it is ours
        else:
            add(entry, f"{ATOM}content", release.html, type="html")
        for file in release.files:
            add(entry, f"{ATOM}link", rel="enclosure", href=file)
        for tag in release.tags:
            add(entry, f"{ATOM}category", term=tag)
        for author in release.authors:
            add(add(entry, f"{ATOM}author"), f"{ATOM}name", author)
    check(records("feed", ET.tostring(feed, encoding)), releases)


@settings(max_examples=50)
@given(RELEASES, st.sampled_from([ENCODED, "description"]), st.booleans())
def test_releases_in_rss(releases: list[Release], body: str, media: bool) -> None:
    rss = ET.Element("rss")
    channel = ET.SubElement(rss, "channel")
    for release in releases:
        item = ET.SubElement(channel, "item")
        add(item, "title", release.title)
        add(item, "pubDate", DATE)
        add(item, body, release.html)
        for file in release.files:
            add(item, MEDIA if media else "enclosure", url=file)
        for tag in release.tags:
            add(item, "category", tag)
        for author in release.authors:
            add(item, "{http://purl.org/dc/elements/1.1/}creator", author)
    check(records("feed", ET.tostring(rss, "utf-8")), releases)


@settings(max_examples=50)
@given(RELEASES)
def test_releases_in_json_feed(releases: list[Release]) -> None:
    listed = [
        {
            "title": release.title,
            "date_published": DATE,
            "content_html": release.html,
            "attachments": [{"url": file, "mime_type": "text/plain"} for file in release.files],
            "tags": release.tags,
            "authors": [{"name": author} for author in release.authors],
        }
        for release in releases
    ]
    check(records("feed", json.dumps({"items": listed})), releases)


@settings(max_examples=50)
@given(RELEASES)
def test_releases_in_json_lines(releases: list[Release]) -> None:
    lines = [
        json.dumps(
            {
                "title": release.title,
                "published": DATE,
                "body_html": release.html,
                "attachments": [{"url": file} for file in release.files],
                "categories": release.tags,
                "authors": release.authors,
            },
            ensure_ascii=False,
        )
        for release in releases
    ]
    check(records("jsonl", "\n".join(lines)), releases)


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_no_plain_text_loses_a_letter(text: str) -> None:
    feed = {"items": [{"title": "T", "date_published": DATE, "content_text": text}]}
    (record,) = records("feed", json.dumps(feed))
    kept = "".join(block.text for block in record.body)
    assert kept.split() == text.replace("\r\n", "\n").replace("\r", "\n").split()
