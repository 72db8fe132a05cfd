"""The inputs of ``../shared/cases`` that are feeds come out as its README says."""

import pytest

from feeds.ingest.sources import Item, Record, RefusedItem, SkippedItem
from tests.conftest import SHARED
from tests.ingest.sources.samples import items


def read(number: str) -> list[Item]:
    """Return the items of a case, which is not part of the project."""
    found = sorted((SHARED / "cases").glob(f"{number}-*.xml"))
    if not found:
        pytest.skip("needs ../shared/cases, which is missing")
    return items("feed", found[0].read_bytes())


def test_ids_that_are_no_uris_are_kept() -> None:
    found = read("03")
    assert [each.permanent_id for each in found if isinstance(each, Record)] == [
        "1992 at https://county.example",
        "1993",
    ]


def test_media_become_attachments() -> None:
    wing, hour, poster = (each for each in read("04") if isinstance(each, Record))
    assert [(file.url[-8:], file.media_type, file.length) for file in wing.attachments] == [
        ("wing.pdf", "application/pdf", 48213),
        ("wing.jpg", "image/jpeg", None),
    ]
    assert [file.featured for file in wing.attachments] == [False, True]
    assert [(file.length, file.featured) for file in hour.attachments] == [
        (None, False),
        (None, True),
    ]
    assert (poster.attachments, poster.dropped) == ((), ())


def test_dates_are_read_in_every_form() -> None:
    found = read("05")
    dates = {each.title[0]: each for each in found if isinstance(each, Record)}
    assert {key: each.published.isoformat()[:19] for key, each in dates.items()} == {
        "a": "2018-01-23T09:54:55",
        "b": "2020-05-25T04:45:26",
        "c": "2021-11-18T23:45:08",
        "d": "2018-09-18T12:53:56",
        "e": "2012-05-22T23:23:01",
        "f": "2012-01-13T17:50:56",
        "g": "2012-01-13T11:50:56",
        "h": "2012-01-13T12:50:56",
        "i": "2012-01-12T22:00:00",
        "l": "2012-10-13T08:00:00",
        "m": "2012-10-13T07:00:00",
        "n": "2012-10-13T09:00:00",
    }
    assert [key for key, each in dates.items() if each.remarks] == ["i"]
    undated, foreign = (each for each in found if isinstance(each, RefusedItem))
    assert undated.reason.startswith("it has no date")
    assert "“Fr”, “Okt”" in foreign.reason


def test_authors_and_categories_are_in_their_order() -> None:
    lattices, graphs, mail, named = (each for each in read("14") if isinstance(each, Record))
    assert lattices.authors == ("Ann Alder", "Ben Birch", "Cy Cedar")
    assert lattices.labels == ("math.QA", "hep-th")
    assert graphs.authors == ("Ann Alder, Ben Birch",)
    assert (mail.authors, named.authors) == (("press@p.example",), ("Dee Dogwood",))


def test_of_an_export_of_blogger_the_published_post_comes_in() -> None:
    found = read("26")
    (record,) = (each for each in found if isinstance(each, Record))
    assert (record.title, record.labels) == ("Spring cup", ("Chess",))
    assert [each.reason for each in found if isinstance(each, SkippedItem)] == [
        "it is a template",
        "it is a setting",
        "it is a draft",
        "it is a comment",
        "it is a draft",
    ]


def test_a_bare_ampersand_is_mended() -> None:
    _, second, _ = (each for each in read("31") if isinstance(each, Record))
    assert second.original == "https://f.example/?a=1&b=2"
    assert second.dropped == (("bare ampersand", 1),)
