"""Invariants of archive documents under any sequence of commands."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feeds.operations.suspend import resume, suspend
from tests.archives import BASE, SIZE, Document, archives, bring, read, title
from tests.portal import START, Portal


class Archive(RuleBasedStateMachine):
    """A portal under random commands; the invariants of its archive hold after each."""

    make: Callable[..., Portal]

    @initialize()
    def begin(self) -> None:
        self.portal = self.make(FEEDS_ENTRIES=str(SIZE))
        self.client = self.portal.client(lambda: START + timedelta(days=1000))
        self.now = START
        self.days: set[int] = set()
        self.next_day = 1000
        self.suspended = False
        self.edits = 0

    def bring(self, *days: int, **texts: Any) -> None:
        self.now += timedelta(hours=1)
        bring(self.portal, *days, now=self.now, **texts)

    def documents(self) -> dict[str, Document]:
        return {
            document.links["self"]: document
            for feed in ("/releases.atom", "/categories/kultura.atom")
            if self.days or feed == "/releases.atom"
            for document in archives(self.client, feed)
        }

    def compared(self, before: dict[str, Document]) -> Iterator[tuple[str, Document, Document]]:
        """Yield each archive document that was there, as it was and as it is."""
        after = self.documents()
        assert before.keys() <= after.keys()
        for address, was in before.items():
            yield address, was, after[address]

    @precondition(lambda self: not self.suspended)
    @rule(count=st.integers(1, 7))
    def append(self, count: int) -> None:
        before = self.documents()
        newest = dict(map(self.numbered, sorted(before, key=self.numbered)))
        days = range(self.next_day, self.next_day + count)
        self.bring(*days)
        self.next_day += count
        self.days.update(days)
        for address, was, now in self.compared(before):
            feed, number = self.numbered(address)
            if number < newest[feed]:
                assert now == was
            assert now.titles == was.titles
            assert now.links | was.links == now.links
            assert now.links.keys() - was.links.keys() <= {"next-archive"}
            if now.links == was.links:
                assert (now.body, now.headers) == (was.body, was.headers)

    @rule(day=st.integers(0, 999))
    def fill_in(self, day: int) -> None:
        """Import a back-dated release: it moves one page of a selection, or none."""
        assume(day not in self.days)
        before = self.documents()
        current = read(self.client, "/releases.atom")
        self.bring(day)
        self.days.add(day)
        changed: dict[str, list[int]] = {}
        for address, was, now in self.compared(before):
            if now != was:
                feed, number = self.numbered(address)
                changed.setdefault(feed, []).append(number)
        for feed, numbers in changed.items():
            outgrown = len(before[f"{BASE}{feed}/archive/{min(numbers)}.atom"].titles) >= SIZE * 4
            # The newest page may gain a link to a page that the release has filled.
            assert len(numbers) == 1 or outgrown
        if read(self.client, "/releases.atom").body == current.body:
            assert read(self.client, "/releases.atom").headers == current.headers

    @precondition(lambda self: self.days)
    @rule(data=st.data())
    def edit(self, data: Any) -> None:
        day = data.draw(st.sampled_from(sorted(self.days)))
        before = self.documents()
        self.edits += 1
        self.bring(day, body=f"Labots {self.edits}.")
        for _, was, now in self.compared(before):
            assert now.titles == was.titles
            assert (now != was) == (title(day) in was.titles)

    @rule()
    def turn(self) -> None:
        """Suspend or resume, which changes no archive document."""
        before = self.documents()
        act = resume if self.suspended else suspend
        self.now += timedelta(hours=1)
        act(self.portal.store, self.portal.settings, self.now)
        self.suspended = not self.suspended
        for _, was, now in self.compared(before):
            assert now == was

    @invariant()
    def every_release_is_reachable_and_none_is_on_two_pages(self) -> None:
        pages = archives(self.client, "/releases.atom")
        held = [name for document in pages for name in document.titles]
        assert len(held) == len(set(held))
        current = read(self.client, "/releases.atom")
        notices = {name for name in current.titles if "darbība" in name}
        assert {*held, *current.titles} - notices == {title(day) for day in self.days}
        assert all(SIZE <= len(document.titles) <= SIZE * 4 for document in pages)
        assert current.complete == (len(self.days) <= SIZE)
        assert held == sorted(held, reverse=True)

    @invariant()
    def the_store_has_no_faults(self) -> None:
        site = self.portal.settings.site
        assert list(self.portal.store.faults(site, count_months=True)) == []

    @staticmethod
    def numbered(address: str) -> tuple[str, int]:
        match = re.fullmatch(rf"{BASE}(.*)/archive/(\d+)\.atom", address)
        assert match
        return match[1], int(match[2])


@pytest.mark.slow
def test_an_archive_keeps_its_invariants_under_any_sequence_of_commands(
    another: Callable[..., Portal],
) -> None:
    class OfThisTest(Archive):
        make = staticmethod(another)

    run_state_machine_as_test(
        OfThisTest,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            # Shrinking a failure takes minutes; add Phase.shrink to run it by hand.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
