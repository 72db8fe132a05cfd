"""What `feeds reach` tells from the log of the real nginx, whose pollers are real readers."""

import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import feedparser
import pytest
from reader import Reader, make_reader

from feeds.operations.suspend import suspend
from tests.access_logs import found
from tests.deploy.site import Site, behind_nginx
from tests.portal import START, Portal, page
from tests.readers.test_readers import Newsboat, Sfeed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a proxy does not see the engine"),
]

AT_ONCE = {"feeds buffer=64k flush=5s;": "feeds;"}  # each line when its response was sent
# The readers trust the certificate of the test.
CURL = "cacert = {folder}/fullchain.pem\n"
NEWSBOAT = "ssl-verifypeer no\nssl-verifyhost no\n"


@contextmanager
def site(portal: Portal) -> Iterator[Site]:
    with (
        portal.served(FEEDS_WORKERS="1") as address,
        behind_nginx(address, portal.folder, AT_ONCE) as running,
    ):
        yield running


@pytest.fixture
def library() -> Iterator[Reader]:
    with closing(make_reader(":memory:")) as made:
        yield made


@pytest.fixture
def readers(
    portal: Portal, library: Reader, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Site], list[Callable[[], object]]]:
    """Return a maker of the polls of newsboat, sfeed, a Python program, feedparser and reader."""
    return lambda running: _readers(portal, running, library, monkeypatch)


def _readers(
    portal: Portal, running: Site, library: Reader, monkeypatch: pytest.MonkeyPatch
) -> list[Callable[[], object]]:
    for program in ("newsboat", "sfeed_update", "curl"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}, which is missing: apt-get install {program}")
    base = f"https://127.0.0.1:{running.secure}"
    newsboat = Newsboat(
        portal.folder, f"{base}/releases.rss", f"{base}/categories/izglitiba+kultura.atom"
    )
    (newsboat.folder / "config").write_text(NEWSBOAT)
    sfeed = Sfeed(portal.folder, f"{base}/releases.atom")
    (sfeed.folder / ".curlrc").write_text(CURL.format(folder=running.folder))
    trusted = str(running.folder / "fullchain.pem")
    monkeypatch.setenv("SSL_CERT_FILE", trusted)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", trusted)
    library.add_feed(f"{base}/categories/kultura.rss")

    def parse() -> None:
        assert feedparser.parse(f"{base}/releases.rss").status == 200

    return [
        newsboat.poll,
        sfeed.poll,
        lambda: urlopen(f"{base}/releases.atom", timeout=120).read(),
        parse,
        lambda: library.update_feed(f"{base}/categories/kultura.rss"),
    ]


def independent_count(log: Path) -> dict[str, set[tuple[str, str]]]:
    """Return who asked for each feed successfully, from the log alone."""
    pollers = defaultdict(set)
    for line in log.read_text().splitlines():
        fields = line.split(" ")
        address, path, status = fields[0], fields[3], fields[5]
        if re.fullmatch(r"/(releases|categories/[a-z+]+)\.\w+", path) and status in {"200", "304"}:
            pollers[path].add((address, line.split('"')[3]))
    return pollers


def test_readers_have_heard_if_they_were_answered_long_after_the_announcement(
    portal: Portal, readers: Callable[[Site], list[Callable[[], object]]]
) -> None:
    portal.imported_at(START, page("A", "Kultūra"), page("B", "Izglītība"))
    suspend(portal.store, portal.settings, START + timedelta(days=1))
    with site(portal) as running:
        for poll in readers(running):
            poll()
            poll()
        other = running.seen_from("127.0.0.9")
        assert other.ask("/categories/kultura.json", {"User-Agent": "Feedly/1 7 subscribers"})
        other.close()
    log = running.folder / "release-feeds.log"
    file = portal.folder / "combined.txt"
    result = found(portal, log, "--combined", file)
    expected = independent_count(log)
    assert {feed: counts["heard"] for feed, counts in result["feeds"].items()} == {
        feed: len(pollers) for feed, pollers in expected.items()
    }
    everyone = set[tuple[str, str]]().union(*expected.values())
    assert (len(everyone), result["heard"], result["pollers"]) == (6, 6, 6)
    assert {name: counts["heard"] for name, counts in result["readers"].items()} == {
        "newsboat": 1,
        "Without a name": 1,  # sfeed sends no agent
        "Libraries": 1,
        "feedparser": 1,
        "reader (Python)": 1,
        "Feedly": 1,
    }
    assert result["subscribers"] == 7
    assert result["lines"] == len(log.read_text().splitlines())
    assert result["other_lines"] == 0
    today = str(datetime.now(portal.settings.timezone).date())
    assert result["days"][-1][-1] == today
    assert file.read_text() == "/categories/izglitiba+kultura.atom\n"


def test_a_reader_is_not_certain_to_have_heard_at_once(
    portal: Portal, readers: Callable[[Site], list[Callable[[], object]]]
) -> None:
    portal.imported(page("A", "Kultūra"), page("B", "Izglītība"))
    with site(portal) as running:
        polls = newsboat, sfeed, *_ = readers(running)
        for poll in polls:
            poll()
        log = running.folder / "release-feeds.log"
        before = len(log.read_text().splitlines())
        # Announced in a second of its own: instants are whole seconds.
        time.sleep(2)
        assert portal.feeds("suspend").code == 0
        newsboat()
        sfeed()
    assert len(log.read_text().splitlines()) > before
    result = found(portal, log)
    assert [result[name] for name in ("pollers", "before", "since", "heard")] == [5, 5, 2, 0]
    assert (result["not_certain"], result["not_back"]) == (2, 3)
    assert result["readers"]["Libraries"]["not_back"] == 1
    direct = found(portal, portal.folder / "gunicorn.out")
    assert direct["other_lines"] == 0
    assert direct["readers"]["Without a name"]["since"] == 1  # nginx


def test_nginx_logs_the_query_of_what_was_not_found_only(portal: Portal) -> None:
    portal.imported(page("A", "Kultūra"))
    asked = ("/rss.php?cat=1%20&x=%22", "/r%C4%ABts?feed=rss2", "/releases.atom?token=secret")
    with site(portal) as running:
        for path in asked:
            running.ask(path)
    log = running.folder / "release-feeds.log"
    assert "secret" not in log.read_text()
    assert " /rss.php?cat=1%20&x=%22 HTTP/1.1" in log.read_text()
    result = found(portal, log)
    assert result["other_lines"] == 0
    assert {one["address"]: one["target"] for one in result["in_vain"]} == {
        "/rss.php?cat=1%20&x=%22": "/releases.rss",
        "/r%C4%ABts?feed=rss2": None,
    }
    for one in result["in_vain"]:
        assert portal.feeds("address", "add", one["address"], "/releases.rss").code == 0
