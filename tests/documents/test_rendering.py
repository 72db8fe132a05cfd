"""Documents that are made again: what is read for them, and that they are whole."""

import gzip
import json
import re
from collections.abc import Callable
from itertools import product

import brotli
import pytest
from flask.testing import FlaskClient

from feeds.formats import FORMATS
from tests.portal import Portal, page
from tests.web.helpers import Statement, statements

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}
ADDRESSES = [
    f"{address}.{extension}"
    for address in ("/releases", "/categories/vide", "/categories/kultura+vide")
    for extension in FORMATS
]


@pytest.fixture
def resumed(portal: Portal) -> Portal:
    """Return a portal with releases and a suspension that is over."""
    portal.imported(*(page(f"R{n}", ("Kultūra", "Vide")[n % 2]) for n in range(4)))
    portal.feeds("suspend")
    portal.feeds("resume")
    return portal


def documents(client: FlaskClient, coding: str) -> dict[str, bytes]:
    """Return all documents as they are sent in a content coding."""
    headers = {"Accept-Encoding": coding}
    return {address: client.get(address, headers=headers).data for address in ADDRESSES}


def bodies_read(run: list[Statement]) -> list[int]:
    """Return how many releases each statement that read texts read; -1 for a whole list."""
    found = [re.search(r"IN \((.*)\)", text) for text in run if "release.body" in text]
    return [len(match[1].split(",")) if match else -1 for match in found]


@pytest.mark.engines("sqlite", reason="codings do not depend on the engine")
@pytest.mark.parametrize(("before", "after"), [*product(DECODERS, DECODERS)])
def test_no_release_is_read_again_after_a_suspension_or_a_resumption(
    resumed: Portal, before: str, after: str
) -> None:
    client = resumed.client()
    documents(client, before)
    for command in ("suspend", "resume"):
        assert resumed.feeds(command).code == 0
        with statements(resumed) as run:
            sent = documents(client, after)
        assert bodies_read(run) == []
        # A process that was just started has no document from which it could take entries.
        assert sent == documents(resumed.client(), after)
        contents = {address: DECODERS[after](data) for address, data in sent.items()}
        assert contents == documents(client, "identity")


@pytest.mark.engines("sqlite", reason="codings do not depend on the engine")
@pytest.mark.parametrize("coding", DECODERS)
def test_an_import_reads_the_new_release_alone(resumed: Portal, coding: str) -> None:
    client = resumed.client()
    documents(client, coding)
    resumed.imported(page("Jauna", "Vide", "2010-05-04 12:00:01", "Teksts & <b>"))
    with statements(resumed) as run:
        sent = documents(client, coding)
    assert bodies_read(run) == [1] * len(ADDRESSES)
    with statements(resumed) as run:
        assert sent == documents(resumed.client(), coding)
    # A process that was just started needs every text, and reads it with the list.
    assert bodies_read(run) == [-1] * len(ADDRESSES)
    assert all(b"Jauna" in DECODERS[coding](data) for data in sent.values())


def test_a_renamed_category_is_renamed_in_its_releases(resumed: Portal) -> None:
    client = resumed.client()
    documents(client, "gzip")
    assert resumed.feeds("categories", "rename", "vide", "Daba").code == 0
    with statements(resumed) as run:
        assert "Daba" in client.get("/releases.rss").text
    assert bodies_read(run) == [2]


def test_a_combined_feed_has_the_newest_releases_of_its_categories_each_once(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_ENTRIES="3")
    labels = ["A"], ["A"], ["B"], ["A", "B"], ["C"], ["B", "C", "A"], ["D"]
    records = [
        {
            "title": f"R{day}",
            "published": f"2010-05-{day:02}T12:00:00Z",
            "body": "x",
            "categories": names,
        }
        for day, names in enumerate(labels, 1)
    ]
    path = portal.write("releases.jsonl", "\n".join(map(json.dumps, records)))
    assert portal.feeds("import", path).code == 0
    items = portal.client().get("/categories/a+b+c.json").get_json()["items"]
    assert [(item["title"], item["tags"]) for item in items] == [
        ("R6", ["B", "C", "A"]),
        ("R5", ["C"]),
        ("R4", ["A", "B"]),
    ]
