"""What an import decides about a record. No store is needed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feeds.domain import KnownRelease
from feeds.ingest.decide import Add, Conditions, Decision, Edit, Refuse, Skip, Unchanged, decide
from feeds.ingest.derive import identify
from feeds.ingest.sources import Record
from feeds.settings import Settings
from feeds.text.html import Html, Text

NOW = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)
CONDITIONS = Conditions(
    Settings.read(
        {
            "FEEDS_BASE_URL": "https://feeds.example.org",
            "FEEDS_AUTHORITY": "prcentrs.example",
            "FEEDS_AUTHORITY_YEAR": "2008",
            "FEEDS_TITLE": "PRCentrs.Lv",
        }
    ),
    NOW,
    None,
)
RECORD = Record(
    title="Tilts",
    published=datetime(2010, 5, 4, 9, 0, tzinfo=UTC),
    labels=("Kultūra",),
    body=(Text("Tilts savieno krastus."),),
)
ID = "tag:prcentrs.example,2008:release/2010-05-04T09:00:00Z/tilts"
KNOWN = KnownRelease(1, identify(RECORD).digest, "tag:a.example,2001:known")
OUTDATED = replace(KNOWN, digest="of other content")
DEEP = Html("<ul><li>" * 1000)


def decided(
    record: Record = RECORD,
    known: KnownRelease | None = None,
    earlier: Any = None,
    taken: tuple[str, ...] = (),
    suspended: datetime | None = None,
) -> Decision:
    conditions = replace(CONDITIONS, suspended=suspended)
    return decide(identify(record), known, earlier, taken, conditions)


def test_a_new_record_is_added() -> None:
    decision = decided()
    assert isinstance(decision, Add)
    assert decision.draft.entry_id == ID
    assert decision.draft.body == "<p>Tilts savieno krastus.</p>"


def test_a_known_record_with_other_content_is_an_edit() -> None:
    decision = decided(known=OUTDATED)
    assert isinstance(decision, Edit)
    assert decision.known == OUTDATED
    assert decision.draft.digest == KNOWN.digest


@pytest.mark.parametrize(
    ("known", "earlier", "id_"),
    [
        (KNOWN, None, KNOWN.entry_id),
        (KNOWN, "same", KNOWN.entry_id),
        (OUTDATED, "same", KNOWN.entry_id),
        (None, "same", ID),
    ],
)
def test_a_record_with_the_same_content_is_unchanged(
    known: KnownRelease | None, earlier: str | None, id_: str
) -> None:
    assert decided(known=known, earlier=earlier, taken=(ID,)) == Unchanged(id_)


def test_another_version_in_the_same_run_is_refused() -> None:
    reason = "the same release came earlier in this import with other content: keep one of them"
    assert decided(earlier="other") == Refuse(reason)
    assert decided(known=KNOWN, earlier="other") == Refuse(reason, KNOWN.entry_id)


def test_another_version_from_another_document_of_a_feed_is_skipped() -> None:
    decision = decided(replace(RECORD, may_recur=True), known=KNOWN, earlier="other")
    reason = "another version of it was imported from another document of the feed"
    assert decision == Skip(reason, KNOWN.entry_id)


def test_a_new_record_with_the_id_of_another_entry_is_refused() -> None:
    assert decided(taken=(ID,)) == Refuse(f"its id, {ID}, is the id of another entry")
    theirs = replace(RECORD, original_id="urn:x:1", entry_id="urn:x:1")
    assert decided(theirs, taken=("urn:x:1",)) == Refuse(
        "its id, urn:x:1, is the id of another entry"
    )


@pytest.mark.parametrize("known", [None, OUTDATED])
def test_a_record_whose_html_cannot_be_sanitised_is_refused(known: KnownRelease | None) -> None:
    decision = decided(replace(RECORD, body=(DEEP,)), known=known)
    id_ = known.entry_id if known else None
    assert decision == Refuse("its HTML is nested more than 255 deep", id_)


@pytest.mark.parametrize(
    ("changes", "suspended", "reason"),
    [
        (
            {"published": datetime(999, 12, 31, tzinfo=UTC)},
            None,
            "its date, 0999-12-31T00:00:00+00:00, is before the year 1000",
        ),
        (
            {"published": NOW + timedelta(hours=24, seconds=1)},
            None,
            (
                "it is embargoed: its date, 2024-03-02T10:00:01+00:00, is more than 24 hours in "
                "the future"
            ),
        ),
        (
            {"modified": NOW + timedelta(hours=24, seconds=1)},
            None,
            (
                "its modification date, 2024-03-02T10:00:01+00:00, is before the year 1000 or "
                "more than 24 hours in the future"
            ),
        ),
        (
            {},
            RECORD.published - timedelta(seconds=1),
            (
                "it is dated 2010-05-04T09:00:00+00:00, after the suspension began "
                "(2010-05-04T08:59:59+00:00): run `feeds resume` first"
            ),
        ),
        (
            {"body": (Text("x" * (4 * 1024 * 1024)), Text("x"))},
            None,
            "its body is longer than 4 Mi characters",
        ),
        (
            {"labels": tuple(map(str, range(101)))},
            None,
            "it has more than 100 categories",
        ),
    ],
)
def test_a_record_beyond_the_limits_is_refused_whatever_the_store_contains(
    changes: dict[str, Any], suspended: datetime | None, reason: str
) -> None:
    record = replace(RECORD, **changes)
    assert decided(record, suspended=suspended) == Refuse(reason)
    known = replace(KNOWN, digest=identify(record).digest)
    assert decided(record, known, "same", suspended=suspended) == Refuse(reason, KNOWN.entry_id)


@pytest.mark.parametrize(
    ("changes", "suspended"),
    [
        ({"published": datetime(1000, 1, 1, tzinfo=UTC)}, None),
        ({"published": NOW + timedelta(hours=24)}, None),
        ({"modified": NOW + timedelta(hours=24)}, None),
        ({}, RECORD.published),
        ({"body": (Text("x" * (4 * 1024 * 1024)),)}, None),
        ({"labels": tuple(map(str, range(100)))}, None),
    ],
)
def test_a_record_at_a_limit_is_added(changes: dict[str, Any], suspended: datetime | None) -> None:
    assert isinstance(decided(replace(RECORD, **changes), suspended=suspended), Add)
