"""Feed readers that people use, unchanged: what they show before, during and after a suspension."""

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path

import pytest

from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a reader does not see the engine"),
]

# All letters that only Latvian has, and characters that a reader must not escape or interpret.
KULTURA = ["„Īve” & draugi: <jauna> čella Ļaužu Ģildē", "Šķūņu ēkā Ķegumā žāvē āboliņu"]
RELEASES = [KULTURA[0], "ĀČĒĢĪĶĻŅŠŪŽ āčēģīķļņšūž", KULTURA[1]]
SUSPENSION = "Vortāla darbība pārtraukta uz nenoteiktu laiku."
RESUMPTION = "Vortāla darbība atsākta."
# Polls in each state of the portal: active, suspended, resumed.
POLLS = 3

# The options of curl that sfeed's README recommends to reduce the load of servers.
SPARING = """
fetch() {
    etag="$HOME/.sfeed/etags/$1"
    curl -fs --compressed --etag-save "$etag" --etag-compare "$etag" -z "$etag" "$2" 2>/dev/null
}
"""


def run(folder: Path, *command: str, given: bytes = b"") -> str:
    """Run a reader with its own folder as the home folder."""
    home = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    ran = subprocess.run(command, input=given, env=home, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    return ran.stdout.decode()


class Newsboat:
    """A subscriber who uses newsboat and reads everything after each poll."""

    def __init__(self, folder: Path, *feeds: str) -> None:
        self.folder = folder / "newsboat"
        self.folder.mkdir()
        self.news: list[int] = []
        (self.folder / "config").touch()
        (self.folder / "urls").write_text("".join(f"{feed}\n" for feed in feeds))

    def run(self, *arguments: str) -> str:
        files = (("-u", "urls"), ("-C", "config"), ("-c", "cache.db"))
        named = (word for option, name in files for word in (option, str(self.folder / name)))
        return run(self.folder, "newsboat", *named, *arguments)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return id, title and address of each entry, in newsboat's own order."""
        with closing(sqlite3.connect(self.folder / "cache.db")) as cache:
            return list(
                cache.execute(
                    "SELECT guid, title, url FROM rss_item WHERE deleted = 0 "
                    "ORDER BY pubDate DESC, id DESC"
                )
            )

    def poll(self) -> list[str]:
        printed = self.run("-x", "reload", "print-unread")
        self.news.append(int(printed.removesuffix(" unread articles\n")))
        entries = self.entries()
        read = self.folder / "read"
        read.write_text("".join(f"{guid}\n" for guid, _, _ in entries))
        self.run("-I", str(read))
        return [title for _, title, _ in entries]


class Sfeed:
    """A subscriber who uses sfeed for one feed, with a clock that is an hour fast."""

    def __init__(self, folder: Path, feed: str, fetch: str = "") -> None:
        self.folder = folder / "sfeed"
        (self.folder / ".sfeed" / "etags").mkdir(parents=True)
        subscribed = f"feeds() {{ feed portal {shlex.quote(feed)}; }}\n"
        (self.folder / ".sfeed" / "sfeedrc").write_text(fetch + subscribed)

    def poll(self) -> list[str]:
        run(self.folder, "sfeed_update")
        # curl sends the modification time of the file as If-Modified-Since. It discards a response
        # whose Last-Modified is not later, even if the entity tag is new.
        for etag in (self.folder / ".sfeed" / "etags").iterdir():
            polled = etag.stat().st_mtime + 3600
            os.utime(etag, (polled, polled))
        lines = (self.folder / ".sfeed" / "feeds" / "portal").read_text().splitlines()
        return [line.split("\t")[1] for line in lines]


@pytest.fixture
def portal(portal: Portal) -> Portal:
    """Return a portal with releases in two categories."""
    categories = ("Kultūra", "Izglītība", "Kultūra")
    return portal.imported(
        *(
            page(title, category, f"2010-05-0{9 - number} 12:00:00")
            for number, (title, category) in enumerate(zip(RELEASES, categories, strict=True))
        )
    )


@contextmanager
def served_to(portal: Portal, *programs: str) -> Iterator[str]:
    """Serve the portal at its base URL, if the readers are installed; yield the URL."""
    for program in programs:
        if not shutil.which(program):
            package = program.partition("_")[0]
            pytest.skip(f"needs {program}, which is missing: apt-get install {package}")
    portal.environ["FEEDS_BASE_URL"] = portal.address
    portal.feeds("migrate")
    with portal.served(FEEDS_WORKERS="1") as address:
        yield address


def go_through_a_suspension(
    portal: Portal, reader: Newsboat | Sfeed, releases: Sequence[str]
) -> None:
    """Poll before, during and after a suspension: the newest entry is first, none is repeated."""
    for command, notices in (
        ("status", ()),
        ("suspend", (SUSPENSION,)),
        ("resume", (RESUMPTION, SUSPENSION)),
    ):
        assert portal.feeds(command).code == 0
        for _ in range(POLLS):
            assert reader.poll() == [*notices, *releases]


def statuses(portal: Portal, path: str) -> list[int]:
    """Return the status of each response for a feed, from the access log."""
    log = (portal.folder / "gunicorn.out").read_text()
    return [int(status) for status in re.findall(rf'"GET {re.escape(path)} \S+" (\d+) ', log)]


def found(folder: Path, address: str) -> list[tuple[str, str]]:
    """Return the feeds that sfeed_web finds on a page, with their media types."""
    with urllib.request.urlopen(address, timeout=120) as response:
        lines = run(folder, "sfeed_web", address, given=response.read()).splitlines()
    return [(feed, media_type) for feed, media_type in (line.split("\t") for line in lines)]


@pytest.mark.parametrize("form", ["atom", "rss"])
def test_newsboat_reports_each_change_once_and_shows_it_first(portal: Portal, form: str) -> None:
    with served_to(portal, "newsboat") as address:
        reader = Newsboat(portal.folder, f"{address}/releases.{form}")
        go_through_a_suspension(portal, reader, RELEASES)
    assert reader.news == [3, 0, 0, 1, 0, 0, 1, 0, 0]
    # Its second poll is never conditional: the first one stores the ETag with a feed that is not
    # in its database yet.
    assert statuses(portal, f"/releases.{form}") == [200, 200, 304, 200, 304, 304, 200, 304, 304]


def test_newsboat_reports_a_change_in_several_feeds_once(portal: Portal) -> None:
    with served_to(portal, "newsboat") as address:
        feeds = ("releases.atom", "categories/kultura.rss", "categories/kultura+izglitiba.atom")
        reader = Newsboat(portal.folder, *(f"{address}/{feed}" for feed in feeds))
        go_through_a_suspension(portal, reader, RELEASES)
    assert reader.news == [3, 0, 0, 1, 0, 0, 1, 0, 0]


def test_the_links_in_newsboat_go_to_pages_with_the_same_title(portal: Portal) -> None:
    portal.feeds("suspend")
    with served_to(portal, "newsboat") as address:
        reader = Newsboat(portal.folder, f"{address}/releases.atom")
        assert reader.poll() == [SUSPENSION, *RELEASES]
        for _, title, link in reader.entries():
            with urllib.request.urlopen(link, timeout=120) as response:
                assert title in unescape(response.read().decode())


def test_sfeed_finds_the_feeds_of_a_page_first_and_then_those_of_the_portal(portal: Portal) -> None:
    types = {"atom": "application/atom+xml", "rss": "application/rss+xml"}
    with served_to(portal, "sfeed_web") as address:

        def named(*paths: str) -> list[tuple[str, str]]:
            return [(f"{address}/{path}.{form}", types[form]) for path in paths for form in types]

        assert found(portal.folder, f"{address}/") == named("releases")
        both = named("categories/kultura", "releases")
        for path in ("categories/kultura", "releases/2010/05/07/skunu-eka-keguma-zave-abolinu"):
            assert found(portal.folder, f"{address}/{path}") == both
        for feed, media_type in both:
            with urllib.request.urlopen(feed, timeout=120) as response:
                assert response.headers.get_content_type() == media_type


@pytest.mark.parametrize(
    ("fetch", "answered"),
    [("", [200] * 9), (SPARING, [200, 304, 304] * 3)],
    ids=["default", "as its README recommends"],
)
def test_sfeed_finds_a_feed_on_a_page_and_follows_a_suspension(
    portal: Portal, fetch: str, answered: list[int]
) -> None:
    with served_to(portal, "sfeed_update", "curl") as address:
        feed = found(portal.folder, f"{address}/categories/kultura")[0][0]
        go_through_a_suspension(portal, Sfeed(portal.folder, feed, fetch), KULTURA)
    assert statuses(portal, "/categories/kultura.atom") == answered
