"""JSON Feed, read by the source ``feed``."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.domain import Attachment
from feeds.ingest.sources import Record, RefusedItem, Richness, SkippedItem
from feeds.text.html import Html, text_html
from tests.ingest.sources.samples import NOON, items, json_feed, records

TEXTS = st.text(max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["id", "url", "title", "content_html", "content_text", "date_published", "tags", "authors"]
)


def test_all_fields_of_a_json_feed_item_are_read() -> None:
    (record,) = records(
        "feed",
        json_feed(
            {
                "id": "https://a.lv/1",
                "url": "https://a.lv/1",
                "external_url": "https://b.lv/",
                "title": "Tilts",
                "content_html": "<p>A",
                "date_published": "2010-05-04T12:00:00+03:00",
                "date_modified": "2010-05-05T12:00:00+03:00",
                "tags": ["K", "K", "", None, {"x": 1}, ["q"], True, 2020],
                "authors": [{"name": "Anna"}, {"name": "Jānis"}, {}],
                "attachments": [
                    {
                        "url": "https://a.lv/1.mp3",
                        "mime_type": "audio/mpeg",
                        "size_in_bytes": 7,
                        "title": "Runa",
                    },
                    {"url": "x/f.pdf", "size_in_bytes": 0},
                    {"url": "mailto:x@a.lv"},
                    "https://a.lv/y",
                ],
                "image": "https://a.lv/p.jpg",
                "banner_image": "https://a.lv/p.jpg",
            },
            language="lv",
            feed_url="https://a.lv/feed.json",
        ),
    )
    assert record == Record(
        title="Tilts",
        published=NOON,
        labels=("K", "2020"),
        body=(Html("<p>A", "https://a.lv/1"),),
        website="https://b.lv/",
        richness=Richness.CONTENT,
        authors=("Anna", "Jānis"),
        attachments=(
            Attachment("https://a.lv/1.mp3", "audio/mpeg", 7, "Runa"),
            Attachment("https://a.lv/x/f.pdf", "application/pdf"),
            Attachment("https://a.lv/p.jpg", "image/jpeg", featured=True),
        ),
        language="lv",
        modified=NOON.replace(day=5),
        permanent_id="https://a.lv/1",
        host="a.lv",
        original="https://a.lv/1",
        address_is_id=True,
        may_recur=True,
        where="item 1",
        dropped=(("attachment", 1),),
    )


def test_an_item_of_json_feed_1_0_has_one_author_and_may_have_a_number_as_id() -> None:
    (record,) = records(
        "feed",
        json_feed(
            {
                "id": 7,
                "title": "T",
                "content_text": "A\n\nB",
                "date_modified": "2010-05-04T12:00:00+03:00",
                "author": {"name": "Anna"},
            }
        ),
    )
    assert text_html(record.body) == "<p>A</p>\n<p>B</p>"
    assert (record.permanent_id, record.authors) == ("7", ("Anna",))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"_draft": True}, "it is a draft"),
        ({"status": "Draft"}, "it is a draft"),
        ({"_portal": {"status": "private"}}, "it is private"),
        ({"visibility": "private"}, "it is private"),
        ({"_portal": {"draft": True}}, "it is a draft"),
        ({"status": "future"}, "it is scheduled for later"),
    ],
)
def test_an_item_that_says_that_it_is_not_public_is_skipped(
    more: dict[str, Any], reason: str
) -> None:
    assert items("feed", json_feed({"title": "T"} | more)) == [SkippedItem(reason, "item 1")]


def test_an_item_with_a_summary_only_is_poorer_than_one_with_content() -> None:
    stated = {"title": "T", "date_published": "2010-05-04T12:00:00+03:00", "summary": "S"}
    (summary,) = records("feed", json_feed(stated))
    assert (summary.richness, text_html(summary.body)) == (Richness.SUMMARY, "<p>S</p>")
    (content,) = records("feed", json_feed(stated | {"content_html": "<p>C</p>"}))
    assert (content.richness, text_html(content.fallback)) == (Richness.CONTENT, "<p>S</p>")


def whole(number: int) -> str:
    stated = {
        "id": str(number),
        "title": f"T{number}",
        "content_html": '<p>a, {b} "q" [c]</p>',
        "date_published": "2010-05-04T12:00:00+03:00",
        "authors": [{"name": "A"}, {"name": "B"}],
        "attachments": [{"url": "https://a.lv/1"}, {"url": "https://a.lv/2"}],
    }
    return json.dumps(stated, indent=number % 2 or None)


def document(*listed: str) -> str:
    return '{"home_page_url": "https://a.lv/", "items": [' + ", ".join(listed) + "]}"


@settings(max_examples=200)
@given(st.data())
def test_no_damaged_character_in_an_item_costs_another_item(data: st.DataObject) -> None:
    texts = [whole(number) for number in range(4)]
    number = data.draw(st.integers(0, 3))
    place = data.draw(st.integers(0, len(texts[number]) - 1))
    text = texts[number]
    kind = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    letter = "" if kind == "delete" else data.draw(st.sampled_from('{}[]",:\\x \n\x03'))
    texts[number] = text[:place] + letter + text[place + (kind != "insert") :]
    found = [each for each in items("feed", document(*texts)) if isinstance(each, Record)]
    assert {f"T{other}" for other in range(4)} - {f"T{number}"} <= {each.title for each in found}
    assert all(each.host == "a.lv" for each in found)


def test_a_byte_that_is_not_utf_8_is_read_as_windows_1252() -> None:
    data = document(whole(0), whole(2).replace("T2", "Ž caf\udce9"), whole(4))
    found = items("feed", data.encode("utf-8", "surrogateescape"))
    assert [each.title for each in found if isinstance(each, Record)] == ["T0", "Ž café", "T4"]
    assert [each.dropped for each in found if isinstance(each, Record)] == [
        (),
        (("invalid byte", 1),),
        (),
    ]


def test_an_item_that_is_nested_deeply_is_read_or_refused() -> None:
    for depth in (*range(800, 1000), 100_000):
        nested = whole(0).replace('"0"', f'"0", "x": {"[" * depth}{"]" * depth}')
        for found in items("feed", document(nested)):
            assert isinstance(found, Record) or found.reason


def test_a_damaged_item_is_refused_with_its_place() -> None:
    found = items("feed", document(whole(0), "\n" + whole(2)[:60], whole(4)))
    assert isinstance(found[1], RefusedItem)
    assert found[1].where == "item 2"
    assert found[1].reason.startswith("it is not JSON (line 2, “T2”): “")
    assert isinstance(found[2], Record)


def test_a_fault_before_the_items_costs_none() -> None:
    text = document(whole(0), whole(2)).replace('"home_page_url"', '"title": "A "b"", "x"', 1)
    assert [found.title for found in items("feed", text) if isinstance(found, Record)] == [
        "T0",
        "T2",
    ]


def test_after_a_damaged_item_one_that_is_nested_too_deeply_is_passed_over() -> None:
    deep = f'{{"id": {"[" * 100_000}{"]" * 100_000}}}'
    found = items("feed", document(whole(0), "{x}", deep, *map(whole, range(2, 2000))))
    assert isinstance(found[1], RefusedItem)
    assert [each.title for each in found[2:] if isinstance(each, Record)][-1] == "T1999"


@pytest.mark.parametrize(
    "text",
    ["{},{" * 100_000, ',{"a":[' * 100_000, '{"a":[' * 900 + "1," * 500_000, "[" * 100_000, "{,{"],
)
def test_what_cannot_be_read_on_is_refused_in_linear_time(text: str) -> None:
    start = time.process_time()
    found = items("feed", '{"items": [' + text)
    assert isinstance(found[-1], RefusedItem)
    assert time.process_time() - start < 5


@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=3))
@pytest.mark.slow
def test_no_json_feed_causes_an_unexpected_error(stated: list[dict[str, Any]]) -> None:
    for found in items("feed", json_feed(*stated)):
        assert isinstance(found, Record) or found.reason


def test_names_of_authors_may_stand_without_an_object() -> None:
    more = {"title": "T", "date_published": "2010-05-04T12:00:00+03:00", "tags": "a, b"}
    (record,) = records("feed", json_feed(more | {"authors": ["A", {"name": "B"}]}))
    assert record.authors == ("A", "B")
    assert record.remarks == ("its tags are not a list and were dropped",)
    (record,) = records("feed", json_feed(more | {"author": "C"}))
    assert record.authors == ("C",)
