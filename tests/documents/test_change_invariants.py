"""Validators under any sequence of commands: they move with the bytes, and for nothing else.

After each command every document is read through a process that was just started, and through one
that has been running since the settings last changed. Three readers ask the latter: one sends
entity tags, one sends dates alone, and one sends neither. Each accepts another content coding.
"""

import copy
import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import brotli
import hypothesis
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feeds.errors import RefusedError
from feeds.formats import FORMATS
from feeds.ingest.report import Outcome
from feeds.ingest.run import import_paths
from feeds.operations import categories, redirects
from feeds.operations.backup import backup
from feeds.operations.backup_restore import restore_backup
from feeds.operations.check import Check
from feeds.operations.export import Loader, export, write_export
from feeds.operations.migrate import migrate
from feeds.operations.notices import notices, retract
from feeds.operations.suspend import amend, resume, suspend
from feeds.operations.withdraw import restore, withdraw
from tests.databases import closed_connections
from tests.portal import START, Portal

SIZE = 2
RELEASES = 9  # besides those that a flood adds
LONG_AGO = datetime(2010, 1, 1, 12, 0, tzinfo=UTC)
OPML = "/feeds.opml"
LONGER, LANGUAGE = "FEEDS_ENTRIES", "FEEDS_LANGUAGE"
NOTHING = {Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.REFUSED}

# How far the machine's clock moves before a command, in seconds.
PAUSES = st.sampled_from([0, 1, 90_000, -1000])
WHICH = st.integers(0, RELEASES - 1)
DAYS = st.integers(0, 30)
LABELS = st.lists(st.sampled_from(["Kultura", "Kultūra", "Vide", "Sports"]), max_size=2)
NAMES = st.sampled_from(["Kultūra", "Māksla", "Maksla", "Daba"])
TEXTS = st.sampled_from(["Pārtraukums.", "Cits teksts."])
RECORDS = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.none(), LABELS),
        st.tuples(st.just("back-dated"), DAYS, LABELS),
        st.tuples(st.just("same"), WHICH, st.none()),
        st.tuples(st.just("body"), WHICH, TEXTS),
        st.tuples(st.just("title"), WHICH, TEXTS),
        st.tuples(st.just("categories"), WHICH, LABELS),
        st.tuples(st.just("language"), WHICH, st.sampled_from(["lv", "en"])),
        st.tuples(st.just("published"), WHICH, DAYS),
    ),
    min_size=1,
    max_size=4,
)
SETTINGS = {
    LONGER: ("2", "3"),
    LANGUAGE: ("lv", "en"),
    "FEEDS_TITLE": ("PRCentrs.Lv", "Relīzes"),
}


def far_future() -> datetime:
    """Return an instant after all changes: until then there is no ``Last-Modified``."""
    return START + timedelta(days=10_000)


def nothing() -> bool:
    """Stand for a command that is refused: there is none to repeat."""
    raise RefusedError("nothing")


class Answer(NamedTuple):
    """A document with its validators."""

    body: bytes
    tag: str
    changed: datetime | None


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}


def ask(
    client: FlaskClient,
    address: str,
    held: Answer | None = None,
    *,
    tag: bool = False,
    coding: str = "identity",
) -> Answer:
    """Get a document, or poll it with the date and perhaps the tag of the one that is held."""
    headers = {"Accept-Encoding": coding}
    if held is not None and held.changed is not None:
        headers["If-Modified-Since"] = f"{held.changed:%a, %d %b %Y %H:%M:%S} GMT"
    if held is not None and tag:
        headers["If-None-Match"] = held.tag
    response = client.get(address, headers=headers)
    if held is not None and response.status_code == 304:
        body = held.body
    else:
        assert response.status_code == 200, address
        assert response.headers.get("Content-Encoding", "identity") == coding
        body = DECODERS[coding](response.data)
    return Answer(body, response.headers["ETag"], response.last_modified)


class Changes(RuleBasedStateMachine):
    """A portal under random commands."""

    make: Callable[..., Portal]

    @initialize(releases=st.integers(0, 6))
    def begin(self, releases: int) -> None:
        self.portal = self.make(FEEDS_ENTRIES=str(SIZE))
        self.now = START
        self.records: list[dict[str, Any]] = []
        self.again = nothing
        self.serve(self.portal.environ)
        # Whether the last command said so, and had no interrupted import to finish.
        self.nothing_changed = False
        self.import_unfinished = False
        # The documents before the last command, and the settings of the service.
        self.documents: dict[str, Answer] = {}
        self.settings: dict[str, str] = {}
        # The bytes for which each validator of each document has ever stood, and the last date.
        self.bodies: dict[tuple[str, str | datetime], bytes] = {}
        self.dates: dict[str, datetime] = {}
        self.readers: tuple[dict[str, Answer], ...] = ({}, {}, {})
        self.steps = 0
        if releases:
            labels = (["Kultura"], ["Vide"], ["Kultura", "Vide"])
            self.imported(
                [self.record("back-dated", 4 * n, labels[n % 3]) for n in range(releases)]
            )

    def serve(self, environ: dict[str, str]) -> None:
        """Start a service with settings of its own."""
        self.service = copy.copy(self.portal)
        self.service.environ = dict(environ)
        self.client = self.service.client(far_future)

    def run(self, pause: int, command: Callable[[], bool]) -> None:
        """Run a command that returns whether it says that it has changed something."""
        self.now += timedelta(seconds=pause)
        self.again = command
        try:
            changed = command()
        except RefusedError:
            self.nothing_changed = True
        else:
            self.nothing_changed = not (changed or self.import_unfinished)
            self.import_unfinished = False

    # The commands.

    def imported(self, records: Sequence[dict[str, Any]], how: str = "") -> bool:
        """Import releases; return whether the report says that something has changed."""
        lines = [json.dumps(record) for record in records]
        path = self.portal.write("releases.jsonl", "\n".join(lines))
        run = import_paths(
            self.portal.store,
            self.portal.settings,
            [path],
            lambda: self.now,
            dry_run=how == "dry",
        )
        results = iter(run)
        # The transaction with all the releases is then committed, but not the last one.
        next(results)
        if how != "interrupted":
            list(results)
        return not set(run.report.counts) <= NOTHING

    def record(self, kind: str, which: int | None, value: Any) -> dict[str, Any]:
        """Return a new release, or the next version of one; ``which`` may be a day."""
        if kind in {"new", "back-dated"} and len(self.records) < RELEASES:
            published = self.now if which is None else LONG_AGO + timedelta(days=which)
            return self.new_record(published, value)
        if not self.records:
            return self.new_record(LONG_AGO, [])
        place = (which or 0) % len(self.records)
        changed = {kind: value} if kind in {"body", "title", "categories", "language"} else {}
        if kind == "published":
            changed = {kind: (LONG_AGO + timedelta(days=value)).isoformat()}
        self.records[place] = self.records[place] | changed
        return self.records[place]

    def new_record(self, published: datetime, labels: Sequence[str]) -> dict[str, Any]:
        number = len(self.records)
        record = {
            "id": f"urn:release:{number}",
            "title": f"Relīze {number}",
            "body": "Teksts.",
            "published": published.isoformat(),
            "categories": labels,
        }
        self.records.append(record)
        return record

    @rule(pause=PAUSES, records=RECORDS, how=st.sampled_from(["", "", "", "interrupted", "dry"]))
    def bring(self, pause: int, records: Sequence[tuple[str, int | None, Any]], how: str) -> None:
        stated = [self.record(*record) for record in records]
        batch = list({record["id"]: record for record in stated}.values())
        if not how:
            self.run(pause, lambda: self.imported(batch))
            return
        self.now += timedelta(seconds=pause)
        changed = self.imported(batch, how)
        self.nothing_changed = how == "dry" or not changed
        if how == "interrupted":
            self.import_unfinished = True
            self.again = lambda: self.imported(batch)

    @precondition(lambda self: len(self.records) < RELEASES)
    @rule(day=DAYS, label=st.sampled_from(["Kultūra", "Vide"]))
    def flood(self, day: int, label: str) -> None:
        """Import so many releases of one day that an archive page outgrows its size."""
        self.floods([day], label)

    def floods(self, days: Sequence[int], label: str) -> None:
        """Do so for several days at once."""
        batch = [
            self.new_record(LONG_AGO + timedelta(days=day, minutes=minute), [label])
            for day in days
            for minute in range(4 * SIZE + 1)
        ]
        self.run(1, lambda: self.imported(batch))

    @rule()
    def repeat(self) -> None:
        """Repeat the last command: it is refused, or finds nothing to do."""
        unfinished = self.import_unfinished
        self.run(1, self.again)
        assert self.nothing_changed or unfinished

    def path(self, which: int) -> str:
        """Return the path of a release, counted from the newest."""
        paths = self.portal.sql("SELECT path FROM release ORDER BY published DESC, rank DESC")
        return str(paths[which % len(paths)][0]) if paths else "2010/01/01/nav"

    @rule(pause=PAUSES, which=WHICH)
    def withdraw(self, pause: int, which: int) -> None:
        path = self.path(which)
        self.run(
            pause, lambda: withdraw(self.portal.store, self.portal.settings, self.now, path).changed
        )

    @rule(pause=PAUSES, which=WHICH)
    def restore(self, pause: int, which: int) -> None:
        path = self.path(which)
        self.run(
            pause, lambda: restore(self.portal.store, self.portal.settings, self.now, path).changed
        )

    @rule(pause=PAUSES, which=WHICH, name=NAMES)
    def rename(self, pause: int, which: int, name: str) -> None:
        known = [one.category.slug for one in categories.categories(self.portal.store)]
        old = known[which % len(known)] if known else "nav"

        def command() -> bool:
            renamed = categories.rename(
                self.portal.store, self.portal.settings, self.now, old, name
            )
            return renamed.before != renamed.after

        self.run(pause, command)

    @rule(pause=PAUSES, which=WHICH)
    def merge(self, pause: int, which: int) -> None:
        known = [one.category.slug for one in categories.categories(self.portal.store)]

        def command() -> bool:
            pair = [known[(which + place) % len(known)] for place in range(2)] if known else "ab"
            categories.merge(self.portal.store, self.portal.settings, self.now, *pair)
            return True

        self.run(pause, command)

    @rule(pause=PAUSES)
    def suspend(self, pause: int) -> None:
        self.run(pause, lambda: bool(suspend(self.portal.store, self.portal.settings, self.now)))

    @rule(pause=PAUSES, text=st.none() | TEXTS, hours=st.sampled_from([0, 1, 24, None]))
    def amend(self, pause: int, text: str | None, hours: int | None) -> None:
        """Amend the notice; the suspension may begin so many hours before the first command."""
        since = None if hours is None else START - timedelta(hours=hours)

        def command() -> bool:
            result = amend(
                self.portal.store, self.portal.settings, self.now, since=since, text=text
            )
            return result.before != result.after

        self.run(pause, command)

    @rule(pause=PAUSES, which=st.integers(0, 3))
    def retract(self, pause: int, which: int) -> None:
        """Retract a notice, counted from the latest."""
        known = [notice.entry_id for notice in notices(self.portal.store)]
        named = known[which % len(known)] if known else "tag:nav"
        self.run(
            pause, lambda: bool(retract(self.portal.store, self.portal.settings, self.now, named))
        )

    @rule(pause=PAUSES)
    def resume(self, pause: int) -> None:
        self.run(pause, lambda: bool(resume(self.portal.store, self.portal.settings, self.now)))

    # Not the language: to state that of the portal is no change, and takes no revision.
    @rule(name=st.sampled_from(sorted(SETTINGS.keys() - {LANGUAGE})))
    def configure(self, name: str) -> None:
        """Change a setting of the commands alone, or change it back."""
        first, second = SETTINGS[name]
        is_first = self.portal.environ.get(name, first) == first
        self.portal.environ[name] = second if is_first else first
        self.nothing_changed = True
        self.again = nothing

    @rule(pause=PAUSES)
    def migrate(self, pause: int) -> None:
        """Migrate the store; the service goes on with its settings."""
        self.run(pause, lambda: bool(migrate(self.portal.settings, self.now).changes))

    @rule(pause=PAUSES, name=st.sampled_from(sorted(SETTINGS)))
    def deploy(self, pause: int, name: str) -> None:
        """Change a setting as an operator should, or change it back."""
        self.configure(name)
        self.migrate(pause)
        self.serve(self.portal.environ)

    @rule(pause=PAUSES, which=WHICH, removed=st.booleans())
    def address(self, pause: int, which: int, removed: bool) -> None:
        """Add or remove an old address, which no document contains."""
        line = redirects.RedirectLine(1, (f"/veca/{which % 2}", f"/releases/{self.path(which)}"))

        def command() -> bool:
            if removed:
                redirects.remove(self.portal.store, self.now, line.fields[0])
            else:
                redirects.add(self.portal.store, self.portal.settings, self.now, [line])
            return False

        self.run(pause, command)

    @rule(is_exported=st.booleans())
    def move(self, is_exported: bool) -> None:
        """Go on with a copy of the store, made by an export or as a back-up."""
        old, new = self.portal, self.make(FEEDS_ENTRIES=str(SIZE))
        new.environ = old.environ | {"FEEDS_DATABASE_URL": new.url}
        copied = new.folder / "copy"
        if is_exported or not new.url.startswith("sqlite"):
            write_export(export(old.store), copied)
            list(Loader(new.store, new.settings, copied))
        else:
            backup(old.store, copied)
            copied.rename(new.file)
        self.portal = new
        self.serve(self.service.environ | {"FEEDS_DATABASE_URL": new.url})
        self.nothing_changed = True

    @rule()
    def restored(self) -> None:
        """Restore a back-up of the store in its place, while it is served."""
        copied = self.portal.folder / "copied"
        backup(self.portal.store, copied)
        kept = restore_backup(self.portal.store, self.portal.settings, copied, self.now).kept
        assert kept is not None
        for file in (copied, kept):
            file.unlink()
        self.nothing_changed = True

    # What holds after each of them.

    def addresses(self) -> list[str]:
        """Return the addresses of all documents, and of some combined feeds."""
        with self.portal.store.read() as snapshot:
            selections = [snapshot.everything(), *snapshot.categories()]
            slugs = [selection.categories[0].slug for selection in selections[1:]]
            paths = ["/releases", *(f"/categories/{slug}" for slug in slugs)]
            archives = [
                f"{path}/archive/{number + 1}"
                for path, selection in zip(paths, selections, strict=True)
                for number in range(snapshot.newest_page(selection))
            ]
            sitemaps = ["/sitemap.xml", "/sitemap/pages/1.xml"]
            sitemaps += [f"/sitemap/releases/{n}.xml" for n in snapshot.release_sitemaps()]
            if snapshot.release_sitemap(None):
                sitemaps.append("/sitemap/releases/newest.xml")
        combined = [f"/categories/{one}+{other}" for one, other in pairwise(slugs)]
        return [
            OPML,
            *sitemaps,
            *(f"{path}.{form}" for path in paths + archives + combined for form in FORMATS),
        ]

    def read(self, client: FlaskClient) -> dict[str, Answer]:
        """Read every document: no validator may ever have stood for other bytes."""
        found = {address: ask(client, address) for address in self.addresses()}
        for address, answer in found.items():
            for validator in (answer.tag, answer.changed):
                if validator is not None:
                    known = self.bodies.setdefault((address, validator), answer.body)
                    assert answer.body == known, f"{address} has changed, but {validator} has not"
            if answer.changed is not None:
                assert answer.changed >= self.dates.get(address, answer.changed), address
                self.dates[address] = answer.changed
        return found

    @invariant()
    def validators_move_with_the_bytes_and_for_nothing_else(self) -> None:
        before, settings = self.documents, self.settings
        self.settings = dict(self.service.environ)
        with closed_connections():
            self.documents = self.read(self.service.client(far_future))
            if self.portal.environ != self.settings:
                self.read(self.portal.client(far_future))
        anywhere = {"FEEDS_DATABASE_URL": ""}
        if self.settings | anywhere == settings | anywhere:
            addresses = before.keys() | self.documents.keys()
            moved = {one for one in addresses if before.get(one) != self.documents.get(one)}
            assert not (moved and self.nothing_changed)
            was, now = before[OPML], self.documents[OPML]
            assert now.tag == was.tag or now.body != was.body
        # Each reader asks for each form of each document at one of three steps.
        self.steps += 1
        for number, (address, answer) in enumerate(self.documents.items(), self.steps):
            reader, coding = number % 3, list(DECODERS)[number % 3]
            held = self.readers[reader].get(address) if reader else None
            told = ask(self.client, address, held, tag=reader == 1, coding=coding)
            assert told == answer, address
            self.readers[reader][address] = told
        self.nothing_changed = False

    @invariant()
    def the_store_and_its_documents_have_no_faults(self) -> None:
        with closed_connections():
            check = Check(self.portal.store, self.portal.settings)
            assert [*check.store_faults(), *check.document_faults(6)] == []


@pytest.mark.slow
@pytest.mark.no_cover
def test_any_sequence_of_commands(another: Callable[..., Portal]) -> None:
    class OfThisTest(Changes):
        make = staticmethod(another)

    run_state_machine_as_test(
        OfThisTest,
        settings=hypothesis.settings(
            # One, or as many as `--hypothesis-profile=thorough` asks for.
            max_examples=hypothesis.settings().max_examples // 50,
            stateful_step_count=12,
            # Shrinking a failure takes minutes; add Phase.shrink to run it by hand.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


Step = tuple[Any, ...]


def edit(which: int, text: str) -> Step:
    return ("bring", 1, [("body", which, text)], "")


def run(make: Callable[..., Portal], releases: int, steps: Sequence[Step]) -> None:
    """Run commands, after a number of releases was imported."""

    class OfThisTest(Changes):
        pass

    OfThisTest.make = staticmethod(make)
    machine = OfThisTest()
    machine.begin(releases)
    machine.validators_move_with_the_bytes_and_for_nothing_else()
    for name, *arguments in steps:
        getattr(machine, name)(*arguments)
        machine.validators_move_with_the_bytes_and_for_nothing_else()
    machine.the_store_and_its_documents_have_no_faults()


@pytest.mark.slow
def test_every_command(another: Callable[..., Portal]) -> None:
    steps: list[Step] = [
        ("suspend", 1),
        ("amend", 1, "Pārtraukums.", None),
        ("repeat",),
        ("amend", 1, None, 24),
        ("repeat",),
        ("retract", 1, 0),
        ("repeat",),
        ("suspend", 1),
        ("restored",),
        ("resume", 1),
        ("bring", 90_000, [("new", None, ["Kultura"]), ("new", None, ["Vide"])], ""),
        ("repeat",),
        ("bring", 0, [("categories", 4, ["Sports"]), ("published", 2, 3)], ""),
        ("bring", 1, [("title", 0, "Cits"), ("new", None, ["Daba"])], "dry"),
        ("bring", 1, [("new", None, ["Vide"]), ("title", 3, "Cits")], "interrupted"),
        ("withdraw", 1, 0),
        ("repeat",),
        ("restore", -1000, 0),
        ("rename", 1, 0, "Māksla"),
        ("repeat",),
        ("address", 1, 0, False),
        ("deploy", 1, "FEEDS_TITLE"),
        ("repeat",),
        ("move", True),
        ("move", False),
        ("bring", 90_000, [("new", None, ["Vide"]), ("new", None, ["Vide"])], ""),
        ("retract", 1, 1),
        ("repeat",),
        ("flood", 5, "Vide"),
        ("merge", 1, 1),
        ("repeat",),
        ("rename", 1, 0, "Vide"),
    ]
    run(another, 4, steps)


@pytest.mark.parametrize(
    ("releases", "steps"),
    [
        pytest.param(
            0,
            [
                ("floods", (4, 8, 12, 16, 20), "Vide"),
                ("bring", 1, [("published", 3, 8), ("body", 40, "Cits.")], ""),
                ("withdraw", 1, 40),
                ("withdraw", 1, 0),
                ("rename", 1, 0, "Daba"),
                ("suspend", 1),
                ("resume", 1),
                ("move", True),
                ("flood", 2, "Vide"),
            ],
            id="a sitemap of twenty archive pages",
        ),
        pytest.param(
            4,
            [("deploy", 1, LONGER), ("deploy", 1, LONGER), edit(1, "A"), ("deploy", 1, LONGER)],
            id="a change that only a longer feed shows, and then a longer feed",
        ),
        pytest.param(
            1,
            [
                ("deploy", 1, LANGUAGE),
                ("deploy", 1, LANGUAGE),
                ("bring", 1, [("language", 0, "lv")], ""),
                ("deploy", 1, LANGUAGE),
            ],
            id="a language that only another portal shows, and then another portal",
        ),
        pytest.param(
            4,
            [("deploy", 1, LONGER), ("configure", LONGER), edit(1, "A"), edit(1, "B")],
            id="imports by commands with shorter feeds than those of the service",
        ),
        pytest.param(
            4,
            [("deploy", 1, LONGER), ("configure", LONGER), ("migrate", 1), edit(1, "A")],
            id="an import while the service has not been restarted after a migration",
        ),
        pytest.param(
            1,
            [("configure", LONGER), ("bring", 1, [("same", 0, None)], "")],
            id="an import of nothing new by commands with other settings",
        ),
        pytest.param(
            1,
            [("bring", 1, [("categories", 0, ["Kultūra"])], "")],
            id="a category that is spelled with its diacritics",
        ),
        pytest.param(
            4,
            [("withdraw", 1, 0), ("withdraw", 1, 1), ("bring", 1, [("back-dated", 6, [])], "")],
            id="a new release after all of the newest archive page were withdrawn",
        ),
        pytest.param(
            4,
            [
                *(("withdraw", 1, which) for which in range(3)),
                *(("bring", 1, [("back-dated", day, [])], "") for day in (10, 0)),
            ],
            id="back-dated releases after the end of two archive pages was withdrawn",
        ),
    ],
)
@pytest.mark.slow
@pytest.mark.engines("sqlite", reason="the other tests run on both engines")
@pytest.mark.no_cover
def test_a_sequence_of_commands(
    another: Callable[..., Portal], releases: int, steps: Sequence[Step]
) -> None:
    run(another, releases, steps)
