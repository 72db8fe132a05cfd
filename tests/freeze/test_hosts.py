"""Every address of a portal with a past, on each host, against the live service."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.deploy.site import Got
from tests.freeze.hosts import HOSTS, Ask, serving
from tests.freeze.past import RELEASES, addresses, portal_with_a_past
from tests.portal import Portal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines("sqlite", reason="files do not show the engine"),
]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CONTRACT = (
    "content-type",
    "content-encoding",
    "cache-control",
    "vary",
    "location",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "x-content-type-options",
    "content-disposition",
    "content-security-policy",
    "referrer-policy",
)
OF_CONTENT = ("content-type", "content-encoding")


def compare(path: str, live: TestResponse, got: Got) -> None:
    assert got.status == live.status_code, path
    # The note that accompanies a redirect is the host's own.
    note = live.status_code == 301
    for name in CONTRACT[note:]:
        expected = live.headers.get(name)
        assert got.headers.get(name) == expected, f"{path}: {name}"
    # The index has no chooser; the sentences of a 404 for programs differ.
    if live.status_code not in {301, 404} and path.partition("?")[0] != "/":
        assert got.body == live.data, path


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_answers_every_address_as_the_service_does(portal: Portal, host: str) -> None:
    portal_with_a_past(portal)
    client = portal.client()
    combined = "/categories/kultura+tema-1.atom"
    kept = portal.write(
        "combined.txt", f"{combined}\nhttps://feeds.example.org/categories/tema-5+tema-2.rss\n"
    )
    ran = portal.feeds("freeze", portal.folder / "frozen", "--combined", kept)
    assert ran.code == 0, ran.err
    with serving(host, portal.folder / "frozen", portal.folder / host) as ask:
        asked = [*addresses(portal), combined, "/categories/tema-5+tema-2.rss"]
        assert len(asked) > 3 * RELEASES
        statuses = set()
        for path in asked:
            if path not in {"/", "/categories/list/1"}:
                compare(path, client.get(path), ask(path))
            statuses.add(ask(path, method="HEAD").status)
        assert statuses == {200, 301, 404, 410}
        _check_negotiation(client, ask, combined)
        _check_conditionals(ask, asked)
        _check_methods(client, ask)
        _check_errors(client, ask)


def _check_negotiation(client: FlaskClient, ask: Ask, combined: str) -> None:
    for path in (
        "/releases.atom",
        combined,
        "/releases.json",
        "/categories/sports-un-deja",
        "/style.css",
    ):
        for coding in (
            "gzip",
            "br",
            "gzip, deflate, br",
            "identity",
            "br;q=0",
            "gzip;q=0.5, br;q=0.4",
        ):
            headers = {"Accept-Encoding": coding, "Accept": BROWSER}
            compare(path, client.get(path, headers=headers), ask(path, headers))
            head = ask(path, headers, "HEAD")
            live = client.head(path, headers=headers)
            compare(path, live, head)
            # A host may leave it out (RFC 9110, section 8.6).
            length = live.headers["content-length"]
            assert head.headers.get("content-length", length) == length


def _check_conditionals(ask: Ask, asked: list[str]) -> None:
    for path in asked[::7]:
        got = ask(path)
        if got.status == 200:
            for sent in (
                {"If-None-Match": got.headers["etag"]},
                {"If-Modified-Since": got.headers["last-modified"]},
            ):
                again = ask(path, sent)
                assert (again.status, again.body) == (304, b""), path
                assert not set(OF_CONTENT) & set(again.headers), path
                for name in ("cache-control", "vary", "access-control-allow-origin"):
                    assert again.headers[name] == got.headers[name]
            other = {
                "If-None-Match": '"other"',
                "If-Modified-Since": "Thu, 01 Jan 2004 00:00:00 GMT",
            }
            assert ask(path, other).status == 200


def _check_methods(client: FlaskClient, ask: Ask) -> None:
    live, got = client.options("/releases.atom"), ask("/releases.atom", method="OPTIONS")
    assert got.status == live.status_code == 204
    for name in ("allow", "access-control-allow-methods", "access-control-allow-headers"):
        assert got.headers[name] == live.headers[name]
    for path in ("/", "/releases.atom"):
        live, got = client.post(path), ask(path, method="POST")
        assert (got.status, got.headers["allow"]) == (405, live.headers["allow"])
        assert got.body == live.data


def _check_errors(client: FlaskClient, ask: Ask) -> None:
    for path in ("/nav", "/nav.css", "/releases/2010/01/01/nav"):
        assert ask(path).body == client.get(path).data
    not_kept = ask("/categories/kultura+tema-2.atom")
    assert (not_kept.status, b"combined feed" in not_kept.body) == (404, True)
    for path in ("/", "/categories/list/1"):
        got = ask(path)
        assert got.body != client.get(path).data
        assert re.search(rb"<form|<input type=.checkbox", got.body) is None
