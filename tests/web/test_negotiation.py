import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.web.http.negotiation import content_coding, prefers

ATOM, XML = "application/atom+xml", "application/xml"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("*", "br"),
        ("*;q=0", None),
        ("gzip, *;q=0", "gzip"),
        ("br;q=0, *", "gzip"),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, gzip;q=0", None),
        ("gzip;q=0.5, *;q=0.8", "br"),
        ("zstd, compress", None),
        ("gzip;q=2", None),
        ("gzip;q=high, br;q=0.1", "br"),
        ("gzip ; Q=1", "gzip"),
        # A coding has no parameters, so this one is not known to be gzip.
        ("gzip;x=y;q=0.3;z", None),
        (",,;;==, gzip", "gzip"),
    ],
)
def test_the_coding_with_the_greatest_weight_is_chosen(
    header: str | None, expected: str | None
) -> None:
    assert content_coding(header, ("br", "gzip")) == expected


@pytest.mark.parametrize(
    ("header", "browser"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/atom+xml", False),
        ("application/xml", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/atom+xml, application/xml;q=0.9, */*;q=0.1", False),
        ("application/*;q=0.5, application/xml", True),
        ("application/xml;q=0.1, application/*", False),
        ("application/xml;q=0", False),
        ("text/html", False),
    ],
)
def test_application_xml_is_sent_to_clients_that_prefer_it(
    header: str | None, browser: bool
) -> None:
    assert prefers(header, XML, ATOM) is browser


@given(st.text())
def test_any_header_can_be_read(header: str) -> None:
    assert content_coding(header, ("br", "gzip")) in {"br", "gzip", None}
    assert prefers(header, XML, ATOM) in {True, False}
