"""Who has heard: what access logs tell of those who poll the feeds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from feeds.documents.representation import FRESHNESS, LONG_FRESHNESS, longest_use
from feeds.domain import Notice
from feeds.operations.reach.access_logs import AccessLogs, Request
from feeds.operations.reach.agents import NAMES, Agent, read_agent
from feeds.operations.reach.in_vain import InVain, Misses, in_vain
from feeds.operations.reach.pollers import BEFORE, HEARD, SINCE, Counts, Hashes, Pollers
from feeds.settings import Settings
from feeds.store import Store
from feeds.urls import combined_slugs, subscription_path

WINDOW = timedelta(days=28)
"""How long before the announcement pollers are counted."""

_MOST_FEEDS = 100_000
"""Combined feeds have very many addresses; those after this number are not told apart."""

_LONGEST_AGENT = 1000  # bytes; the names of the latest agents are remembered

_OK = {200, 304}
_MOVED = {301}
_IN_VAIN = {404, 410}


@dataclass(frozen=True, slots=True)
class Announcement:
    """The running suspension's notice, or else the newest one.

    Documents that are served after ``certain`` hold it, whatever caches there are.
    """

    notice: Notice
    certain: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """What the logs tell. ``announcement`` is None if nothing was announced.

    ``days`` are the first and last days of each interval that the logs cover. ``subscribers`` are
    those that aggregators declare, by the name of the reader. ``combined`` has the addresses of
    combined feeds that were answered, also with a redirect. ``unlisted`` counts requests for feeds
    beyond the number that is told apart, ``outside`` those before the time that counts. Counts of
    ``in_vain`` may be too low by ``missing``.
    """

    announcement: Announcement | None
    lines: int
    others: int
    outside: int
    days: list[tuple[date, date]]
    total: Counts
    readers: dict[str, Counts]
    subscribers: dict[str, int]
    feeds: dict[str, Counts]
    unlisted: int
    combined: list[str]
    in_vain: list[InVain]
    missing: int

    def as_json(self) -> dict[str, Any]:
        """Return the reach as JSON types; without an announcement there are only pollers."""
        announcement = self.announcement and {
            "id": self.announcement.notice.entry_id,
            "announced": self.announcement.notice.announced.isoformat(),
            "certain": self.announcement.certain.isoformat(),
        }
        return {
            "announcement": announcement,
            "lines": self.lines,
            "other_lines": self.others,
            "requests_before_window": self.outside,
            "days": [[first.isoformat(), last.isoformat()] for first, last in self.days],
            **self._plain(self.total),
            "subscribers": sum(self.subscribers.values()),
            "readers": {
                name: self._plain(counts) | {"subscribers": self.subscribers.get(name)}
                for name, counts in self.readers.items()
            },
            "feeds": {feed: self._plain(counts) for feed, counts in self.feeds.items()},
            "requests_for_unlisted_feeds": self.unlisted,
            "in_vain": [asdict(address) for address in self.in_vain],
            "in_vain_too_low_by": self.missing,
        }

    def _plain(self, counts: Counts) -> dict[str, int]:
        return asdict(counts) if self.announcement else {"pollers": counts.pollers}


def reach(
    store: Store,
    settings: Settings,
    logs: Sequence[Path],
    reported: Callable[[AccessLogs], Iterable[Request]],
) -> Reach:
    """Read access logs. Raises ``NothingToDoError`` if one cannot be read.

    ``reported`` yields the requests of the logs and reports how far they were read.
    """
    with store.read() as snapshot:
        announcement = _announcement(snapshot.notices())
    requests = AccessLogs(logs, settings.timezone)
    count = _Count(announcement, settings.site.root)
    for request in reported(requests):
        count.add(request)
    readers = {NAMES[index]: counts for index, counts in count.readers.counts().items()}
    feeds = list(count.feeds)
    by_feed = {feeds[index]: counts for index, counts in count.pollers.counts().items()}
    subscribers: dict[str, int] = {}
    for (name, _, _), (_, number) in count.declared.items():
        subscribers[NAMES[name]] = subscribers.get(NAMES[name], 0) + number
    return Reach(
        announcement=announcement,
        lines=requests.done,
        others=requests.others,
        outside=count.outside,
        days=_intervals(count.days),
        total=_sum(readers.values()),
        readers=_largest_first(readers),
        subscribers=subscribers,
        feeds=_largest_first(by_feed),
        unlisted=count.unlisted,
        combined=_existing(store, count.combined),
        in_vain=in_vain(store, settings, count.misses),
        missing=count.misses.missing,
    )


class _Count:
    """What is counted while the logs are read.

    ``feeds`` has an index for the path of each feed, ``declared`` the instant and the number of
    subscribers by reader, by what tells aggregators of one name apart, and by feed.
    """

    def __init__(self, announcement: Announcement | None, root: str) -> None:
        self._announced = self._begin = self._certain = 0
        if announcement:
            announced = announcement.notice.announced
            self._announced = int(announced.timestamp())
            self._begin = int((announced - WINDOW).timestamp())
            self._certain = int(announcement.certain.timestamp())
        self._root = root
        self._hashes = Hashes()
        self.readers, self.pollers = Pollers(), Pollers()
        self.feeds: dict[str, int] = {}
        self.combined: set[str] = set()
        self.declared: dict[tuple[int, bytes, int], tuple[int, int]] = {}
        self.misses = Misses()
        self.days: set[int] = set()
        self.outside = self.unlisted = 0

    def add(self, request: Request) -> None:
        """Count a request."""
        if request.seconds < self._begin:
            self.outside += 1
            return
        self.days.add(request.day)
        if request.method != b"GET":
            return
        if request.status in _IN_VAIN:
            self.misses.add(request.path, request.query, request.status)
        elif feed := subscription_path(self._root, request.path):
            self._add_poll(request, feed)

    def _add_poll(self, request: Request, feed: str) -> None:
        done = self._done(request)
        agent = read_agent(request.agent[:_LONGEST_AGENT])
        client = request.address, agent.text
        self.readers.add(self._hashes.of(*client), agent.name, done)
        if feed not in self.feeds and len(self.feeds) == _MOST_FEEDS:
            self.unlisted += 1
            return
        index = self.feeds.setdefault(feed, len(self.feeds))
        self.pollers.add(self._hashes.of(*client, feed.encode()), index, done)
        if request.status in _OK | _MOVED and combined_slugs(feed):
            self.combined.add(feed)
        if agent.subscribers is not None:
            self._add_declared(agent, agent.subscribers, index, request.seconds)

    def _add_declared(self, agent: Agent, subscribers: int, feed: int, seconds: int) -> None:
        """Remember the latest number; the logs may come in any order."""
        key = agent.name, agent.aggregator, feed
        known = self.declared.get(key)
        if known is None and len(self.declared) == _MOST_FEEDS:
            return
        if known is None or known[0] <= seconds:
            self.declared[key] = seconds, subscribers

    def _done(self, request: Request) -> int:
        if not self._announced:
            return 0
        if request.seconds < self._announced:
            return BEFORE
        holds = request.status in _OK and request.confirmed and request.seconds > self._certain
        return SINCE | HEARD if holds else SINCE


def _announcement(notices: Sequence[Notice]) -> Announcement | None:
    """Return the notice that is to be heard: at most one runs, and it is the newest."""
    if not notices:
        return None
    newest, *earlier = notices
    # Clients may keep documents for longer while a suspension has been running for long.
    fresh = LONG_FRESHNESS if earlier else FRESHNESS
    return Announcement(newest, newest.announced + longest_use(fresh))


def _existing(store: Store, combined: Iterable[str]) -> list[str]:
    """Return the addresses of combined feeds whose categories exist, perhaps under other slugs.

    They stay as they were asked for: a subscriber may have one that redirects.
    """
    with store.read() as snapshot:
        known = {category.slug for category in snapshot.category_names()}
        known.update(*snapshot.former_slugs().values())
    return sorted(feed for feed in combined if known.issuperset(combined_slugs(feed)))


def _intervals(days: Iterable[int]) -> list[tuple[date, date]]:
    """Return the first and the last day of each interval of days without a gap."""
    ordered = sorted(days)
    if not ordered:
        return []
    gaps = [(day, following) for day, following in pairwise(ordered) if following > day + 1]
    firsts = [ordered[0], *(following for _, following in gaps)]
    lasts = [*(day for day, _ in gaps), ordered[-1]]
    return [
        (date.fromordinal(first), date.fromordinal(last))
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _largest_first(counts: dict[str, Counts]) -> dict[str, Counts]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1].pollers, item[0])))


def _sum(counts: Iterable[Counts]) -> Counts:
    total = Counts()
    for one in counts:
        for name, number in asdict(one).items():
            setattr(total, name, getattr(total, name) + number)
    return total
