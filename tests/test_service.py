"""The service as it is deployed: real gunicorn, a real feed reader, real polls."""

import http.client
import json
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError

import pytest
from reader import EntrySort, make_reader

from tests.portal import Portal, page
from tests.replication import Node, replication
from tests.web.helpers import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="it tests what is above the store"),
]

GUNICORN = str(Path(sys.executable).with_name("gunicorn"))
STARTS = {
    "gunicorn wsgi:app": (GUNICORN, "wsgi:app"),
    "gunicorn -c python:feeds.gunicorn_conf wsgi:app": (
        GUNICORN,
        "-c",
        "python:feeds.gunicorn_conf",
        "wsgi:app",
    ),
    "feeds serve": (),
}


def get(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(
        address, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, dict(response.headers), response.read()
    except HTTPError as error:
        return error.code, dict(error.headers), error.read()


@pytest.mark.parametrize("start", sorted(STARTS))
def test_every_way_to_start_gives_the_same_service(portal: Portal, start: str) -> None:
    portal.imported(page())
    with portal.served(*STARTS[start], FEEDS_WORKERS="1", FEEDS_THREADS="3") as address:
        status, headers, body = get(f"{address}/releases.atom?token=secret")
        assert (status, headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
        assert body == portal.client().get("/releases.atom").data
        assert "Set-Cookie" not in headers
        assert get(f"{address}/releases.atom", If_None_Match=headers["ETag"])[0] == 304
        assert get(f"{address}/{'x' * 5000}")[0] == 414
    log = (portal.folder / "gunicorn.out").read_text()
    assert '"GET /releases.atom HTTP/1.1" 200' in log
    assert "secret" not in log
    messages = (portal.folder / "gunicorn.err").read_text()
    assert "Using worker: gthread" in messages
    assert "Control" not in messages


def test_the_access_log_can_be_disabled(portal: Portal) -> None:
    with portal.served(FEEDS_ACCESS_LOG="off") as address:
        get(f"{address}/releases.atom")
    assert (portal.folder / "gunicorn.out").read_text() == ""


def test_a_connection_is_closed_after_a_thousand_requests(portal: Portal) -> None:
    with (
        portal.served() as address,
        closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)) as client,
    ):
        last = []
        for number in range(1, 1002):
            client.request("GET", "/healthz")
            response = client.getresponse()
            assert response.read()
            if response.getheader("Connection") == "close":
                last.append(number)
    # Another worker may accept the next one.
    assert last == [1000]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"FEEDS_DATABASE_URL": "sqlite:///none.db"}, "There is no release store at none.db"),
        ({"FEEDS_ENTRIES": "7"}, "FEEDS_ENTRIES=7 is smaller than the archive pages"),
        ({"FEEDS_TIMEZONE": "Mars"}, "FEEDS_TIMEZONE='Mars' cannot be used"),
    ],
)
def test_an_unusable_store_or_setting_is_reported_once_before_workers_start(
    portal: Portal, environ: dict[str, str], sentence: str
) -> None:
    with (
        pytest.raises(AssertionError, match="the server ended"),
        portal.served(GUNICORN, "wsgi:app", **environ),
    ):
        pytest.fail("the service started")
    messages = (portal.folder / "gunicorn.err").read_text()
    assert messages.count(sentence) == 1
    assert "Booting worker" not in messages
    assert "Traceback" not in messages


def test_changed_and_misspelt_settings_cause_a_warning_at_start(portal: Portal) -> None:
    with portal.served(FEEDS_TITLE="Cits", FEEDS_RIGHT="©"):
        pass
    messages = (portal.folder / "gunicorn.err").read_text()
    assert "run it again" in messages
    assert messages.count("FEEDS_RIGHT is not a setting: did you mean FEEDS_RIGHTS?") == 1


def test_no_request_header_changes_the_path(portal: Portal) -> None:
    portal.imported(page())
    with portal.served() as address:
        whole = get(f"{address}/releases.atom")[2]
        for name, value in (
            ("SCRIPT_NAME", "/releases.atom"),
            ("SCRIPT_NAME", "/x"),
            ("PATH_INFO", "/"),
            ("X-Forwarded-Proto", "ftp"),
            ("X-Forwarded-Ssl", "on"),
            ("X-Forwarded-Host", "evil.example"),
        ):
            connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=120)
            connection.request("GET", "/releases.atom", headers={name: value})
            response = connection.getresponse()
            assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
            assert (response.status, response.read()) == (200, whole)
            connection.close()


@pytest.fixture
def own_server() -> Iterator[Node]:
    """Yield a PostgreSQL that no other test uses."""
    with replication(replicas=0) as alone:
        yield alone.primary


def test_cached_documents_are_served_while_the_database_hangs(
    tmp_path: Path, own_server: Node
) -> None:
    portal = Portal(tmp_path, own_server.new_address()).made().imported(page())
    portal.environ["FEEDS_REVISION_TTL"] = "1"
    with portal.served(FEEDS_WORKERS="1", FEEDS_THREADS="2") as address:
        kept = get(f"{address}/releases.atom")
        with own_server.frozen():
            asking = [
                threading.Thread(target=get, args=(f"{address}/releases.{form}",))
                for form in ("rss", "rss", "json", "json")
            ]
            for thread in asking:
                thread.start()
            # The first check of the revision waits for its time limit; after it no request waits.
            wait_until(lambda: get(f"{address}/readyz")[0] == 503)
            for _ in range(20):
                assert get(f"{address}/releases.atom")[2] == kept[2]
                assert get(f"{address}/healthz")[0] == 200
            status, headers, _ = get(f"{address}/categories/none.atom")
            assert (status, headers["Retry-After"]) == (503, "30")
        wait_until(lambda: get(f"{address}/releases.rss")[0] == 200)
        for thread in asking:
            thread.join()


def test_the_service_starts_before_its_database_and_checks_it_then(
    tmp_path: Path, own_server: Node
) -> None:
    portal = Portal(tmp_path, own_server.new_address()).made().imported(page())
    own_server.kill()
    with portal.served() as address:
        for path in ("/readyz", "/releases.atom", "/nothing"):
            assert get(f"{address}{path}")[0] == 503
        own_server.start()
        wait_until(lambda: get(f"{address}/readyz")[0] == 200)
        assert get(f"{address}/releases.atom")[0] == 200
    assert "answers 503 meanwhile" in (tmp_path / "gunicorn.err").read_text()
    own_server.kill()
    with portal.served(FEEDS_AUTHORITY="other.example") as address:
        own_server.start()
        wait_until(lambda: get(f"{address}/readyz")[2].startswith(b"FEEDS_AUTHORITY=other.example"))
        assert get(f"{address}/releases.atom")[0] == 503


def test_a_service_can_be_stopped_while_it_starts(portal: Portal) -> None:
    config = portal.folder / "slow.py"
    config.write_text(
        "import time\n"
        "from feeds.gunicorn_conf import *\n"
        "def post_fork(server, worker):\n"
        "    time.sleep(3 * (worker.age - 1))\n"
    )
    # The second worker is still starting when the first one answers. ``served`` fails if the
    # service does not stop in time.
    with portal.served(GUNICORN, "-c", str(config), "wsgi:app"):
        pass
    assert "Worker exiting" in (portal.folder / "gunicorn.err").read_text()


def test_bytes_and_entity_tags_do_not_depend_on_the_hash_seed(portal: Portal) -> None:
    portal.imported(*(page(f"R{n}", f"Kategorija {n % 3}") for n in range(20)))
    portal.feeds("suspend")
    addresses = (
        "/releases.atom",
        "/releases.rss",
        "/releases.json",
        "/",
        "/categories/kategorija-1+kategorija-2.rss",
        "/releases/2010/05/04/r3",
    )
    found = []
    for seed in ("1", "2"):
        with portal.served(PYTHONHASHSEED=seed) as address:
            answers = [get(address + path) for path in addresses for _ in range(4)]
            found.append([(headers["ETag"], body) for _, headers, body in answers])
    assert found[0] == found[1]
    assert len(set(found[0])) == len(addresses)


def test_a_feed_reader_sees_the_notice_once_and_first(portal: Portal, seed_page: Path) -> None:
    portal.feeds("import", seed_page)
    with portal.served() as address, make_reader(":memory:") as reader:
        feed = f"{address}/categories/sabiedribas-integracija.atom"
        reader.add_feed(feed)
        polls = 0

        def poll() -> list[str | None]:
            # The reader respects max-age, so each poll is two hours after the last.
            nonlocal polls
            polls += 1
            later = datetime.now(UTC) + timedelta(hours=2 * polls)
            cast("Any", reader)._now = lambda: later  # noqa: SLF001 - its own clock
            reader.update_feeds()
            return [entry.title for entry in reader.get_entries(sort=EntrySort.RECENT)]

        assert poll() == ["Integrācijas sekretariātam aprit 5 gadi!"]
        (entry,) = reader.get_entries()
        assert entry.published == datetime(2007, 11, 26, 22, 55, 22, tzinfo=UTC)
        assert "<h2>Uzziņai</h2>" in entry.content[0].value
        poll()
        portal.feeds("suspend")
        for _ in range(2):
            assert poll() == [
                "Vortāla darbība pārtraukta uz nenoteiktu laiku.",
                "Integrācijas sekretariātam aprit 5 gadi!",
            ]
        assert reader.get_feed(feed).last_exception is None
    log = (portal.folder / "gunicorn.out").read_text()
    assert [line.split('" ')[1][:3] for line in log.splitlines() if "integracija.atom" in line] == [
        "200",
        "304",
        "200",
        "304",
    ]


def test_polls_during_changes_see_only_committed_states(
    portal: Portal,
) -> None:
    """Every response is one of the states between two commits, and none goes back."""
    portal.imported(page("R0"))
    states: list[list[str]] = []

    def note() -> None:
        items = portal.client().get("/releases.json").get_json()["items"]
        states.append([item["id"] for item in items])

    note()
    finished = threading.Event()
    seen: list[list[list[str]]] = [[], [], []]
    problems: list[object] = []

    def poll(address: str, place: int) -> None:
        form = ("/releases.json", "/categories/pasvaldibas.json")[place % 2]
        while not finished.is_set() or len(seen[place]) < 400:
            status, _, body = get(address + form)
            if status != 200:
                problems.append((status, body))
                return
            seen[place].append([item["id"] for item in json.loads(body)["items"]])

    with portal.served(FEEDS_ACCESS_LOG="off") as address:
        threads = [threading.Thread(target=poll, args=(address, n)) for n in range(3)]
        for thread in threads:
            thread.start()
        for n in range(1, 16):
            if n % 5 == 0:
                portal.feeds("suspend")
                note()
                portal.feeds("resume")
                note()
            portal.imported(page(f"R{n}", published=f"2010-05-05 12:00:{n:02}"))
            note()
        finished.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert sum(map(len, seen)) >= 1000
    for polls in seen:
        places = [states.index(found) for found in polls]
        assert places == sorted(places)
        assert len(set(places)) > 3
