"""An export with many features comes in whole: its pictures, links and files are counted.

They are counted in the export by other means than those of the import: the standard library's
parsers, and the shortcodes as a person reads them.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from lxml import etree

from feeds.domain import Release
from feeds.ingest.sources import Record
from tests.ingest.sources import theme_export
from tests.ingest.sources.samples import items
from tests.portal import Portal

pytestmark = pytest.mark.engines("sqlite", reason="sources are read before the store is")

WP = "{http://wordpress.org/export/1.2/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
EXPORT = theme_export.export()
ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]\\)]+")
BLOCK = re.compile(r"<!-- wp:(\S+) (\{.*?\}) /-->")
GALLERY = re.compile(r"(?<!\[)\[gallery([^\]]*)\]")
IDS = re.compile(r"\b(?:ids|include)=[^\d]*([\d,]+)")


@dataclass
class Seen(HTMLParser):
    """The pictures and links of HTML, and its text outside code."""

    pictures: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    text: str = ""

    def __init__(self, markup: str, base: str) -> None:
        super().__init__()
        self.pictures, self.links, self.text = Counter(), Counter(), ""
        self._base, self._code = base, 0
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stated = dict(attrs)
        self._code += tag in {"code", "pre"}
        if tag == "img":
            self.pictures[urljoin(self._base, stated.get("src") or "")] += 1
        if tag == "a":
            self.links[urljoin(self._base, stated.get("href") or "")] += 1

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "pre"}

    def handle_data(self, data: str) -> None:
        self.text += "" if self._code else data


@dataclass
class Post:
    """A published post of the export, as the test reads it."""

    number: int
    content: str
    featured: str

    @property
    def link(self) -> str:
        return f"{theme_export.SITE}/{self.number}/"

    @property
    def seen(self) -> Seen:
        return Seen(self.content, self.link)

    def count_pictures(self) -> int:
        """Count the pictures that WordPress shows, those of galleries included."""
        number = self.seen.pictures.total() + self.seen.text.count("poster=")
        for gallery in GALLERY.findall(self.seen.text):
            if ids := IDS.search(gallery):
                number += len(ids[1].split(","))
            else:
                number += 3 - gallery.count("exclude=")  # the three pictures of post 121
        for name, stated in BLOCK.findall(self.content):
            attributes = json.loads(stated)
            number += len(attributes.get("ids", ())) + (name == "image")
        return number + self.content.count("background-image:url")


def published() -> Iterator[Post]:
    for item in etree.fromstring(EXPORT.encode()).iter("item"):
        stated = {child.tag: child.text or "" for child in item}
        meta = {m[0].text: m[1].text or "" for m in item.iter(f"{WP}postmeta")}
        if (
            stated[f"{WP}post_type"] == "post"
            and stated[f"{WP}status"] == "publish"
            and not stated.get(f"{WP}post_password")
        ):
            number = int(stated[f"{WP}post_id"])
            yield Post(number, stated[CONTENT], meta.get("_thumbnail_id", ""))


POSTS = list(published())


@pytest.fixture
def releases(portal: Portal) -> dict[int, tuple[Release, str]]:
    """Import the export; return the releases and their remarks by the number of the post."""
    path, report = portal.write("export.xml", EXPORT), portal.folder / "report.jsonl"
    ran = portal.feeds("import", "--report", report, path)
    assert ran.code == 0, ran.err
    results = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    remarks = {result["id"]: "; ".join(result["remarks"]) for result in results}
    with portal.store.read() as snapshot:
        listed = snapshot.newest_listed(snapshot.everything(), 1000)
        found = snapshot.releases(listed).values()
    return {
        int(release.permanent_id.rpartition("=")[2]): (release, remarks[release.entry_id])
        for release in found
    }


def test_the_posts_that_are_public_come_in(releases: dict[int, tuple[Release, str]]) -> None:
    assert len(POSTS) >= 60
    assert sorted(releases) == [post.number for post in POSTS]


def test_each_picture_is_in_its_release_or_named(
    releases: dict[int, tuple[Release, str]],
) -> None:
    total = 0
    for post in POSTS:
        release, remarks = releases[post.number]
        kept = Seen(release.body, post.link).pictures
        assert post.seen.pictures - kept == Counter(), post
        missing = re.findall(r"\b999\d\b", remarks.replace(post.featured or "-", ""))
        named = [id_ for id_ in missing if id_ != "9994"]  # this is a recording
        assert post.count_pictures() == kept.total() + len(named), post
        total += kept.total()
    assert total > 35


def test_each_link_is_in_its_release(releases: dict[int, tuple[Release, str]]) -> None:
    for post in POSTS:
        release, _ = releases[post.number]
        kept = Seen(release.body, post.link)
        # A fallback link to what is embedded is not doubled.
        assert set(post.seen.links) <= set(kept.links), post
        assert post.seen.links.total() <= kept.links.total() + (post.number == 134), post


def test_each_address_is_in_its_release(releases: dict[int, tuple[Release, str]]) -> None:
    for post in POSTS:
        release, _ = releases[post.number]
        seen = Seen(release.body, post.link)
        kept = {*seen.links, *seen.pictures, *ADDRESS.findall(release.body)}
        stated = {url.replace("&amp;", "&") for url in ADDRESS.findall(post.content)}
        smaller = {url for url in stated if "300x100" in url}  # of the pictures in srcset
        assert stated - smaller - kept == set(), post


def test_each_attachment_is_listed_or_in_the_content() -> None:
    records = {
        int((item.permanent_id or "").rpartition("=")[2]): item
        for item in items("wordpress", EXPORT)
        if isinstance(item, Record)
    }
    stated = kept = 0
    for post in POSTS:
        record = records[post.number]
        own = [
            (number, file)
            for number, file, parent, *_ in theme_export.ATTACHMENTS
            if post.number == parent or str(number) == post.featured
        ]
        listed = [attachment.url.rpartition("/")[2] for attachment in record.attachments]
        shown = "".join(block.text for block in record.body)
        for number, file in own:
            stem = file.rpartition(".")[0]
            in_content = re.search(rf"<img[^>]* src=\"[^\"]*/{stem}", shown)
            featured = str(number) == post.featured
            assert (file in listed) == (featured or not in_content), post
        stated += len(own)
        kept += len(listed)
    assert (stated, kept) == (12, 8)
