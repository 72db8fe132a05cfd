"""The enumeration of everything that the service answers, against the service."""

from datetime import UTC, datetime

import pytest

from feeds.freeze.answers import (
    Answer,
    Answers,
    moved_addresses,
    moved_portions,
    portions,
    renamed_addresses,
)
from feeds.web.app import bare
from tests.freeze.past import addresses, portal_with_a_past
from tests.portal import Portal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", "postgresql", reason="it reads both"),
]


def test_each_answer_is_that_of_the_service_and_none_is_missing(portal: Portal) -> None:
    portal_with_a_past(portal, releases=60)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    client = portal.client(lambda: now)
    with portal.store.read() as snapshot, bare().app_context():
        site = portal.settings.site
        answers = Answers(snapshot, site, now)
        found: dict[str, Answer] = {}
        combined = ("kultura", "tema-1")
        work = (
            *portions(snapshot, [combined]),
            *moved_portions(moved_addresses(snapshot, site)),
            *moved_portions(renamed_addresses(snapshot, site)),
        )
        for portion in work:
            for answer in answers.of(portion):
                assert answer.path not in found
                found[answer.path] = answer
    assert "/categories/kultura+tema-1.rss" in found
    for path, answer in found.items():
        live = client.get(path)
        assert answer.status == live.status_code, path
        if path not in {"/", "/categories/list/1"}:  # the chooser needs a server
            assert answer.body.content() == live.data, path
            assert sorted(answer.headers) == sorted(live.headers), path
    for path in addresses(portal):
        # The service redirects former slugs for any archive page and any year, also for none.
        below = path.removeprefix("/categories/")
        if ("/archive/" in path or "/releases/" in below) and path not in found:
            continue
        if "utm_source" not in path and not path.partition("?")[0].endswith("/"):
            known = path in found or path.partition("?")[0] in found
            assert known == (client.get(path).status_code != 404), path
