import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from feeds.domain import Attachment
from feeds.ingest.sources import Record, RefusedItem, SkippedItem, detect
from feeds.ingest.sources.jsonl import LINE_LIMIT, SOURCE
from feeds.text.html import Html, text_html
from tests.ingest.sources.samples import NOON, items, records, refusals

SCHEMA = Draft202012Validator(
    json.loads(files("feeds.ingest.sources").joinpath("jsonl.schema.json").read_text("utf-8"))
)
LEAST = {"title": "Tilts", "published": "2010-05-04T12:00:00+03:00", "body": "A"}


def line(**more: Any) -> str:
    return json.dumps(LEAST | more)


def test_all_fields_of_a_line_are_read() -> None:
    stated = {
        "title": "Tilts\n ceļš",
        "published": "2010-05-04 12:00:00",
        "modified": "2010-05-05t09:00:00.5z",
        "body_html": "<p>A",
        "categories": ["Kultūra", "Kultūra", "Sports"],
        "website": "www.a.lv",
        "contact": "Anna\n6000",
        "author": "Anna",
        "authors": ["Anna", "Jānis"],
        "attachments": [
            {"url": "f.pdf", "type": "application/pdf", "length": 7, "title": "Plāns"},
            {"url": "ftp://a.lv/x"},
        ],
        "image": "https://a.lv/p.png",
        "draft": False,
        "status": "publish",
        "language": "lv",
        "id": "x  1",
        "url": "https://a.lv/1",
    }
    SCHEMA.validate(stated)
    assert records("jsonl", json.dumps(stated)) == [
        Record(
            title="Tilts ceļš",
            published=NOON,
            labels=("Kultūra", "Sports"),
            body=(Html("<p>A", "https://a.lv/1"),),
            website="http://www.a.lv",
            contact="Anna 6000",
            authors=("Anna", "Jānis"),
            attachments=(
                Attachment("https://a.lv/f.pdf", "application/pdf", 7, "Plāns"),
                Attachment("https://a.lv/p.png", "image/png", featured=True),
            ),
            language="lv",
            modified=datetime(2010, 5, 5, 9, 0, tzinfo=UTC),
            permanent_id="x  1",
            original="https://a.lv/1",
            where="line 1",
            dropped=(("attachment", 1),),
        )
    ]


@pytest.mark.parametrize(
    "stated",
    [
        "2010-05-04T12:00:00+03:00",
        "2010-05-04 12:00:00 +03:00",
        "2010-05-04t09:00:00z",
        "2010-05-04T12:00:00 +0300",
        "2010-05-04 12:00",
        " 2010-05-04T12:00:00,5 ",
    ],
)
def test_an_instant_may_have_several_forms(stated: str) -> None:
    (record,) = records("jsonl", line(published=stated))
    assert record.published == datetime(2010, 5, 4, 9, tzinfo=UTC)


def test_a_line_may_have_the_required_fields_only() -> None:
    (record,) = records("jsonl", "\ufeff" + line(body="A\r\n\r\n \n B\nC\n"))
    assert text_html(record.body) == "<p>A</p>\n<p>B<br>\nC</p>"
    assert (record.labels, record.permanent_id) == ((), None)
    assert records("jsonl", line(url="https://a.lv/"))[0].original == "https://a.lv/"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("{", "it is not JSON: “Expecting property name"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", "it is not a JSON object"),
        (b'{"title": "\xff"}', "it is not UTF-8"),
        (json.dumps({"published": "", "body": ""}), "it has no title"),
        (json.dumps({"title": "T", "body": ""}), "it has no published"),
        (json.dumps({"title": "T", "published": ""}), "it must have either body or body_html"),
        (line(body_html=""), "it must have either body or body_html"),
        (line(title="\ud800"), "it has no title"),
        (line(tittle="T"), "it has an unknown field, “tittle”"),
        (line(title=1), "its title is not a string"),
        (line(categories="K"), "its categories are not a list of strings"),
        (line(published="2010-05-"), "its published, “2010-05-”, is not an instant"),
        (line(draft="yes"), "its draft is neither true nor false"),
        (line(attachments={}), "its attachments are not a list of objects"),
        (line(attachments=[{"title": "T"}]), "one of its attachments has no url"),
        (line(attachments=[{"url": "x", "a": 1}]), "its attachments have an unknown field, “a”"),
        (line(attachments=[{"url": 1}]), "the url of an attachment is not a string"),
        (
            line(attachments=[{"url": "x", "length": True}]),
            "the length of an attachment is not a whole number",
        ),
        (line(published="9999-12-31T23:59:59-12:00"), "its published, “9999"),
        (line(published="0000-01-01T00:00:00Z"), "its published, “0000"),
        (line(modified="x" * 100), f"its modified, “{'x' * 60}…”, is not an instant"),
        (line(language="latviešu"), "its language, “latviešu”, is not a language tag like lv"),
        (line(url="javascript:alert(1)"), "its url, “javascript:alert(1)”, is not an http"),
        (line(website="a b"), "its website, “a b”, is not an http or https address"),
        (line(id=" "), "its id is empty"),
    ],
)
def test_an_invalid_line_is_refused_with_the_reason_and_the_others_are_read(
    data: str | bytes, reason: str
) -> None:
    raw = data.encode() if isinstance(data, str) else data
    faulty, good = items("jsonl", raw + b"\n\n" + line().encode())
    assert isinstance(faulty, RefusedItem)
    assert faulty.where == "line 1"
    assert faulty.reason.startswith(reason)
    assert isinstance(good, Record)
    assert good.where == "line 3"


def test_a_line_that_is_too_long_is_refused_and_the_next_one_is_read() -> None:
    short, long, last = line(), line(body="x" * LINE_LIMIT * 3), line()
    found = items("jsonl", f"{short}\n{long}\n{last}")
    assert [item.where for item in found] == ["line 1", "line 2", "line 3"]
    assert refusals("jsonl", f"{long}") == [("line 1", "it is longer than 4 MiB")]


def test_json_lines_are_recognised_by_the_name_or_the_fields() -> None:
    assert detect("x.data", line().encode()) is SOURCE
    assert detect("x.json", line().encode()) is SOURCE
    assert detect("x.ndjson", b"") is SOURCE
    assert detect("x.data", b'{"a": 1}') is None
    assert detect("x.data", b'{"published') is None


def test_an_id_that_is_too_long_is_replaced() -> None:
    (record,) = records("jsonl", line(id="ā" * 1001))
    assert record.permanent_id is None
    assert record.remarks == ("its id is longer than 2000 bytes and was replaced",)


def test_a_date_without_a_time_is_remarked_on() -> None:
    (record,) = records("jsonl", line(published="2010-05-04", modified="May 2010"))
    assert record.remarks == (
        "its published, “2010-05-04”, has no time: midnight was taken",
        "its modified, “May 2010”, has no day: the first of the month was taken",
    )


@pytest.mark.parametrize("more", [{"draft": True}, {"status": "draft"}, {"status": " Pending "}])
def test_a_line_that_says_that_it_is_not_public_is_skipped(more: dict[str, Any]) -> None:
    (skipped,) = items("jsonl", line(**more))
    assert isinstance(skipped, SkippedItem)


def test_lines_without_an_id_that_share_an_address_are_marked() -> None:
    urls = (
        "http://www.a.lv/x/?utm_source=f",
        "https://a.lv/x#t",
        "https://a.lv/y",
        "https://a.lv/x",
    )
    texts = [line(url=url) for url in urls[:3]] + [line(url=urls[3], id="1")]
    found = records("jsonl", "\n".join(texts))
    assert [record.address_is_shared for record in found] == [True, True, False, False]


TEXTS = st.text(max_size=20)
INSTANTS = st.datetimes(
    min_value=datetime.fromisoformat("1900-01-02"), max_value=datetime.fromisoformat("9999-12-30")
).map(lambda instant: instant.isoformat()) | st.from_regex(
    r"\A(19|20)[0-9]{2}-(0[1-9]|1[0-2])-[0-2][1-8][ Tt]([01][0-9]|2[0-3]):[0-5][0-9]"
    r"(:[0-5][0-9](\.[0-9]{1,9})?)?(Z|z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?\Z"
)
ADDRESSES = st.sampled_from(["https://a.lv/b?c", "www.a.lv", "a.lv", "ftp://a.lv", "", "a b"])
STATED = st.fixed_dictionaries(
    {"title": TEXTS | st.integers(), "published": INSTANTS | TEXTS},
    optional={
        "body": TEXTS,
        "body_html": TEXTS,
        "categories": st.lists(TEXTS, max_size=3) | TEXTS,
        "website": ADDRESSES,
        "contact": TEXTS,
        "author": TEXTS | st.none(),
        "authors": st.lists(TEXTS, max_size=2) | TEXTS,
        "image": ADDRESSES,
        "attachments": st.lists(
            st.dictionaries(
                st.sampled_from(["url", "type", "length", "title", "x"]),
                TEXTS | st.integers() | st.booleans(),
            ),
            max_size=2,
        ),
        "language": st.sampled_from(["lv", "en-GB", "", "x", "latviešu"]),
        "modified": INSTANTS,
        "id": TEXTS,
        "url": ADDRESSES,
        "other": TEXTS,
    },
)

# What a pattern cannot express, or what is true only after characters were removed.
BEYOND_THE_SCHEMA = (
    "it has no title", "is not an instant", "is not an http or https address", "is empty",
)  # fmt: skip


@given(STATED)
def test_the_schema_and_the_source_agree(stated: dict[str, Any]) -> None:
    (found,) = items("jsonl", json.dumps(stated))
    if isinstance(found, Record):
        assert SCHEMA.is_valid(stated), stated
    else:
        assert not SCHEMA.is_valid(stated) or any(
            words in found.reason for words in BEYOND_THE_SCHEMA
        ), found


@given(st.binary(max_size=200))
def test_no_bytes_cause_an_unexpected_error(data: bytes) -> None:
    for found in items("jsonl", data):
        assert isinstance(found, RefusedItem)
        assert found.reason
