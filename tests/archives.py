"""What documents of each format say about the archive, and a walk back through it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from lxml import etree

from feeds.ingest.run import import_paths
from tests.portal import START, Portal, page

SIZE = 3
FIRST = datetime(2010, 1, 1, 12, 0, tzinfo=UTC)
FH = "{http://purl.org/syndication/history/1.0}"
ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://feeds.example.org"


def title(day: int) -> str:
    return f"Relīze {day:04}"


def dated(day: int, category: str = "Kultūra", body: str = "Teksts.") -> str:
    """Return the page of a release of this day."""
    published = (FIRST + timedelta(days=day)).strftime("%Y-%m-%d %H:%M:%S")
    return page(title(day), category, published, body)


def bring(portal: Portal, *days: int, now: datetime = START, **texts: Any) -> Portal:
    """Import releases of these days in one run."""
    if days:
        paths = [portal.write(f"{day:03}.txt", dated(day, **texts)) for day in days]
        list(import_paths(portal.store, portal.settings, paths, lambda: now))
    return portal


class Document(NamedTuple):
    """What a document says about its place in the history of its feed."""

    titles: list[str]
    links: dict[str, str]
    archive: bool
    complete: bool
    body: bytes
    headers: dict[str, str]


def read(client: FlaskClient, address: str) -> Document:
    """Get a document and parse it according to its format."""
    response = client.get(address.removeprefix(BASE))
    assert response.status_code == 200, address
    headers = dict(response.headers)
    if address.endswith(".json"):
        feed = json.loads(response.data)
        assert feed.get("next_url") == feed["_feed"].get("prev_archive")
        links = {
            name: feed["_feed"][name.replace("-", "_")]
            for name in ("current", "prev-archive", "next-archive")
            if name.replace("-", "_") in feed["_feed"]
        }
        return Document(
            [item["title"] for item in feed["items"]],
            links | {"self": feed["feed_url"]},
            feed["_feed"].get("archive", False),
            feed["_feed"].get("complete", False),
            response.data,
            headers,
        )
    root = etree.fromstring(response.data)
    head = root if address.endswith(".atom") else root[0]
    entries = head.findall(f"{ATOM}entry") or head.findall("item")
    return Document(
        [entry.findtext(f"{ATOM}title") or entry.findtext("title") or "" for entry in entries],
        {str(link.get("rel")): str(link.get("href")) for link in head.findall(f"{ATOM}link")},
        head.find(f"{FH}archive") is not None,
        head.find(f"{FH}complete") is not None,
        response.data,
        headers,
    )


def archives(client: FlaskClient, address: str) -> list[Document]:
    """Follow the links from a subscription document; return its archive documents, newest first."""
    found = []
    document = read(client, address)
    while "prev-archive" in document.links:
        document = read(client, document.links["prev-archive"])
        found.append(document)
    return found
