"""What an import decides about a record. No store is needed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feeds.domain import KnownRelease
from feeds.ingest.decide import Add, Conditions, Decision, Edit, Refuse, Skip, Unchanged, decide
from feeds.ingest.derive import identify
from feeds.ingest.recognition import Catalogue
from feeds.ingest.run_index import RunIndex
from feeds.ingest.sources import Record, Richness
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
KNOWN = KnownRelease(
    id=1,
    entry_id="tag:a.example,2001:known",
    permanent_id="tag:a.example,2001:known",
    path="2010/05/04/tilts",
    digest=identify(RECORD).digest,
    richness=Richness.EXPORT,
    modified=None,
    states_id=False,
    withdrawn=False,
)
OUTDATED = replace(KNOWN, digest="0123456789abcdef" * 2)
DEEP = Html("<ul><li>" * 1000)
OLDER, LATER = datetime(2011, 1, 1, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)


def decided(
    record: Record = RECORD,
    known: KnownRelease | None = None,
    earlier: str | None = None,
    by_id: dict[str, KnownRelease] | None = None,
    other_ids: tuple[str, ...] = (),
    suspended: datetime | None = None,
) -> Decision:
    found, index = identify(record), RunIndex()
    catalogue = Catalogue(
        {key: [known] for key in found.keys} if known else {}, by_id or {}, {}, set(other_ids)
    )
    if earlier and known:
        index.add(known.id, earlier)
    return decide(found, catalogue, index, replace(CONDITIONS, suspended=suspended))


def test_a_new_record_is_added() -> None:
    decision = decided()
    assert isinstance(decision, Add)
    draft = decision.derived.draft
    assert (draft.entry_id, draft.permanent_id) == (ID, ID)
    assert draft.body == "<p>Tilts savieno krastus.</p>"


def test_a_known_record_with_other_content_is_an_edit() -> None:
    decision = decided(known=OUTDATED)
    assert isinstance(decision, Edit)
    assert decision.known == OUTDATED
    assert decision.derived.draft.digest == KNOWN.digest


@pytest.mark.parametrize("earlier", [None, KNOWN.digest, OUTDATED.digest])
def test_a_record_with_the_same_content_is_unchanged(earlier: str | None) -> None:
    assert decided(known=KNOWN, earlier=earlier) == Unchanged(KNOWN)


@pytest.mark.parametrize(
    ("richness", "known", "kind"),
    [
        (Richness.PAGE, Richness.SUMMARY, Unchanged),
        (Richness.SUMMARY, Richness.CONTENT, Unchanged),
        (Richness.CONTENT, Richness.EXPORT, Unchanged),
        (Richness.CONTENT, Richness.CONTENT, Edit),
        (Richness.EXPORT, Richness.CONTENT, Edit),
    ],
)
def test_a_poorer_record_does_not_replace_a_richer_one(
    richness: Richness, known: Richness, kind: type
) -> None:
    record = replace(RECORD, richness=richness)
    assert isinstance(decided(record, replace(OUTDATED, richness=known)), kind)


@pytest.mark.parametrize(
    ("modified", "known", "kind"),
    [
        (OLDER, LATER, Unchanged),
        (LATER, OLDER, Edit),
        (LATER, LATER, Edit),
        (None, LATER, Edit),
        (LATER, None, Edit),
    ],
)
def test_of_equal_records_the_later_modified_one_counts(
    modified: datetime | None, known: datetime | None, kind: type
) -> None:
    record = replace(RECORD, modified=modified)
    assert isinstance(decided(record, replace(OUTDATED, modified=known)), kind)


def test_another_version_in_the_same_run_is_refused() -> None:
    reason = "the same release came earlier in this import with other content: keep one of them"
    assert decided(known=OUTDATED, earlier=OUTDATED.digest) == Refuse(reason, KNOWN.entry_id)
    richer = replace(OUTDATED, richness=Richness.CONTENT)
    assert isinstance(decided(known=richer, earlier=OUTDATED.digest), Edit)
    later = decided(
        replace(RECORD, modified=LATER), replace(OUTDATED, modified=OLDER), OUTDATED.digest
    )
    assert isinstance(later, Edit)


def test_another_version_from_another_document_of_a_feed_is_skipped() -> None:
    decision = decided(replace(RECORD, may_recur=True), known=OUTDATED, earlier=OUTDATED.digest)
    reason = "another version of it was imported from another document of the feed"
    assert decision == Skip(reason, KNOWN.entry_id)


def test_a_record_that_would_get_the_id_of_a_release_is_that_release() -> None:
    decision = decided(by_id={ID: OUTDATED})
    assert isinstance(decision, Edit)
    assert decision.known == OUTDATED


def test_a_new_record_with_the_id_of_another_entry_is_refused() -> None:
    reason = f"its id, {ID}, is the id of another entry"
    assert decided(other_ids=(ID,)) == Refuse(reason)
    theirs = replace(RECORD, permanent_id="urn:x:1")
    assert decided(theirs, other_ids=("urn:x:1",)) == Refuse(
        "its id, urn:x:1, is that of a notice or feed of this service"
    )


def test_a_notice_of_another_service_is_skipped() -> None:
    theirs = replace(RECORD, permanent_id="tag:a.example,2001:suspension/2024-03-01T10:00:00Z")
    reason = "it is a notice: run `feeds suspend` or `feeds resume` to announce one here"
    assert decided(theirs) == Skip(reason)


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
            "its date, 0999-12-31 00:00:00+00:00, is before the year 1000",
        ),
        (
            {"published": NOW + timedelta(hours=24, seconds=1)},
            None,
            (
                "it is embargoed: its date, 2024-03-02 12:00:01+02:00, is more than 24 hours in "
                "the future"
            ),
        ),
        (
            {"published": datetime(9999, 12, 31, 23, tzinfo=UTC)},
            None,
            (
                "it is embargoed: its date, 9999-12-31 23:00:00+00:00, is more than 24 hours in "
                "the future"
            ),
        ),
        (
            {"modified": NOW + timedelta(hours=24, seconds=1)},
            None,
            (
                "its modification date, 2024-03-02 12:00:01+02:00, is before the year 1000 or "
                "more than 24 hours in the future"
            ),
        ),
        (
            {},
            RECORD.published - timedelta(seconds=1),
            (
                "it is dated 2010-05-04 12:00:00+03:00, after the suspension began "
                "(2010-05-04 11:59:59+03:00): correct that date with "
                "`feeds suspend --amend --since`, or run `feeds resume` if publication goes on"
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
    assert decided(record, known, known.digest, suspended=suspended) == Refuse(
        reason, KNOWN.entry_id
    )


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
