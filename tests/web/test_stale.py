"""After a change: which clients get the new document at once, and which may keep the previous one.

A document is held in the background, in the middle of its rendering, to see what happens meanwhile.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import combinations
from secrets import token_urlsafe
from typing import Any

import pytest
from werkzeug.test import TestResponse

from feeds.formats import FORMATS
from tests.archives import SIZE, bring
from tests.listeners import listening
from tests.portal import Portal, page
from tests.web.helpers import (
    RENDERING,
    in_thread,
    is_in,
    statements,
    wait_until,
    while_rendering,
)

pytestmark = pytest.mark.engines("sqlite", reason="HTTP does not depend on the engine")

FIRST = "/releases.rss"
K0 = "/categories/k0.atom"
ADDRESSES = ("/releases.atom", "/categories/kultura.json", "/categories/kultura+sports.rss")


class Held:
    """What the background renders: the ids of the selections, and the event that lets it go on."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.selections: list[int] = []


@contextmanager
def held() -> Iterator[Held]:
    """Hold the background in its first rendering, for the block unless it is released before."""
    background = Held()
    requests = threading.get_ident()

    def hold(_: Any, __: Any, statement: str, parameters: Any, *___: object) -> None:
        if RENDERING in statement and threading.get_ident() != requests:
            background.selections.append(parameters[0])
            background.released.wait(120)

    with listening("before_cursor_execute", hold):
        try:
            yield background
        finally:
            background.released.set()


class Reader:
    """A client that sends the entity tags that it got."""

    def __init__(self, portal: Portal, *addresses: str) -> None:
        self.client = portal.client()
        self.got = {address: self.client.get(address) for address in addresses}

    def poll(self, address: str) -> TestResponse:
        tag = self.got[address].headers["ETag"]
        return self.client.get(address, headers={"If-None-Match": tag})


@pytest.fixture
def portal_of_one_thread(often_checked: Portal) -> Portal:
    """Return a portal whose only thread never waits for a rendering in the background."""
    often_checked.environ["FEEDS_THREADS"] = "1"
    return often_checked


def changed(portal: Portal, reader: Reader, *command: str) -> None:
    """Run a command, and wait until the service answers as after a change."""
    assert portal.feeds(*command).code == 0
    wait_until(lambda: is_stale(reader.poll(FIRST)))


def is_stale(response: TestResponse) -> bool:
    return response.status_code == 304 and "max-age=30," in response.headers["Cache-Control"]


def test_a_client_with_the_previous_document_is_told_so_briefly(
    portal_of_one_thread: Portal,
) -> None:
    reader = Reader(portal_of_one_thread, FIRST, *ADDRESSES)
    with held():
        changed(portal_of_one_thread, reader, "suspend")
        for address in ADDRESSES:
            with statements(portal_of_one_thread) as run:
                response = reader.poll(address)
            assert response.status_code == 304
            assert response.headers["Cache-Control"] == "public, max-age=30, stale-if-error=604800"
            for name in ("ETag", "Last-Modified", "Vary", "Surrogate-Key"):
                assert response.headers[name] == reader.got[address].headers[name]
            assert not [one for one in run if one.thread is threading.current_thread()]
    for address in ADDRESSES:
        wait_until(lambda at=address: reader.poll(at).status_code == 200)  # type: ignore[misc]


@pytest.mark.parametrize(
    "headers",
    [{}, {"If-None-Match": 'W/"unknown"'}, {"If-Modified-Since": "date"}],
    ids=["no condition", "an unknown tag", "a date alone"],
)
def test_every_other_client_gets_the_new_document(
    portal_of_one_thread: Portal, headers: dict[str, str]
) -> None:
    reader = Reader(portal_of_one_thread, FIRST, *ADDRESSES)
    with held():
        changed(portal_of_one_thread, reader, "suspend")
        for address in ADDRESSES:
            date = reader.got[address].headers["Last-Modified"]
            sent = {name: date if value == "date" else value for name, value in headers.items()}
            new = reader.client.get(address, headers=sent)
            assert (new.status_code, "pārtraukta" in new.text) == (200, True)
            assert "max-age=900" in new.headers["Cache-Control"]
            # From now on the previous tag is an unknown one.
            again = reader.poll(address)
            assert (again.status_code, again.data) == (200, new.data)


def test_a_worker_recognises_the_previous_document_although_it_has_not_served_it(
    portal_of_one_thread: Portal,
) -> None:
    reader = Reader(portal_of_one_thread, *ADDRESSES)
    other = Reader(portal_of_one_thread, FIRST)
    with held():
        changed(portal_of_one_thread, other, "suspend")
        for address in ADDRESSES:
            tag = reader.got[address].headers["ETag"]
            with statements(portal_of_one_thread) as run:
                response = other.client.get(address, headers={"If-None-Match": tag})
            assert is_stale(response)
            assert not any(RENDERING in statement for statement in run)
            for name in ("ETag", "Last-Modified", "Vary", "Surrogate-Key"):
                assert response.headers[name] == reader.got[address].headers[name]
            new = other.client.get(address)
            assert (new.status_code, "pārtraukta" in new.text) == (200, True)
            # From now on the previous tag is an unknown one.
            again = other.client.get(address, headers={"If-None-Match": tag})
            assert (again.status_code, again.data) == (200, new.data)


@pytest.mark.parametrize("is_asked_between", [True, False])
def test_a_worker_recognises_the_documents_before_two_changes_until_it_has_rendered_the_last(
    portal_of_one_thread: Portal, *, is_asked_between: bool
) -> None:
    address = ADDRESSES[0]
    reader = Reader(portal_of_one_thread, FIRST, address)
    tags = [reader.got[address].headers["ETag"]]
    with held():
        for command in (["suspend"], ["suspend", "--amend", "--title", "Slēgts"]):
            changed(portal_of_one_thread, reader, *command)
            other = Reader(portal_of_one_thread, FIRST, address)
            reader.got[FIRST] = other.got[FIRST]
            tags.append(other.got[address].headers["ETag"])
            if is_asked_between or command[-1] == "Slēgts":
                response = reader.client.get(address, headers={"If-None-Match": tags[-1]})
                assert response.status_code == 304
        *previous, _ = tags
        for tag in previous:
            assert is_stale(reader.client.get(address, headers={"If-None-Match": tag}))
        new = reader.client.get(address)
        assert (new.status_code, "Slēgts" in new.text) == (200, True)
        for tag in previous:
            again = reader.client.get(address, headers={"If-None-Match": tag})
            assert (again.status_code, again.data) == (200, new.data)


def test_a_worker_recognises_the_previous_archive_document(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_ENTRIES=str(SIZE), FEEDS_REVISION_TTL="1", FEEDS_THREADS="1")
    bring(portal, *range(2 * SIZE + 1))
    address = "/releases/archive/1.json"
    got = Reader(portal, address).got[address].headers
    other = Reader(portal, FIRST)
    with held():
        changed(portal, other, "categories", "rename", "kultura", "Teātris")
        response = other.client.get(address, headers={"If-None-Match": got["ETag"]})
        assert is_stale(response)
        assert response.headers["Last-Modified"] == got["Last-Modified"]
    assert "Teātris" in other.client.get(address).text


def test_a_worker_started_after_a_change_recognises_the_previous_document_for_a_while(
    portal_of_one_thread: Portal,
) -> None:
    address = ADDRESSES[0]
    tag = {"If-None-Match": Reader(portal_of_one_thread, address).got[address].headers["ETag"]}
    assert portal_of_one_thread.feeds("suspend").code == 0
    with held():
        assert is_stale(portal_of_one_thread.client().get(address, headers=tag))
    later = datetime.now(UTC) + timedelta(minutes=6)
    later_client = portal_of_one_thread.client(lambda: later)
    assert later_client.get(address, headers=tag).status_code == 200
    # A back-up that is restored has this instant, but the document does not change by it.
    seconds = int(later.timestamp())
    portal_of_one_thread.sql(f"UPDATE head SET settings_changed = {seconds}")  # noqa: S608 - a number
    restored = portal_of_one_thread.client(lambda: later)
    assert restored.get(address, headers=tag).status_code == 200


def test_a_document_of_which_only_the_tag_was_asked_for_is_kept_in_the_coding_of_its_clients(
    often_checked: Portal,
) -> None:
    address = "/categories/liela.atom"
    often_checked.imported(*(page(title, "Liela", body="Teksts. " * 100_000) for title in "LM"))
    often_checked.environ |= {"FEEDS_CACHE_MB": "1", "FEEDS_THREADS": "1"}
    tag = Reader(often_checked, address).got[address].headers["ETag"]
    client = often_checked.client()
    headers = {"Accept-Encoding": "gzip"}
    poll = headers | {"If-None-Match": tag}
    assert client.get(address, headers=poll).status_code == 304
    assert often_checked.feeds("suspend").code == 0
    # More than a megabyte, of which the cache would keep nothing, unless it is compressed.
    with statements(often_checked) as run:
        wait_until(lambda: client.get(address, headers=poll).status_code == 200)
    rendering = [one.thread for one in run if RENDERING in one]
    assert rendering
    assert threading.current_thread() not in rendering


def test_a_worker_does_not_serve_what_was_before_a_withdrawal(
    portal_of_one_thread: Portal,
) -> None:
    reader = Reader(portal_of_one_thread, *ADDRESSES)
    other = Reader(portal_of_one_thread, "/categories/sports.atom")
    assert portal_of_one_thread.feeds("withdraw", "2010/05/04/a").code == 0
    wait_until(lambda: other.client.get("/readyz").status_code == 200)
    for address in ADDRESSES:
        tag = reader.got[address].headers["ETag"]
        assert other.client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_a_client_that_has_the_new_document_from_elsewhere_is_answered_304(
    portal_of_one_thread: Portal,
) -> None:
    reader = Reader(portal_of_one_thread, FIRST, *ADDRESSES)
    with held():
        changed(portal_of_one_thread, reader, "suspend")
        other = Reader(portal_of_one_thread, *ADDRESSES)
        for address, new in other.got.items():
            tag = {"If-None-Match": new.headers["ETag"]}
            with statements(portal_of_one_thread) as run:
                response = reader.client.get(address, headers=tag)
            assert response.status_code == 304
            assert not any(RENDERING in statement for statement in run)
            for name in ("ETag", "Last-Modified", "Cache-Control"):
                assert response.headers[name] == new.headers[name]
            # It still says "not yet" to the others: it has not been made here.
            assert is_stale(reader.poll(address))


@pytest.mark.parametrize(
    ("stem", "command"),
    [
        ("/releases", ["suspend"]),
        ("/categories/kultura", ["suspend"]),
        ("/categories/kultura+sports", ["suspend"]),
        ("/releases/archive/1", ["categories", "rename", "kultura", "Teātris"]),
    ],
)
def test_a_document_is_known_in_all_formats_once_it_is_in_one(
    another: Callable[..., Portal], stem: str, command: list[str]
) -> None:
    portal = another(FEEDS_ENTRIES=str(SIZE), FEEDS_REVISION_TTL="1", FEEDS_THREADS="1")
    bring(portal, *range(2 * SIZE + 1))
    portal.imported(page("S", "Sports"))
    addresses = [f"{stem}.{extension}" for extension in FORMATS]
    reader = Reader(portal, FIRST, *addresses)
    with held():
        changed(portal, reader, *command)
        new = Reader(portal, *addresses).got
        tags = {at: {"If-None-Match": response.headers["ETag"]} for at, response in new.items()}
        first, *others = addresses
        assert reader.client.get(first, headers=tags[first]).status_code == 304
        for address in others:
            with statements(portal) as run:
                response = reader.client.get(address, headers=tags[address])
            assert response.status_code == 304
            assert not [one for one in run if one.thread is threading.current_thread()]
            for name in ("ETag", "Last-Modified", "Cache-Control", "Vary", "Surrogate-Key"):
                assert response.headers[name] == new[address].headers[name]
            # It has not been made here.
            assert is_stale(reader.poll(address))


def test_a_document_is_not_rendered_for_a_client_that_has_it_from_elsewhere(
    portal_of_one_thread: Portal,
) -> None:
    reader = Reader(portal_of_one_thread, FIRST, *ADDRESSES)
    with held() as background:
        changed(portal_of_one_thread, reader, "suspend")
        for address in ADDRESSES:
            assert is_stale(reader.poll(address))
        for address, new in Reader(portal_of_one_thread, *ADDRESSES).got.items():
            tag = {"If-None-Match": new.headers["ETag"]}
            assert reader.client.get(address, headers=tag).status_code == 304
        background.released.set()
        wait_until(lambda: reader.poll(FIRST).status_code == 200)
    assert len(background.selections) == 1


def test_a_small_change_is_seen_at_once(often_checked: Portal) -> None:
    def is_seen_at_once(title: str) -> bool:
        reader = Reader(often_checked, "/releases.atom")
        often_checked.imported(page(title))
        seen = reader.poll("/releases.atom")
        while seen.status_code == 304 and not is_stale(seen):
            seen = reader.poll("/releases.atom")
        assert seen.status_code == 304 or f"<title>{title}</title>" in seen.text
        return seen.status_code == 200

    # A busy machine may fail to render it within a tenth of a second, but not always.
    assert any(is_seen_at_once(f"N{number}") for number in range(20))


def test_no_poll_waits_after_a_change_of_many_documents(often_checked: Portal) -> None:
    often_checked.imported(*(page(f"R{n}", f"K{n}") for n in range(20)))
    reader = Reader(often_checked, FIRST)
    assert often_checked.feeds("suspend").code == 0
    # A poll that waited would get the new document.
    response = reader.poll(FIRST)
    while response.status_code == 304 and not is_stale(response):
        response = reader.poll(FIRST)
    assert is_stale(response)


class Crowd:
    """More documents than the cache holds for their readers; the clock stands still.

    ``answers`` has the answer to the last poll of each document, ``now`` the seconds of the clock.
    """

    def __init__(self, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
        text = token_urlsafe(150_000)
        portal.imported(*(page(f"R{n}", f"K{n}", body=text) for n in range(25)))
        portal.environ["FEEDS_CACHE_MB"] = "1"
        self.portal = portal
        self.addresses = [f"/categories/k{n}.atom" for n in range(25)]
        self.reader = Reader(portal, FIRST, *self.addresses)
        self.answers: dict[str, TestResponse] = {}
        self.now = time.monotonic()
        monkeypatch.setattr("feeds.web.cache.background.time.monotonic", lambda: self.now)

    def suspend(self) -> None:
        """Change all documents, and wait until the service has seen it."""
        assert self.portal.feeds("suspend").code == 0
        wait_until(lambda: self.reader.poll(FIRST).status_code == 200)

    def poll(self, address: str) -> None:
        """Poll as a client of its own."""
        client = self.reader.client.application.test_client()
        tag = {"If-None-Match": self.reader.got[address].headers["ETag"]}
        self.answers[address] = client.get(address, headers=tag)

    def waits_beside(self, one: str, other: str) -> bool:
        """Poll for another document while one is rendered; return whether that poll waits."""
        thread = threading.Thread(target=self.poll, args=(other,))
        waiting = []

        def poll_other() -> None:
            thread.start()
            wait_until(lambda: not thread.is_alive() or is_in(thread, threading.Semaphore.acquire))
            waiting.append(thread.is_alive())

        with while_rendering(poll_other):
            self.poll(one)
        thread.join()
        return waiting == [True]

    def is_stale_beside(self, one: str, other: str, after: float = 0) -> bool:
        """Poll for a document and, some seconds into its rendering, for another one.

        Return whether the other one is stale.
        """
        thread = threading.Thread(target=self.poll, args=(other,))

        def poll_other() -> None:
            self.now += after
            thread.start()
            thread.join(60)

        with while_rendering(poll_other):
            self.poll(one)
        thread.join()
        assert self.is_new(one)
        return is_stale(self.answers[other])

    def is_new(self, address: str) -> bool:
        """Whether the last poll of a document was answered with the suspension."""
        return "pārtraukta" in self.answers[address].text


def test_documents_that_could_not_be_kept_for_their_readers_are_rendered_in_requests(
    often_checked: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = Crowd(often_checked, monkeypatch)
    first, second, *others = crowd.addresses
    with statements(often_checked) as run:
        crowd.suspend()
        # One at a time, so that the others are answered meanwhile.
        assert crowd.is_stale_beside(first, second)
        for address in (second, *others):
            crowd.poll(address)
            assert crowd.is_new(address)
    assert not [one for one in run if RENDERING in one and "_work" in one.thread.name]


@pytest.mark.parametrize(
    ("threads", "is_another_rendered"),
    [
        pytest.param("4", True, id="another one waits for its turn"),
        pytest.param("2", False, id="one thread is left"),
    ],
)
def test_polls_wait_for_their_turn_to_render_the_longer_the_older_the_change(
    often_checked: Portal,
    monkeypatch: pytest.MonkeyPatch,
    threads: str,
    is_another_rendered: bool,
) -> None:
    often_checked.environ["FEEDS_THREADS"] = threads
    crowd = Crowd(often_checked, monkeypatch)
    first, second, third, fourth, fifth, sixth, seventh, eighth, *_ = crowd.addresses
    crowd.suspend()
    # So that the turn comes within the time of waiting, that is made long.
    monkeypatch.setattr("feeds.web.cache.background._TURN_SECONDS", 600)
    assert crowd.is_stale_beside(first, second)
    crowd.now += 80
    assert crowd.waits_beside(second, third) is is_another_rendered
    assert crowd.is_new(second)
    assert is_stale(crowd.answers[third]) is not is_another_rendered
    monkeypatch.setattr("feeds.web.cache.background._TURN_SECONDS", 0)
    crowd.now += 115
    assert crowd.is_stale_beside(fourth, fifth)
    # In the last third each waits as long as it takes, unless they have rendered for a second.
    crowd.now += 6
    assert crowd.waits_beside(fifth, sixth)
    assert crowd.is_new(sixth)
    assert crowd.is_stale_beside(seventh, eighth, after=1.1)


def test_the_most_demanded_documents_are_rendered_first_and_each_once(
    portal_of_one_thread: Portal,
) -> None:
    portal_of_one_thread.imported(*(page(f"R{n}", f"K{n}") for n in range(5)))
    addresses = [f"/categories/k{n}.atom" for n in (3, 0, 4, 1, 2)]
    reader = Reader(portal_of_one_thread, FIRST, *addresses)
    with held() as background:
        changed(portal_of_one_thread, reader, "suspend")
        wait_until(lambda: bool(background.selections))
        for polls, address in enumerate(reversed(addresses), 1):
            for _ in range(polls):
                assert is_stale(reader.poll(address))
        background.released.set()
        for address in addresses:
            wait_until(lambda at=address: reader.poll(at).status_code == 200)  # type: ignore[misc]
    slugs = dict(portal_of_one_thread.sql("SELECT id, slug FROM selection"))
    all_releases, *others = background.selections
    assert slugs[all_releases] == ""
    assert [f"/categories/{slugs[selection]}.atom" for selection in others] == addresses


def test_of_documents_demanded_as_often_those_whose_entries_are_in_memory_are_rendered_first(
    portal_of_one_thread: Portal,
) -> None:
    without, *others = ADDRESSES[:2]
    reader = Reader(portal_of_one_thread, FIRST, *others)
    reader.got |= Reader(portal_of_one_thread, without).got  # from another worker
    assert reader.poll(without).status_code == 304
    with held() as background:
        changed(portal_of_one_thread, reader, "suspend")
        wait_until(lambda: bool(background.selections))
        for address in (without, *others):
            assert is_stale(reader.poll(address))
        background.released.set()
        wait_until(lambda: len(background.selections) == 3)
    slugs = dict(portal_of_one_thread.sql("SELECT id, slug FROM selection"))
    assert [slugs[selection] for selection in background.selections[1:]] == ["kultura", ""]


def test_a_document_that_a_request_has_rendered_is_not_rendered_in_the_background(
    portal_of_one_thread: Portal,
) -> None:
    first, second = ADDRESSES[:2]
    reader = Reader(portal_of_one_thread, FIRST, first, second)
    with held() as background:
        changed(portal_of_one_thread, reader, "suspend")
        wait_until(lambda: bool(background.selections))
        for address in (first, first, second):
            assert is_stale(reader.poll(address))
        with while_rendering(
            lambda: in_thread(lambda: reader.client.application.test_client().get(second))
        ):
            background.released.set()
            wait_until(lambda: reader.poll(first).status_code == 200)
            wait_until(lambda: not any("_work" in thread.name for thread in threading.enumerate()))
    assert len(background.selections) == 3


@pytest.mark.slow
def test_a_withdrawn_release_is_not_served_again(portal_of_one_thread: Portal) -> None:
    reader = Reader(portal_of_one_thread, FIRST, *ADDRESSES)
    with held():
        changed(portal_of_one_thread, reader, "suspend")
        assert is_stale(reader.poll("/categories/kultura.json"))
        assert portal_of_one_thread.feeds("withdraw", "2010/05/04/a").code == 0
        wait_until(lambda: reader.poll("/categories/kultura.json").status_code == 200)
        assert portal_of_one_thread.feeds("resume").code == 0
        new = reader.poll("/categories/kultura+sports.rss")
        assert (new.status_code, "<title>A</title>" in new.text) == (200, False)


def test_a_withdrawn_release_is_not_served_while_the_store_is_unavailable(
    portal_of_one_thread: Portal,
) -> None:
    reader = Reader(portal_of_one_thread, "/categories/kultura.atom", "/categories/sports.atom")
    assert portal_of_one_thread.feeds("withdraw", "2010/05/04/a").code == 0
    # A document that was not withdrawn from shows that the change was noticed.
    wait_until(lambda: "<title>A</title>" not in reader.client.get("/releases.atom").text)
    with portal_of_one_thread.unavailable():
        wait_until(lambda: reader.client.get("/readyz").status_code == 503)
        assert reader.poll("/categories/kultura.atom").status_code == 503
        assert reader.client.get("/categories/kultura.atom").status_code == 503
        assert reader.poll("/categories/sports.atom").status_code == 304
        assert reader.client.get("/categories/sports.atom").status_code == 200


def test_a_retracted_notice_is_not_served_again(portal_of_one_thread: Portal) -> None:
    assert portal_of_one_thread.feeds("suspend").code == 0
    reader = Reader(portal_of_one_thread, *ADDRESSES)
    (entry_id,) = portal_of_one_thread.sql("SELECT entry_id FROM notice")[0]
    assert all(entry_id in response.text for response in reader.got.values())
    with held():
        assert portal_of_one_thread.feeds("notices", "retract", entry_id).code == 0
        wait_until(lambda: reader.poll(ADDRESSES[0]).status_code == 200)
        for address in ADDRESSES[:2]:
            response = reader.poll(address)
            assert (response.status_code, entry_id in response.text) == (200, False)
    with portal_of_one_thread.unavailable():
        wait_until(lambda: reader.client.get("/readyz").status_code == 503)
        # It was not asked for since, so the process has no document without the notice.
        assert reader.poll(ADDRESSES[2]).status_code == 503
        assert reader.poll(ADDRESSES[0]).status_code == 200


def test_nothing_is_stale_for_longer_than_five_minutes(
    portal_of_one_thread: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(portal_of_one_thread, FIRST, *ADDRESSES)
    with held():
        changed(portal_of_one_thread, reader, "suspend")
        assert is_stale(reader.poll(ADDRESSES[0]))
        clock = time.monotonic
        monkeypatch.setattr("feeds.web.cache.revision.time.monotonic", lambda: clock() + 301)
        assert reader.poll(ADDRESSES[0]).status_code == 200


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize("defect", [RuntimeError, SystemExit], ids=["logged", "ends the thread"])
def test_a_document_whose_rendering_in_the_background_failed_is_rendered_again(
    portal_of_one_thread: Portal, defect: type[BaseException]
) -> None:
    reader = Reader(portal_of_one_thread, FIRST)
    requests = threading.get_ident()
    died: list[bool] = []

    def die(_: Any, __: Any, statement: str, *___: object) -> None:
        if RENDERING in statement and threading.get_ident() != requests and not died:
            died.append(True)
            raise defect

    with listening("before_cursor_execute", die):
        changed(portal_of_one_thread, reader, "suspend")
        wait_until(lambda: reader.poll(FIRST).status_code == 200)
    assert died


@pytest.mark.slow
def test_what_is_known_about_documents_is_bounded(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_CACHE_MB="1", FEEDS_REVISION_TTL="60")
    portal.imported(*(page(f"R{n}", f"K{n}") for n in range(14)))
    client = portal.client()
    unknown = {"If-None-Match": "x"}
    before = {"If-None-Match": Reader(portal, K0).got[K0].headers["ETag"]}
    assert portal.feeds("suspend").code == 0
    etag = client.get(K0).headers["ETag"]

    def asks_the_store() -> bool:
        with statements(portal) as run:
            tag = {"If-None-Match": etag}
            assert client.get(K0, headers=tag).status_code == 304
        return bool(run)

    assert not asks_the_store()
    for form in ("atom", "rss", "json"):
        for members in combinations(range(1, 14), 3):
            slugs = "+".join(sorted(f"k{n}" for n in members))
            client.get(f"/categories/{slugs}.{form}", headers=unknown)
    assert asks_the_store()
    assert not asks_the_store()
    # It may have served the new document, so it does not go back to the one before.
    assert client.get(K0, headers=before).status_code == 200
