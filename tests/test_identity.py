import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.identity import (
    SLUG_LENGTH,
    Authority,
    address_key,
    combined_feed_id,
    foreign_id,
    id_key,
    item_key,
    rank,
    release_id,
    slug,
    title_key,
)

AUTHORITY = Authority("prcentrs.lv", 2008)
INSTANT = datetime(2007, 11, 26, 22, 55, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Sabiedrības integrācija", "sabiedribas-integracija"),
        ("Integrācijas sekretariātam aprit 5 gadi!", "integracijas-sekretariatam-aprit-5-gadi"),
        ('ŠĶŪŅU  ČIEKURS – "ģērānija"', "skunu-ciekurs-geranija"),
        ("Привет, мир: съезд", "privet-mir-sezd"),
        ("Straße & Øre", "strasse-ore"),
        ("a_b/c", "a-b-c"),
    ],
)
def test_a_slug_is_spelled_as_expected(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_composed_and_decomposed_letters_give_one_slug() -> None:
    assert slug("ā") == slug("a\u0304") == "a"


def test_marks_of_every_script_are_dropped() -> None:
    assert slug("a\u05b0b").startswith("ab")
    assert re.fullmatch(r"ab-[0-9a-f]{8}", slug("a\u05b0b 東"))


@given(st.text(min_size=1))
def test_a_slug_is_never_empty_or_too_long_and_is_safe_in_urls(title: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(title))
    assert len(slug(title)) <= SLUG_LENGTH


@pytest.mark.parametrize(
    ("one", "other"),
    [("東京", "大阪"), ("東京 x", "大阪 x"), ("!", "?"), ("a" * 300, "a" * 301)],
)
def test_titles_with_the_same_letters_get_different_slugs_by_a_hash(one: str, other: str) -> None:
    assert slug(one) != slug(other)
    assert re.search(r"[0-9a-f]{8}$", slug(one))


def test_published_identifiers_never_change() -> None:
    """A change of one of these would show every release to every reader again."""
    assert release_id(AUTHORITY, INSTANT, "aprit-5-gadi", None) == (
        "tag:prcentrs.lv,2008:release/2007-11-26T22:55:22Z/aprit-5-gadi"
    )
    assert release_id(AUTHORITY, INSTANT, "aprit-5-gadi", "https://old.example/?p=7") == (
        "tag:prcentrs.lv,2008:release/2007-11-26T22:55:22Z/aprit-5-gadi~1fdcfe82"
    )
    assert rank("tag:prcentrs.lv,2008:release/2007-11-26T22:55:22Z/aprit-5-gadi") == (
        388993641236890841
    )
    assert slug("Ļoti garš virsraksts, " * 12) == (
        "loti-gars-virsraksts-loti-gars-virsraksts-loti-gars-virsraksts-loti-d8b4ce80"
    )


def test_the_id_of_a_combined_feed_does_not_depend_on_the_order_of_its_members() -> None:
    ids = ["tag:a,2008:feed/kultura", "tag:a,2008:feed/sports"]
    assert combined_feed_id(ids) == combined_feed_id(ids[::-1]) == "tag:a,2008:feed/kultura+sports"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_tag_has_the_same_form_for_every_year(instant: datetime) -> None:
    tag = release_id(AUTHORITY, instant, "x", None)
    assert re.fullmatch(r"tag:prcentrs\.lv,2008:release/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/x", tag)


def test_source_keys_are_frozen() -> None:
    assert title_key(INSTANT, "a") == "at:2007-11-26T22:55:22Z/a"
    assert id_key("urn:x:1", "a.example") == id_key("urn:x:1", "b.example")
    assert id_key("17", "a.example") == "id:4f8850fcc06f0303508e8818b7de41eb"
    assert id_key("17", "a.example") != id_key("17", "b.example")
    assert address_key("a.example/x") == "address:787dfc968ff5bde6600d8cf53d72526a"
    assert item_key("a.example/x", INSTANT, "a") == "item:1d99b86f23a1a76d982afb8fe9d187d1"
    assert (
        foreign_id(AUTHORITY, "17", "a.example")
        == "tag:prcentrs.lv,2008:id/4f8850fcc06f0303508e8818b7de41eb"
    )
