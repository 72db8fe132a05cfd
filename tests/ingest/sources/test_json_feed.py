"""JSON Feed, read by the source ``feed``."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feeds.ingest.sources import Record
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
            },
            language="lv",
        ),
    )
    assert record == Record(
        title="Tilts",
        published=NOON,
        labels=("K", "2020"),
        body=(Html("<p>A", "https://a.lv/1"),),
        website="https://b.lv/",
        author="Anna, Jānis",
        language="lv",
        modified=NOON.replace(day=5),
        original_id="https://a.lv/1",
        original="https://a.lv/1",
        entry_id="https://a.lv/1",
        may_recur=True,
        where="item 1",
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
    assert (record.original_id, record.entry_id, record.author) == ("7", None, "Anna")


@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=3))
def test_no_json_feed_causes_an_unexpected_error(stated: list[dict[str, Any]]) -> None:
    for found in items("feed", json_feed(*stated)):
        assert isinstance(found, Record) or found.reason
