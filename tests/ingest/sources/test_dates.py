"""Dates, in every field in which one may stand."""

import calendar
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.sources.samples import (
    RIGA,
    atom,
    entry,
    item,
    json_feed,
    records,
    refusals,
    rss,
)


@pytest.mark.parametrize(
    ("stated", "utc"),
    [
        ("Tue, 27 Nov 2007 00:55:22 +0200", "2007-11-26T22:55:22"),
        ("27 Nov 07 00:55 +02:00", "2007-11-26T22:55:00"),
        ("27 Nov 97 00:55 GMT", "1997-11-27T00:55:00"),
        ("Tue,27 Nov 2007 00:55:22 +0200", "2007-11-26T22:55:22"),
        ("Tue., 27 Nov 2007 00:55:22 +0200 (a) (b)", "2007-11-26T22:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 -0000", "2007-11-27T00:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 GMT", "2007-11-27T00:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 EST", "2007-11-27T05:55:22"),
        # Unix timestamps, in seconds or milliseconds.
        ("1196117722", "2007-11-26T22:55:22"),
        ("1196117722.9", "2007-11-26T22:55:22"),
        ("1196117722123", "2007-11-26T22:55:22"),
        ("123456789", "1973-11-29T21:33:09"),
        # Without a zone, it is in the zone of the portal.
        ("Tue, 27 Nov 2007 00:55:22", "2007-11-26T22:55:22"),
        ("WED,23 MAY 2012 02:23:01", "2012-05-22T23:23:01"),
        ("Tue, 27 Nov 2007 00:55:22 +0200 (EET)", "2007-11-26T22:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 +0200 EET", "2007-11-26T22:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 CET", "2007-11-26T23:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 MSK", "2007-11-26T21:55:22"),
        ("Sat, 13 Oct 2012 10:00:00 GMT+0200", "2012-10-13T08:00:00"),
        ("Sat, 13 Oct 2012 10:00:00 UTC-3", "2012-10-13T13:00:00"),
        ("Sat, 13 Oct 2012 10:00:00 BST", "2012-10-13T09:00:00"),
        ("Sat, 13 Oct 2012 10:00:00 acst", "2012-10-13T00:30:00"),
        ("Tue, Jan 23 2018 02:54:55 MST", "2018-01-23T09:54:55"),
        ("Tuesday, September 18th, 2018 at 3:53 p.m. EEST", "2018-09-18T12:53:00"),
        ("18 Sept. 2018 12:05 am Z", "2018-09-18T00:05:00"),
        ("Wed May 23 02:23:01 UTC 2012", "2012-05-23T02:23:01"),
        ("Wed May 23 02:23:01 +0000 2012", "2012-05-23T02:23:01"),
        ("Tuesday, 27-Nov-07 00:55:22 GMT", "2007-11-27T00:55:22"),
        ("2012 Jan 13 12:50 UTC", "2012-01-13T12:50:00"),
        ("2012-01-13T12:50:56Z", "2012-01-13T12:50:56"),
        ("2012-01-13T12:50:56.789+02", "2012-01-13T10:50:56"),
        ("2012-01-13t12:50z", "2012-01-13T12:50:00"),
        ("2012-01-13 12:50:56 CET", "2012-01-13T11:50:56"),
        ("2012/01/13 12:50:56", "2012-01-13T10:50:56"),
        ("20120113T125056Z", "2012-01-13T12:50:56"),
        ("2012-01-13T24:00:00Z", "2012-01-14T00:00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
        # WordPress writes these for a missing date.
        ("Mon, 30 Nov -0001 00:00:00 +0000", None),
        ("Thu, 01 Jan 0001 00:00:00 +0000", None),
        ("Tue, 31 Feb 2007 00:55:22 +0200", None),
        ("13 Oct 2012 13:00 pm", None),
        ("13 Oct 2012 10:00:00 11:00:00", None),
        ("13 14 Oct 2012", None),
        ("2012-01-13T12:50:56+25:00", None),
        ("2012-01-13T12:50:56 5", None),
        ("12/05/2012", None),
        ("Oct", None),
        ("Oct ; 2012", None),
        ("9" * 300, None),
    ],
)
def test_a_date_is_read_in_every_form_or_refused(stated: str, utc: str | None) -> None:
    document = rss(item(date=stated))
    if utc is None:
        ((_, reason),) = refusals("feed", document)
        assert reason.startswith("its pubDate, “")
        assert "is not an instant like 2007-11-27T00:55:22+02:00 or Tue, 27 Nov" in reason
    else:
        (record,) = records("feed", document)
        assert record.published.isoformat() == f"{utc}+00:00"
        assert record.remarks == ()


@pytest.mark.parametrize(
    ("stated", "utc", "missing"),
    [
        ("Fri, 13 Jan 2012", "2012-01-12T22:00:00", "has no time: midnight was taken"),
        ("2012-01-13", "2012-01-12T22:00:00", "has no time: midnight was taken"),
        ("May 25, 2020", "2020-05-24T21:00:00", "has no time: midnight was taken"),
        ("2012-01", "2011-12-31T22:00:00", "has no day: the first of the month was taken"),
        ("May 2020", "2020-04-30T21:00:00", "has no day: the first of the month was taken"),
        ("2012", "2011-12-31T22:00:00", "has no month: 1 January was taken"),
    ],
)
def test_what_a_date_lacks_is_assumed_and_remarked_on(stated: str, utc: str, missing: str) -> None:
    (record,) = records("feed", rss(item(date=stated)))
    assert record.published.isoformat() == f"{utc}+00:00"
    assert record.remarks == (f"its pubDate, “{stated}”, {missing}",)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("Fr, 13 Okt 2012 10:00:00 +0200", "“Fr”, “Okt” are not known"),
        ("13 März 2012", "“März” is not known"),
        # It is the abbreviation of several zones.
        ("Sat, 13 Oct 2012 10:00:00 IST", "“IST” is not known"),
    ],
)
def test_unknown_words_in_a_date_are_named(stated: str, words: str) -> None:
    ((_, reason),) = refusals("feed", rss(item(date=stated)))
    assert reason.endswith(f": {words}")


FIRST, LAST = (int(datetime(year, 1, 2, tzinfo=UTC).timestamp()) for year in (1970, 2049))
INSTANTS = st.integers(FIRST, LAST).map(lambda second: datetime.fromtimestamp(second, UTC))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def in_every_form(instant: datetime) -> list[str]:
    offset = instant.strftime("%z")
    month, day = calendar.month_name[instant.month], calendar.day_name[instant.weekday()]
    time = instant.strftime("%H:%M:%S")
    return [
        instant.isoformat(),
        instant.isoformat(" "),
        instant.strftime(f"%Y%m%dT%H%M%S{offset}"),
        instant.strftime(f"%Y-%m-%dT%H:%M:%S.123{offset}"),
        format_datetime(instant),
        f"{day}, {instant.day} {month} {instant.year} {time} GMT{offset}",
        f"{month[:3]} {instant.day}, {instant.year} {time} {offset}",
        f"{day[:3]} {month[:3]} {instant.day:2} {time} {offset} {instant.year}",
        f"{day}, {instant.day:02}-{month[:3]}-{instant.year % 100:02} {time} {offset}",
        instant.strftime(f"{month} %d %Y %I:%M:%S {'PM' if instant.hour > 11 else 'AM'} {offset}"),
    ]


@given(INSTANTS, ZONES)
@pytest.mark.slow
def test_an_instant_is_the_same_in_every_form_and_in_every_field(
    instant: datetime, zone: timezone
) -> None:
    for stated in in_every_form(instant.astimezone(zone)):
        for document in (
            rss(item(date=stated)),
            rss(item(f"<dc:date>{stated}</dc:date>", date="")),
            atom(entry(f"<published>{stated}</published>")),
            json_feed({"title": "T", "date_published": stated}),
        ):
            (record,) = records("feed", document)
            assert record.published == instant, stated


@given(INSTANTS)
def test_a_date_without_a_zone_is_in_the_portals(instant: datetime) -> None:
    local = instant.astimezone(RIGA).replace(tzinfo=None)
    expected = local.replace(tzinfo=RIGA).astimezone(UTC)
    for stated in (local.isoformat(), local.strftime("%d %b %Y %H:%M:%S")):
        assert records("feed", rss(item(date=stated)))[0].published == expected


@given(st.text(max_size=40))
def test_no_text_for_a_date_causes_an_unexpected_error(stated: str) -> None:
    for found in refusals("feed", json_feed({"title": "T", "date_published": stated})):
        assert found[1]


def test_a_date_in_json_may_be_a_number() -> None:
    found = records("feed", json_feed(*({"title": "T", "date_published": n} for n in (
        1196117722, 1196117722123, 1196117722.5
    ))))  # fmt: skip
    assert {record.published for record in found} == {
        datetime(2007, 11, 26, 22, 55, 22, tzinfo=UTC)
    }
    assert not any(record.remarks for record in found)
    (reason,) = refusals("feed", json_feed({"title": "T", "date_published": 12345678901}))
    assert "“12345678901”, is not an instant" in reason[1]
