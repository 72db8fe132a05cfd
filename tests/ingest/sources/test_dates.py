"""The dates of feeds."""

import pytest

from tests.ingest.sources.samples import item, records, refusals, rss


@pytest.mark.parametrize(
    ("stated", "utc"),
    [
        ("Tue, 27 Nov 2007 00:55:22 +0200", "2007-11-26T22:55:22"),
        ("27 Nov 07 00:55 +02:00", "2007-11-26T22:55:00"),
        ("Tue,27 Nov 2007 00:55:22 +0200", "2007-11-26T22:55:22"),
        ("Tue., 27 Nov 2007 00:55:22 +0200 (a) (b)", "2007-11-26T22:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 -0000", "2007-11-27T00:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 GMT", "2007-11-27T00:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 EST", "2007-11-27T05:55:22"),
        # Without a zone, it is in the zone of the portal.
        ("Tue, 27 Nov 2007 00:55:22", "2007-11-26T22:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 +0200 (EET)", "2007-11-26T22:55:22"),
        ("Tue, 27 Nov 2007 00:55:22 CET", None),
        ("Tue, 27 Nov 2007 00:55:22 MSK", None),
        # WordPress writes these for a missing date.
        ("Mon, 30 Nov -0001 00:00:00 +0000", None),
        ("Thu, 01 Jan 0001 00:00:00 +0000", None),
        ("Tue, 31 Feb 2007 00:55:22 +0200", None),
    ],
)
def test_dates_of_rfc_5322_are_parsed_or_refused(stated: str, utc: str | None) -> None:
    document = rss(item(date=stated))
    if utc is None:
        ((_, reason),) = refusals("feed", document)
        assert reason.startswith(f"its pubDate, “{stated}”, is not an instant like ")
    else:
        (record,) = records("feed", document)
        assert record.published.isoformat() == f"{utc}+00:00"
