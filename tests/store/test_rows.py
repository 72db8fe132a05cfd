"""Rows become dataclasses by the names of their columns: no two values are ever swapped.

Each test writes rows in which all values differ, with plain SQL, and reads them as a dataclass.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Text

from feeds.domain import Attachment, Category
from feeds.identity import Authority
from feeds.store.schema.tables import ALL_ID, METADATA
from feeds.store.write import categories, redirects, withdrawals
from feeds.store.write.releases import Releases
from tests.portal import START, Portal

pytestmark = pytest.mark.engines("sqlite", reason="the columns are the same on both engines")

NUMBERS = count(10_000)
JSON = {
    "authors": ('["Anna", "Bērziņš"]', ("Anna", "Bērziņš")),
    "attachments": (
        '[["http://a/b", "c/d", 1, "e", true]]',
        (Attachment("http://a/b", "c/d", 1, "e", featured=True),),
    ),
}


def insert(portal: Portal, table: str, **given: Any) -> dict[str, Any]:
    """Insert a row in which all values differ; return it by the names of its columns."""
    row = {
        column.name: f"{table}.{column.name}" if isinstance(column.type, Text) else next(NUMBERS)
        for column in METADATA.tables[table].c
    }
    row |= {name: text for name, (text, _) in JSON.items() if name in row}
    row |= given
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join("NULL" if value is None else repr(value) for value in row.values())
    portal.sql(f"INSERT INTO {table} ({names}) VALUES ({values})")  # noqa: S608 - names of the schema
    return row


def fields(found: Any) -> dict[str, Any]:
    """Return the fields of a dataclass or a named tuple as the database stores them."""
    values = {name: getattr(found, name) for name in names_of(found)}
    return {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def names_of(found: Any) -> Sequence[str]:
    """Return the names of the fields of a dataclass or a named tuple."""
    if isinstance(found, tuple):
        names: Sequence[str] = found._fields  # type: ignore[attr-defined]
        return names
    return [field.name for field in dataclasses.fields(found)]


def common(row: dict[str, Any], found: Any) -> dict[str, Any]:
    """Return the values of a row whose columns have the names of fields of what was read."""
    names = names_of(found)
    read = {name: JSON[name][1] if name in JSON else value for name, value in row.items()}
    return {name: value for name, value in read.items() if name in names}


def insert_release(portal: Portal) -> tuple[dict[str, Any], dict[str, Any]]:
    """Insert a release that the selection of all releases shows, and its category."""
    category = insert(portal, "selection")
    insert(portal, "label", slug=category["slug"], selection=category["id"])
    release = insert(portal, "release", withdrawn=None)
    insert(portal, "membership", release=release["id"], selection=category["id"])
    insert(
        portal,
        "listing",
        selection=ALL_ID,
        release=release["id"],
        published=release["published"],
        rank=release["rank"],
    )
    return release, category


def test_the_head(portal: Portal) -> None:
    portal.sql("DELETE FROM head")
    row = insert(portal, "head")
    change = insert(portal, "change_token", revision=row["revision"])
    notice = insert(portal, "notice", kind="suspension", lifted=None, retracted=None)
    with portal.store.read() as snapshot:
        found = snapshot.head()
    expected = {"token": change["token"], "announced": notice["announced"]}
    assert fields(found) == common(row, found) | expected


def test_a_selection(portal: Portal) -> None:
    row, other = insert(portal, "selection"), insert(portal, "selection", slug="z", feed_id="z")
    insert(portal, "label", selection=row["id"])
    for number in (6, 7):
        insert(portal, "archive_page", selection=row["id"], number=number)
    with portal.store.read() as snapshot:
        found = snapshot.selection([row["slug"]])
        assert found is not None
        alone = dataclasses.replace(found, previous=None, newest_page=None)
        assert alone in snapshot.categories()
        assert snapshot.current_slugs(["label.slug"]) == {"label.slug": row["slug"]}
        assert snapshot.former_slugs() == {row["slug"]: ("label.slug",)}
        combined = snapshot.selection([row["slug"], "z"])
    category = Category(slug=row["slug"], name=row["name"])
    assert fields(found) == common(row, found) | {
        "categories": (category,),
        "members": (row["id"],),
        "tokens": (row["token"],),
        "previous": found.previous,
        "newest_page": 7,
    }
    assert fields(found.previous) == {
        "revision": row["revision"] - 1,
        "changed": row["previous_changed"],
        "tokens": (row["previous_token"],),
    }
    assert combined is not None
    assert fields(combined) == {
        "feed_id": combined.feed_id,
        "categories": (category, Category(slug="z", name=other["name"])),
        "count": row["count"] + other["count"],
        "changed": other["changed"],
        "created": other["created"],
        "members": (row["id"], other["id"]),
        "tokens": (row["token"], other["token"]),
        "previous": combined.previous,
        "newest_page": None,
    }
    # Only the one that changed last was another.
    assert fields(combined.previous) == {
        "revision": other["revision"] - 1,
        "changed": other["previous_changed"],
        "tokens": (row["token"], other["previous_token"]),
    }


def test_a_release_and_its_headline(portal: Portal) -> None:
    row, category = insert_release(portal)
    with portal.store.read() as snapshot:
        (listed,) = snapshot.newest_listed(snapshot.everything(), 9)
        assert snapshot.newest_listed(snapshot.everything(), 9, whole=True) == [listed]
        (headline,) = snapshot.newest_headlines(snapshot.everything(), 9)
        release = snapshot.release(row["path"])
        assert snapshot.releases([listed]) == {row["id"]: release}
    categories_ = {"categories": (Category(slug=category["slug"], name=category["name"]),)}
    assert fields(listed) == common(row, listed) | categories_
    assert release is not None
    assert fields(release) == common(row, release) | categories_
    assert fields(headline) == common(row, headline) | categories_


def test_a_withdrawal(portal: Portal) -> None:
    row = insert(portal, "release")
    with portal.store.read() as snapshot:
        (found,) = snapshot.withdrawals()
    assert fields(found) == common(row, found)


def test_the_hosts_of_pictures_and_attachments(portal: Portal) -> None:
    release, _ = insert_release(portal)
    withdrawn = insert(
        portal, "release", **{name: f"x.{name}" for name in ("entry_id", "permanent_id", "path")},
    )  # fmt: skip
    rows = [insert(portal, "media_host", release=release["id"], host=host) for host in "ba"]
    insert(portal, "media_host", release=withdrawn["id"], host="c")
    with portal.store.read() as snapshot:
        found = snapshot.media_hosts()
    assert list(found.items()) == [("a", rows[1]["count"]), ("b", rows[0]["count"])]


def test_a_notice(portal: Portal) -> None:
    row = insert(portal, "notice", kind="suspension")
    with portal.store.read() as snapshot:
        (found,) = snapshot.all_notices()
        assert snapshot.notices() == []
    assert fields(found) == common(row, found)
    with portal.store.change(START) as change:
        other = dataclasses.replace(found, entry_id="other", announced=START, retracted=None)
        change.add_notice(other)
        assert change.snapshot.notices() == [other]


def test_the_outcome_of_an_import(portal: Portal) -> None:
    row = insert(portal, "import_run")
    with portal.store.read() as snapshot:
        found = snapshot.last_import()
    assert found is not None
    assert fields(found) == common(row, found)
    with portal.store.change(START) as change:
        change.end_import(change.begin_import(START), found)
        assert change.snapshot.last_import() == found


def test_an_archive_page(portal: Portal) -> None:
    rows = [insert(portal, "archive_page", selection=ALL_ID, number=number) for number in (1, 2)]
    first, second = rows
    with portal.store.read() as snapshot:
        assert snapshot.page((), 3) is None
        both = snapshot.page((), 2)
        everything = snapshot.everything()
    assert both is not None
    selection, found = both
    assert selection == everything
    assert found.after is not None
    assert fields(found) == {
        "number": 2,
        "after": found.after,
        "until": found.until,
        "newest": True,
        "changed": second["changed"],
        "token": second["token"],
        "previous": found.previous,
    }
    assert fields(found.previous) == {
        "revision": second["revision"] - 1,
        "changed": second["previous_changed"],
        "tokens": (second["previous_token"],),
    }
    for (published, rank), row in zip((found.after, found.until), (first, second), strict=True):
        assert (published.timestamp(), rank) == (row["last_published"], row["last_rank"])


def test_a_redirect(portal: Portal) -> None:
    release, category = insert_release(portal)
    to_release = {"selection": None, "release": release["id"], "format": None}
    insert(portal, "redirect", location="/release", **to_release)
    row = insert(portal, "redirect", selection=category["id"], release=None)
    with portal.store.read() as snapshot:
        targets = dict(snapshot.redirects())
    assert fields(targets["/release"]) == {"release": release["path"], "slug": "", "format": None}
    found = targets[row["location"]]
    assert fields(found) == {"release": None, "slug": category["slug"], "format": row["format"]}
    with portal.store.change(START) as change:
        stored = redirects.resolve(change, found)
        assert stored == redirects.find(change, row["location"])
        assert stored is not None
        assert stored._asdict() == {name: row[name] for name in stored._fields}


def test_what_a_change_reads_of_a_release_and_a_category(portal: Portal) -> None:
    release, category = insert_release(portal)
    key = insert(portal, "source_key", release=release["id"])
    permalink = insert(portal, "permalink", release=release["id"])
    with portal.store.change(START) as change:
        releases = Releases(change, Authority("example.org", 2008), portal.settings.site)
        (known,) = releases.known([key["key"]])[key["key"]]
        assert fields(known) == common(release, known) | {"states_id": True, "withdrawn": False}
        assert releases.permalinks([permalink["location"]]) == {permalink["location"]: [known]}
        for name in ("entry_id", "permanent_id"):
            assert releases.known_ids([release[name]]) == {release[name]: known}
        state = withdrawals.find(change, release["entry_id"], "")
        assert fields(state) == common(release, state)
        found = categories.find(change, category["slug"])
        assert fields(found) == common(category, found)
