"""What access logs tell of those who poll the feeds."""

import gzip
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.operations.suspend import suspend
from tests.portal import START, Portal, command, page

pytestmark = pytest.mark.engines("sqlite", reason="a log does not depend on the engine")

ANNOUNCED = START + timedelta(days=40)
# max-age, stale-while-revalidate and stale-if-error of a subscription document.
CERTAIN = ANNOUNCED + timedelta(seconds=900 + 3600 + 604800)
SECOND = timedelta(seconds=1)
FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)"


@dataclass(frozen=True)
class Line:
    """A request as the logs have it."""

    instant: datetime = CERTAIN + SECOND
    address: str = "192.0.2.1"
    agent: str = "curl/8.5"
    path: str = "/releases.atom"
    status: int = 200
    method: str = "GET"
    cached: str = "HIT"

    @property
    def clf(self) -> str:
        return self.instant.strftime("%d/%b/%Y:%H:%M:%S +0000")

    def feeds(self) -> str:
        """Return the line of ``log_format feeds``."""
        return (
            f'{self.address} [{self.instant.isoformat()}] "{self.method} {self.path} HTTP/2.0" '
            f'{self.status} 1234 "{escaped(self.agent)}" {self.cached} 0.001'
        )

    def combined(self) -> str:
        return (
            f'{self.address} - - [{self.clf}] "{self.method} {self.path} HTTP/1.1" {self.status} '
            f'1234 "https://example.org/?\\"" "{escaped(self.agent)}"'
        )

    def main(self) -> str:
        """Return the line of nginx's "main", whose last field a client can choose."""
        return f'{self.combined()} "198.51.100.7"'

    def gunicorn(self) -> str:
        agent = self.agent.replace('"', '\\"')
        return (
            f'{self.address} [{self.clf}] "{self.method} {self.path} HTTP/1.1" {self.status} 1234 '
            f'"{agent}" 12ms'
        )


FORMS: tuple[Callable[[Line], str], ...] = (Line.feeds, Line.combined, Line.main, Line.gunicorn)


def escaped(text: str) -> str:
    """Escape a value as nginx does."""
    return "".join(
        chr(byte) if 31 < byte < 127 and chr(byte) not in '"\\' else f"\\x{byte:02X}"
        for byte in text.encode(errors="surrogateescape")
    )


@pytest.fixture
def suspended(portal: Portal) -> Portal:
    """Return a portal that announced a suspension in the past."""
    portal.imported_at(
        START, page("Tilts", "Kultūra"), page("Upe", "Izglītība"), page("Ezers", "Kultūra")
    )
    suspend(portal.store, portal.settings, ANNOUNCED)
    return portal


def write(portal: Portal, lines: Sequence[str], name: str = "access.log") -> Path:
    path = portal.folder / name
    path.write_text("".join(f"{line}\n" for line in lines), errors="surrogateescape")
    return path


def found(portal: Portal, *arguments: str | Path) -> dict[str, Any]:
    ran = portal.feeds("reach", "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    result: dict[str, Any] = json.loads(ran.out)
    return result


def reached(portal: Portal, lines: Sequence[Line]) -> dict[str, Any]:
    return found(portal, write(portal, [line.feeds() for line in lines]))


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    names = ("pollers", "before", "since", "heard", "not_certain", "not_back")
    return tuple(result[name] for name in names)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_line_is_read(suspended: Portal, form: Callable[[Line], str]) -> None:
    agent = 'Say "curl/8.5" \\ twice'
    lines = [
        Line(agent=agent),
        Line(address="2001:db8::7", status=304),
        Line(ANNOUNCED - SECOND, "::1", path="/categories/kultura.rss"),
    ]
    result = found(suspended, write(suspended, [form(line) for line in lines]))
    assert counts(result) == (3, 1, 2, 2, 0, 1)
    assert (result["lines"], result["other_lines"]) == (3, 0)
    assert result["readers"]["curl"]["pollers"] == 3
    assert result["feeds"]["/releases.atom"]["heard"] == 2


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (ANNOUNCED - timedelta(days=28) - SECOND, (0, 0, 0, 0, 0, 0)),
        (ANNOUNCED - timedelta(days=28), (1, 1, 0, 0, 0, 1)),
        (ANNOUNCED - SECOND, (1, 1, 0, 0, 0, 1)),
        (ANNOUNCED, (1, 0, 1, 0, 1, 0)),
        (CERTAIN, (1, 0, 1, 0, 1, 0)),
        (CERTAIN + SECOND, (1, 0, 1, 1, 0, 0)),
    ],
)
def test_a_poll_counts_by_its_instant(
    suspended: Portal, instant: datetime, expected: tuple[int, ...]
) -> None:
    result = reached(suspended, [Line(instant)])
    assert counts(result) == expected
    assert result["announcement"]["certain"] == CERTAIN.isoformat()


@pytest.mark.parametrize(
    ("line", "asked", "heard"),
    [
        (Line(status=304), 1, 1),
        (Line(path="/categories/kultura+izglitiba.json"), 1, 1),
        (Line(cached="STALE"), 1, 0),
        (Line(cached="UPDATING"), 1, 0),
        (Line(cached="-"), 1, 1),
        (Line(status=301), 1, 0),
        (Line(status=429), 1, 0),
        (Line(status=503), 1, 0),
        (Line(status=404), 0, 0),
        (Line(method="HEAD"), 0, 0),
        (Line(path="/"), 0, 0),
        (Line(path="/releases.xml"), 0, 0),
        (Line(path="/releases/archive/1.atom"), 0, 0),
    ],
)
def test_a_poll_is_a_request_for_a_subscription_document(
    suspended: Portal, line: Line, asked: int, heard: int
) -> None:
    result = reached(suspended, [line])
    assert (result["pollers"], result["heard"]) == (asked, heard)


def test_after_another_notice_documents_may_have_been_kept_for_a_day(suspended: Portal) -> None:
    assert suspended.feeds("resume").code == 0
    (announced,) = suspended.sql("SELECT max(announced) FROM notice")
    certain = datetime.fromtimestamp(announced[0], UTC) + timedelta(seconds=86400 + 3600 + 604800)
    lines = [Line(certain), Line(certain + SECOND, address="192.0.2.2")]
    assert counts(reached(suspended, lines)) == (2, 0, 2, 1, 1, 0)


def test_without_an_announcement_all_requests_count_together(portal: Portal) -> None:
    log = write(portal, [Line().feeds(), Line(START).feeds(), Line(START, "::1").feeds()])
    result = found(portal, log)
    assert result["announcement"] is None
    assert result["pollers"] == 2
    assert "before" not in result
    out = portal.feeds("reach", log).out
    assert out.startswith("Nothing was announced, so there is no before and since")
    assert "Pollers that asked for feeds: 2.\n" in out
    assert "  curl: 2 pollers\n" in out


def test_the_text_says_what_the_json_says(suspended: Portal) -> None:
    lines = [
        Line(ANNOUNCED - timedelta(days=29)),
        Line(ANNOUNCED - timedelta(days=3), agent=FEEDLY),
        Line(ANNOUNCED - timedelta(days=3), "192.0.2.2"),
        Line(ANNOUNCED + timedelta(days=1), "192.0.2.3"),
        Line(ANNOUNCED + timedelta(days=2), "192.0.2.3"),
        Line(agent=FEEDLY),
    ]
    log = write(suspended, [*(line.feeds() for line in lines), "what?"])
    out = suspended.feeds("reach", log).out.splitlines()
    assert out[0].startswith("Announced 2024-04-10 13:00:00+03:00: Vortāla darbība pārtraukta")
    assert out[1:8] == [
        "Feeds answered after 2024-04-17 14:15:00+03:00 are certain to hold it.",
        "The logs cover 2024-04-07, 2024-04-11 to 2024-04-12, 2024-04-17.",
        "Lines: 7, 1 of another form, 1 too old to count.",
        "Pollers that asked for feeds: 3 (2 in the 28 days before the announcement, 2 since).",
        "  1 have heard: a feed that they got holds the notice.",
        "  1 have asked since, but perhaps got an older document.",
        "  1 have not come back since.",
    ]
    assert out[8].startswith("These are estimates: people who share an address")
    assert out[9:] == [
        "By reader:",
        "  curl: 2 pollers: 0 heard, 1 not certain, 1 not back",
        "  Feedly: 1 poller: 1 heard, 0 not certain, 0 not back; declares 16 subscribers",
        "By feed:",
        "  /releases.atom: 3 pollers: 1 heard, 1 not certain, 1 not back",
    ]


def test_days_are_those_of_the_portal(suspended: Portal) -> None:
    evening = datetime(2024, 4, 12, 22, 30, tzinfo=UTC)
    assert reached(suspended, [Line(evening)])["days"] == [["2024-04-13", "2024-04-13"]]
    assert reached(suspended, [])["days"] == []
    assert "no days that count" in suspended.feeds("reach", write(suspended, [])).out


def test_logs_may_be_compressed_rotated_and_in_any_order(suspended: Portal) -> None:
    """Standard input is a log too, and a log that is named twice counts once."""
    first = suspended.folder / "access.log.2.gz"
    first.write_bytes(gzip.compress(f"{Line(ANNOUNCED - SECOND).feeds()}\n".encode()))
    second = write(suspended, [Line(address="192.0.2.2").combined()], "access.log.1")
    third = gzip.compress(f"{Line().feeds()}\n{Line(address='::1').gunicorn()}".encode())
    orders: list[list[Path | str]] = [[first, second, "-"], ["-", second, first, second]]
    for order in orders:
        with command(
            suspended,
            "reach",
            "--json",
            *order,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=-1,
        ) as process:
            assert process.stdin
            os.write(process.stdin.fileno(), third)
            out, err = process.communicate()
        assert err == ""
        result = json.loads(out)
        assert (counts(result), result["lines"]) == ((3, 1, 3, 3, 0, 0), 4)


def test_subscribers_are_the_latest_of_each_aggregator_and_feed(suspended: Portal) -> None:
    def declared(number: int, instant: datetime, path: str, agent: str = FEEDLY) -> Line:
        return Line(instant, agent=agent.replace("16", str(number)), path=path)

    other = "Mozilla/5.0 (compatible; one.example; 16 readers)"
    result = reached(
        suspended,
        [
            declared(30, CERTAIN, "/releases.atom"),
            declared(20, ANNOUNCED, "/releases.atom"),
            declared(5, ANNOUNCED - SECOND, "/releases.rss"),
            declared(1, ANNOUNCED, "/releases.rss", other),
            declared(2, CERTAIN, "/releases.rss", other),
            declared(4, CERTAIN, "/releases.rss", other.replace("one", "two")),
            declared(7, CERTAIN, "/releases.rss", "Feedbin feed-id:5 - 16 subscribers"),
        ],
    )
    readers = {name: counted["subscribers"] for name, counted in result["readers"].items()}
    assert readers == {"Feedly": 35, "Browsers, or like one": 6, "Feedbin": 7}
    assert result["subscribers"] == 48


def test_an_aggregator_stays_the_same_poller_if_its_subscribers_change(suspended: Portal) -> None:
    lines = [
        Line(ANNOUNCED - SECOND, agent=FEEDLY),
        Line(agent=FEEDLY.replace("16", "15")),
        Line(agent=FEEDLY.replace("16", "3"), path="/releases.rss"),
    ]
    assert counts(reached(suspended, lines)) == (1, 1, 1, 1, 0, 0)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FEEDLY, "Feedly"),
        ("Mozilla/5.0 (compatible; inoreader.com; 2 subscribers)", "Inoreader"),
        ("NewsBlur Feed Fetcher - 3 subscribers - http://www.newsblur.com/site/1/", "NewsBlur"),
        ("FreshRSS/1.24.0 (Linux; https://freshrss.org)", "FreshRSS"),
        ("Mozilla/5.0 (compatible; Miniflux/2.1.0; +https://miniflux.app)", "Miniflux"),
        ("newsboat/2.32.0 (Linux x86_64)", "newsboat"),
        ("Tiny Tiny RSS/23.04 (https://tt-rss.org/)", "Tiny Tiny RSS"),
        ("Mozilla/5.0 (compatible; theoldreader.com; 1 subscribers; feed-id=a)", "The Old Reader"),
        ("NetNewsWire (RSS Reader; https://netnewswire.com/)", "NetNewsWire"),
        ("Liferea/1.14 (Linux; https://lzone.de/liferea/) AppleWebKit (KHTML)", "Liferea"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko Thunderbird/128.0", "Thunderbird"),
        ("feed2exec/0.18.0", "feed2exec"),
        ("BazQux/2.4 (+https://bazqux.com/fetcher; 4 subscribers)", "BazQux Reader"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("Mozilla/5.0 (compatible; FooBot/1.0)", "Other crawlers"),
        ("python-requests/2.32", "Libraries"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Browsers, or like one"),
        ("\x1b[31mred\x07 \u202e", "Others"),
        ("-", "Without a name"),
        ("", "Without a name"),
    ],
)
def test_readers_are_named_by_what_they_say(suspended: Portal, agent: str, name: str) -> None:
    assert list(reached(suspended, [Line(agent=agent)])["readers"]) == [name]


polls = st.lists(
    st.builds(
        Line,
        instant=st.sampled_from([-40 * 86400, -86400, 0, 3600, 700_000, 9_000_000]).map(
            lambda seconds: ANNOUNCED + timedelta(seconds=seconds)
        ),
        address=st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "::ffff:192.0.2.1"]),
        agent=st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=9),
        path=st.sampled_from(
            ["/releases.atom", "/categories/a+b.rss", "/", "/rss", "/releases.json"]
        ),
        status=st.sampled_from([200, 301, 304, 404, 503]),
        method=st.sampled_from(["GET", "HEAD", "POST"]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(polls, st.sampled_from(FORMS))
def test_the_counts_are_those_of_an_independent_count(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Line], form: Callable[[Line], str]
) -> None:
    portal = shared(tmp_path_factory)
    result = found(portal, write(portal, [form(line) for line in lines]))
    begin = ANNOUNCED - timedelta(days=28)
    asked = [
        line
        for line in lines
        if line.method == "GET" and line.status != 404 and line.instant >= begin
        if line.path in {"/releases.atom", "/categories/a+b.rss", "/releases.json"}
    ]

    def pollers(chosen: Callable[[Line], bool]) -> set[tuple[str, str]]:
        return {(line.address, line.agent) for line in asked if chosen(line)}

    before = pollers(lambda line: line.instant < ANNOUNCED)
    since = pollers(lambda line: line.instant >= ANNOUNCED)
    heard = pollers(lambda line: line.instant > CERTAIN and line.status in {200, 304})
    expected = (before | since, before, since, heard, since - heard, before - since)
    assert counts(result) == tuple(map(len, expected))
    assert result["other_lines"] == 0
    for feed, counted in result["feeds"].items():
        assert counted["pollers"] == len(pollers(lambda line, feed=feed: line.path == feed))  # type: ignore[misc]
    assert sum(counted["pollers"] for counted in result["readers"].values()) == result["pollers"]


_shared: list[Portal] = []


def shared(folders: pytest.TempPathFactory) -> Portal:
    """Return a suspended portal that all examples share."""
    if not _shared:
        _shared.append(Portal(folders.mktemp("shared")).made())
        suspend(_shared[0].store, _shared[0].settings, ANNOUNCED)
    return _shared[0]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode))))
def test_no_line_stops_the_count(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    portal = shared(tmp_path_factory)
    log = portal.folder / "any.log"
    log.write_bytes(b"x\n" + b"\n".join([*lines, Line().feeds().encode()]))
    ran = portal.feeds("reach", log)
    assert (ran.code, ran.err) == (0, "")
    assert "1 have heard" in ran.out


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x" * 10_000_000,
        Line().feeds().replace("2024-04-17T", "2024-13-17T"),
        Line().feeds().replace("+00:00", ""),
        Line().combined().replace("Apr", "Avr"),
        Line().combined().replace("/Apr/", "-Apr-"),
        Line().combined().replace("2024", "0000"),
        Line().combined().replace("200", "OK"),
        Line().gunicorn().removesuffix("ms"),
        f"{Line().feeds()} {Line().feeds()}",
    ],
    ids=range(10),
)
def test_lines_of_another_form_are_counted(suspended: Portal, line: str) -> None:
    result = found(suspended, write(suspended, [Line().feeds(), line, Line(address="::1").feeds()]))
    assert (result["other_lines"], result["pollers"]) == (1, 2)


def test_what_is_no_request_is_no_poll(suspended: Portal) -> None:
    garbage = Line(status=400).combined().replace("GET /releases.atom HTTP/1.1", "\\x16\\x03\\x01")
    result = found(suspended, write(suspended, [garbage]))
    assert (result["other_lines"], result["pollers"], len(result["days"])) == (0, 0, 1)


def test_nothing_that_a_client_sent_can_control_the_terminal(suspended: Portal) -> None:
    evil = "\x1b]0;owned\x07\u202e\x9b31m\udcff"
    lines = [Line(agent=evil), Line(path=escaped(f"/{evil}"), status=404)]
    raw = Line(path=f"/{evil}?{evil}", status=404)
    log = write(
        suspended,
        [*(line.feeds() for line in lines), raw.combined(), raw.gunicorn(), raw.feeds()],
    )
    out = suspended.feeds("reach", log).out
    assert all(letter.isprintable() or letter == "\n" for letter in out)
    assert "%1B%5D0;owned%07" in out


def test_addresses_and_agents_are_not_printed(suspended: Portal) -> None:
    log = write(suspended, [Line(agent="Secret/1.0").feeds(), Line(status=404).feeds()])
    for arguments in ([log], ["--json", log]):
        out = suspended.feeds("reach", *arguments).out
        assert "192.0.2" not in out
        assert "Secret" not in out


KULTURA = "/categories/kultura"


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/feed/", "/releases.rss"),
        ("/feed", "/releases.rss"),
        ("/rss", "/releases.rss"),
        ("/rss.xml", "/releases.rss"),
        ("/feeds/news.xml", "/releases.rss"),
        ("/index.rdf", "/releases.rss"),
        ("/atom.xml", "/releases.atom"),
        ("/feed/atom/", "/releases.atom"),
        ("/feed.json", "/releases.json"),
        ("/old/?feed=rss2", None),
        ("/rss.php", "/releases.rss"),
        ("/backend.php", "/releases.rss"),
        ("/?feed=rss2", "/releases.rss"),
        ("/index.php?feed=atom", "/releases.atom"),
        ("/index.php?format=feed&type=atom", "/releases.atom"),
        ("/index.php?format=feed", "/releases.rss"),
        ("/category/kultura/feed/", f"{KULTURA}.rss"),
        ("/category/Kult%C5%ABra/feed/atom/", f"{KULTURA}.atom"),
        ("/category/kultura.xml", f"{KULTURA}.rss"),
        ("/kultura/rss", f"{KULTURA}.rss"),
        ("/?feed=rss2&category_name=kultura", f"{KULTURA}.rss"),
        ("/category/maksla/feed/", f"{KULTURA}.rss"),
        ("/category/kultura/", KULTURA),
        ("/category/nothing/feed/", None),
        ("/category/nothing/", None),
        ("/categories/nothing.rss", None),
        ("/comments/feed/", None),
        ("/2010/05/some-post/feed/", None),
        ("/news/tilts.html", "/releases/2010/05/04/tilts"),
        ("/tilts/", "/releases/2010/05/04/tilts"),
        ("/tilts?id='%20$(x)", "/releases/2010/05/04/tilts"),
        ("/ezers/", None),
        ("/wp-login.php", None),
        ("/%E2%9C%93", None),
    ],
)
def test_the_line_that_mends_an_address_is_printed_and_mends_it(
    suspended: Portal, address: str, target: str | None
) -> None:
    """Categories are found by former names, releases by a slug that only one of them has."""
    suspended.feeds("categories", "rename", "Kultūra", "Māksla")
    suspended.feeds("categories", "rename", "Māksla", "Kultūra")
    suspended.feeds(
        "import", suspended.write("again.txt", page("Ezers", "A", "2011-01-01 10:00:00"))
    )
    log = write(suspended, [Line(path=address, status=404).combined()] * 3)
    (vain,) = found(suspended, log)["in_vain"]
    assert (vain["requests"], vain["status"], vain["target"]) == (3, 404, target)
    assert not vain["mended"]
    out = suspended.feeds("reach", log).out
    assert f"  3 × {vain['address']} (404)\n" in out
    if target is None:
        assert "feeds address add" not in out
        return
    (line,) = [line for line in out.splitlines() if "feeds address add" in line]
    name, *arguments = shlex.split(line)
    assert name == "feeds"
    ran = suspended.feeds(*arguments)
    assert (ran.code, ran.out) == (0, "Added.\n")
    answer = suspended.client().get(address)
    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        f"https://feeds.example.org{target}",
    )
    assert (
        f"  3 × {vain['address']} (404): redirected by now\n" in suspended.feeds("reach", log).out
    )


@pytest.mark.engines("sqlite", "postgresql", reason="it searches the paths of all releases")
def test_an_address_is_mended_from_either_engine(suspended: Portal) -> None:
    lines = [Line(path="/news/tilts", status=404), Line(path="/rss", status=404)]
    targets = {one["target"] for one in reached(suspended, lines)["in_vain"]}
    assert targets == {"/releases/2010/05/04/tilts", "/releases.rss"}


def test_the_logged_path_is_decoded_once(suspended: Portal) -> None:
    """So nginx and gunicorn log it; Apache logs it as it was sent."""
    line = Line(path="/100%25/k%C4%81ds", status=404)
    decoded = Line(path="/100%/kāds", status=404)
    lines = [line.combined(), Line(path=escaped("/100%/kāds"), status=404).feeds()]
    gunicorn = decoded.gunicorn().replace("kāds", "kāds".encode().decode("latin-1"))
    in_vain = found(suspended, write(suspended, [*lines, gunicorn]))["in_vain"]
    assert [(one["address"], one["requests"]) for one in in_vain] == [("/100%25/k%C4%81ds", 3)]
    ascii_only = Line(path='/a"\\b c', status=404).gunicorn().replace('a"', 'a\\"')
    (vain,) = found(suspended, write(suspended, [ascii_only]))["in_vain"]
    assert vain["address"] == "/a%22%5Cb%20c"


def test_addresses_are_sorted_by_their_number(suspended: Portal) -> None:
    lines = [Line(path="/b", status=404)] * 2 + [Line(path="/a", status=410)]
    lines += [Line(path=f"/{'x' * 2000}", status=404), Line(path="*", status=404)]
    in_vain = reached(suspended, lines)["in_vain"]
    assert [(one["address"], one["status"]) for one in in_vain] == [("/b", 404), ("/a", 410)]


def test_an_address_that_is_asked_for_often_is_kept_among_many(suspended: Portal) -> None:
    lines = [Line(path="/often", status=404)] * 3
    lines += [Line(path=f"/rare/{number}", status=404) for number in range(20_010)]
    result = reached(suspended, lines)
    assert result["in_vain"][0]["address"] == "/often"
    assert result["in_vain"][0]["requests"] == 3
    assert (len(result["in_vain"]), result["in_vain_too_low_by"]) == (50, 1)
    out = suspended.feeds("reach", suspended.folder / "access.log").out
    assert "the most frequent first (each count may be too low by 1):" in out


def test_combined_feeds_are_written_at_their_current_addresses(suspended: Portal) -> None:
    suspended.feeds("categories", "rename", "Kultūra", "Māksla")
    lines = [
        Line(path="/categories/izglitiba+kultura.atom"),
        Line(path="/categories/izglitiba+maksla.atom", status=304),
        Line(path="/categories/izglitiba+maksla.rss"),
        Line(path="/categories/izglitiba+maksla.json", status=301),
        Line(path="/categories/izglitiba+unknown.json"),
        Line(path="/categories/maksla.atom"),
    ]
    file = suspended.folder / "combined.txt"
    found(suspended, write(suspended, [line.feeds() for line in lines]), "--combined", file)
    assert file.read_text().splitlines() == [
        "/categories/izglitiba+maksla.atom",
        "/categories/izglitiba+maksla.rss",
    ]
    for path in file.read_text().splitlines():
        assert suspended.client().get(path).status_code == 200


def test_many_feeds_are_counted_and_the_largest_shown(suspended: Portal) -> None:
    log = write(suspended, [Line(path=f"/categories/a{n}.atom").feeds() for n in range(52)])
    assert "  2 more with fewer pollers: see --json.\n" in suspended.feeds("reach", log).out


@pytest.mark.slow
def test_the_number_of_feeds_that_are_told_apart_is_bounded(suspended: Portal) -> None:
    def line(path: int, agent: int) -> Line:
        return Line(path=f"/categories/a+b{path}.atom", agent=f"x{agent}: 1 readers")

    lines = [line(number, number) for number in range(100_000)]
    lines += [line(100_000, 0), line(100_001, 0), line(0, 100_000)]
    out = suspended.feeds("reach", write(suspended, [one.feeds() for one in lines])).out
    assert "Pollers that asked for feeds: 100,001 (" in out
    assert "  99,950 more with fewer pollers: see --json.\n" in out
    assert "  2 requests for further feeds, which are not told apart.\n" in out
    assert "; declares 100,000 subscribers\n" in out


def test_below_a_path_the_feeds_are_those_of_the_service(tmp_path: Path) -> None:
    portal = Portal(tmp_path, FEEDS_BASE_URL="https://example.org/feeds").made()
    portal.imported_at(START, page("Tilts", "Kultūra"))
    suspend(portal.store, portal.settings, ANNOUNCED)
    lines = [
        Line(path="/feeds/releases.atom"),
        Line(path="/releases.atom"),
        Line(path="/rss", status=404),
    ]
    result = reached(portal, lines)
    assert list(result["feeds"]) == ["/releases.atom"]
    assert result["feeds"]["/releases.atom"]["heard"] == 1
    assert result["in_vain"][0]["target"] == "/releases.rss"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (gzip.compress(b"x" * 1000)[:-9], "it is damaged or incomplete"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "it is damaged or incomplete"),
        (b"\x1f\x8b\x00", "it is damaged or incomplete"),
    ],
)
def test_a_log_that_cannot_be_read_is_named(
    suspended: Portal, content: bytes | None, reason: str
) -> None:
    log = suspended.folder / "a.gz"
    if content is not None:
        log.write_bytes(content)
    ran = suspended.feeds("reach", log)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"feeds: The log {log} cannot be read: {reason}.\n"


def test_the_file_of_combined_feeds_must_be_new(suspended: Portal) -> None:
    log = write(suspended, [])
    ran = suspended.feeds("reach", log, "--combined", log)
    assert (ran.code, ran.err) == (2, f"feeds: {log} exists: name a new file.\n")
    ran = suspended.feeds("reach", log, "--combined", suspended.folder / "no" / "file")
    assert ran.code == 2
    assert ran.err.endswith("cannot be written: No such file or directory.\n")
