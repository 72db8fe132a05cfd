"""What is counted of those who poll the feeds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.operations.suspend import suspend
from tests.access_logs import (
    ANNOUNCED,
    CERTAIN,
    FEEDLY,
    FORMS,
    SECOND,
    Line,
    counts,
    found,
    reached,
    write,
)
from tests.portal import START, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="a log does not depend on the engine")


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
    unchanging: Portal, lines: list[Line], form: Callable[[Line], str]
) -> None:
    result = found(unchanging, write(unchanging, [form(line) for line in lines]))
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


def test_addresses_and_agents_are_not_printed(suspended: Portal) -> None:
    log = write(suspended, [Line(agent="Secret/1.0").feeds(), Line(status=404).feeds()])
    for arguments in ([log], ["--json", log]):
        out = suspended.feeds("reach", *arguments).out
        assert "192.0.2" not in out
        assert "Secret" not in out


def test_combined_feeds_are_written_at_the_addresses_that_readers_have(suspended: Portal) -> None:
    suspended.feeds("categories", "rename", "Kultūra", "Māksla")
    suspended.feeds("import", suspended.write("old.txt", page("Vecs", "Teātris")))
    suspended.feeds("categories", "merge", "teatris", "maksla")
    lines = [
        Line(path="/categories/izglitiba+maksla+teatris.json"),
        Line(path="/categories/maksla+teatris.json"),
        Line(path="/categories/izglitiba+kultura.atom"),
        Line(path="/categories/izglitiba+maksla.atom", status=304),
        Line(path="/categories/izglitiba+maksla.rss"),
        Line(path="/categories/maksla+izglitiba.json", status=301),
        Line(path="/categories/izglitiba+unknown.json"),
        Line(path="/categories/maksla.atom"),
    ]
    file = suspended.folder / "combined.txt"
    found(suspended, write(suspended, [line.feeds() for line in lines]), "--combined", file)
    asked = file.read_text().splitlines()
    assert asked == [
        "/categories/izglitiba+kultura.atom",
        "/categories/izglitiba+maksla+teatris.json",
        "/categories/izglitiba+maksla.atom",
        "/categories/izglitiba+maksla.rss",
        "/categories/maksla+izglitiba.json",
        "/categories/maksla+teatris.json",
    ]
    # The frozen archive answers each of them as the service does.
    assert suspended.feeds("freeze", suspended.folder / "frozen", "--combined", file).code == 0
    frozen = suspended.folder / "frozen" / "current"
    for path in asked:
        answer = suspended.client().get(path)
        if answer.status_code == 200:
            assert (frozen / f"site{path}").read_bytes() == answer.data
        else:
            assert f'"{path}"  {answer.location};' in (frozen / "nginx-http.conf").read_text()


def test_many_feeds_are_counted_and_the_largest_shown(suspended: Portal) -> None:
    log = write(suspended, [Line(path=f"/categories/a{n}.atom").feeds() for n in range(52)])
    assert "  2 more with fewer pollers: see --json.\n" in suspended.feeds("reach", log).out


def test_the_number_of_feeds_that_are_told_apart_is_bounded(
    suspended: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.operations.reach.reach._MOST_FEEDS", 1_000)

    def line(path: int, agent: int) -> Line:
        return Line(path=f"/categories/a+b{path}.atom", agent=f"x{agent}: 1 readers")

    lines = [line(number, number) for number in range(1_000)]
    lines += [line(1_000, 0), line(1_001, 0), line(0, 1_000)]
    out = suspended.feeds("reach", write(suspended, [one.feeds() for one in lines])).out
    assert "Pollers that asked for feeds: 1,001 (" in out
    assert "  950 more with fewer pollers: see --json.\n" in out
    assert "  2 requests for further feeds, which are not told apart.\n" in out
    assert "; declares 1,000 subscribers\n" in out


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


def test_the_file_of_combined_feeds_must_be_new(suspended: Portal) -> None:
    log = write(suspended, [])
    ran = suspended.feeds("reach", log, "--combined", log)
    assert (ran.code, ran.err) == (2, f"feeds: {log} exists: name a new file.\n")
    ran = suspended.feeds("reach", log, "--combined", suspended.folder / "no" / "file")
    assert ran.code == 2
    assert ran.err.endswith("cannot be written: No such file or directory.\n")
