"""A suspension behind deploy/nginx.conf: no reader keeps the previous document for long.

Everything changes at once while clients poll, so the service answers some of them for a while with
304 and the tag of the previous document.
"""

import re
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple, Self

import pytest

from tests.deploy.site import Site, behind_nginx
from tests.portal import Portal, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="a proxy does not see the engine"),
]

CATEGORIES = 100
NOTICE = "No further releases"
OLDER_THAN_A_SECOND = 2.2
# More than the documents for which the service lets polls wait until they are rendered.
CLIENTS = 16


class Answer(NamedTuple):
    """What a client was told: the freshness is in seconds."""

    path: str
    status: int
    is_previous: bool
    max_age: int


class Clients:
    """Clients that poll documents until the end of a block, with tags at every second poll."""

    def __init__(self, site: Site, tags: dict[str, str]) -> None:
        self.answers: list[Answer] = []
        self._site = site
        self._tags = tags
        self._has_ended = threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS)

    def __enter__(self) -> Self:
        self._polling = [self._pool.submit(self._poll, number) for number in range(CLIENTS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended.set()
        self._pool.shutdown()
        for polling in self._polling:
            polling.result()

    def _poll(self, number: int) -> None:
        # Each begins with documents of its own.
        start = number * len(self._tags) // CLIENTS
        tags = [*self._tags.items()][start:] + [*self._tags.items()][:start]
        with closing(self._site.seen_from("127.0.0.1")) as site:
            while not self._has_ended.is_set():
                for path, tag in tags:
                    number += 1
                    got = site.ask(path, {"If-None-Match": tag} if number % 2 else {})
                    is_previous = got.status == 304 or NOTICE.encode() not in got.body
                    told = re.search(r"\bmax-age=(\d+)", got.headers.get("cache-control", ""))
                    max_age = int(told[1]) if told else 0
                    self.answers.append(Answer(path, got.status, is_previous, max_age))
                    time.sleep(0.02)
                number += 1

    def have_the_notice(self) -> bool:
        """Return whether the latest answer about each document was the new one."""
        latest = {answer.path: answer for answer in self.answers}
        return len(latest) == len(self._tags) and not any(
            answer.is_previous for answer in latest.values()
        )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "not within two minutes"
        time.sleep(0.1)


def test_no_reader_keeps_the_previous_document_for_more_than_a_minute(portal: Portal) -> None:
    """Readers poll some documents after the suspension, other clients all others throughout."""
    # So long that rendering all documents takes some seconds.
    body = "Tilts savieno abus krastus: https://www.liepkalne.example.lv/tilts. " * 1500
    portal.imported(*(page(f"Tilts {n}", f"Temats {n}", body=body) for n in range(CATEGORIES)))
    unlimited = {"rate=20r/s": "rate=9999r/s", "burst=400": "burst=9999"}
    with (
        portal.served(FEEDS_WORKERS="1", FEEDS_REVISION_TTL="1") as address,
        behind_nginx(address, portal.folder, unlimited) as site,
    ):

        def tags(name: str) -> dict[str, str]:
            paths = [f"/categories/temats-{number}.{name}" for number in range(CATEGORIES)]
            return {path: site.ask(path).headers["etag"] for path in paths}

        def has_seen_the_suspension() -> bool:
            with urllib.request.urlopen(
                f"{address}/categories/temats-0+temats-1.atom", timeout=120
            ) as response:
                return NOTICE.encode() in response.read()

        known = tags("atom")
        with Clients(site, tags("rss") | tags("json")) as others:
            assert portal.feeds("suspend", "--title", NOTICE).code == 0
            wait_until(has_seen_the_suspension)
            time.sleep(OLDER_THAN_A_SECOND)
            with Clients(site, known) as readers:
                wait_until(readers.have_the_notice)
            wait_until(others.have_the_notice)
    previous = [answer for answer in readers.answers if answer.is_previous]
    # With the body, from the copy, and without it to a client that has it.
    assert {answer.status for answer in previous} == {200, 304}
    assert max(answer.max_age for answer in previous) <= 60
    assert {answer.status for answer in others.answers + readers.answers} == {200, 304}
