"""Verdicts on documents that were broken on purpose, each with the rule that it breaks."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.operations.check.document import Expected, differences, read
from tests.portal import Portal

BASE = "https://feeds.example.org"
RELEASE = "tag:prcentrs.example,2008:release/2010-05-04T09:00:00Z/pirma"
OTHER = "tag:prcentrs.example,2008:release/2009-05-04T09:00:00Z/otra"
DESCRIPTION = "<description>A B &amp;amp; C</description>"
PAGE = f"<link>{BASE}/releases/2010/05/04/pirma</link>"
FILE = '[["http://a.example/1.pdf", "application/pdf", 9, null, false]]'


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return a sound document of each format: a notice and two releases."""
    portal = Portal(tmp_path_factory.mktemp("portal")).made()
    links = '<p><a href="http://a.example/">A</a> <a href="#b">B</a> &amp; <b id="b">C</b></p>'
    records = [
        {"title": "Pirmā", "published": "2010-05-04T09:00:00Z", "body_html": links},
        {"title": "Otrā", "published": "2009-05-04T09:00:00Z", "body_html": "<p>B</p>"},
    ]
    lines = portal.write("a.jsonl", "\n".join(map(json.dumps, records)))
    assert portal.feeds("import", lines).code == 0
    portal.sql(f"UPDATE release SET attachments = '{FILE}' WHERE id = 1")  # noqa: S608 - a constant
    assert portal.feeds("suspend").code == 0
    client = portal.client()
    return {form: client.get(f"/releases.{form}").data for form in ("atom", "rss", "json")}


def expected(form: str, content: bytes) -> Expected:
    """Return what the store should have for a sound document."""
    notice, *releases = read(form, content).items
    instants = {item.id: (item.published, item.updated) for item in (notice, *releases)}
    assert list(instants)[1:] == [RELEASE, OTHER]
    assert all(isinstance(instant, datetime) for pair in instants.values() for instant in pair)
    known: dict[str, Any] = instants
    return Expected(
        address=f"{BASE}/releases.{form}",
        releases={RELEASE: known[RELEASE], OTHER: known[OTHER]},
        notices={notice.id: known[notice.id]},
        running=notice.id,
    )


def verdict(form: str, content: bytes, expected: Expected) -> list[str]:
    seen = read(form, content)
    return [*seen.faults, *differences(seen, expected)]


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
def test_a_sound_document_has_no_faults(form: str, documents: dict[str, bytes]) -> None:
    assert verdict(form, documents[form], expected(form, documents[form])) == []


@pytest.mark.parametrize("optional", [DESCRIPTION, PAGE])
def test_an_item_of_rss_needs_neither_description_nor_link(
    optional: str, documents: dict[str, bytes]
) -> None:
    shorter = text(optional, "")(documents["rss"].decode()).encode()
    assert verdict("rss", shorter, expected("rss", shorter)) == []


def text(old: str, new: str) -> Callable[[str], str]:
    """Return a function that replaces the first occurrence of a text."""

    def damage(content: str) -> str:
        assert old in content
        return content.replace(old, new, 1)

    return damage


def parts(begin: str, change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    """Return a function that changes the entries of an XML document; each begins alike."""
    end = begin.replace("<", "</")

    def damage(content: str) -> str:
        before, *entries = content.split(begin)
        last, after = entries[-1].rsplit(end, 1)
        whole = [begin + entry for entry in (*entries[:-1], last + end)]
        return "".join((before, *change(whole), after))

    return damage


def members(change: Callable[[Any], object]) -> Callable[[str], str]:
    """Return a function that changes a JSON document."""

    def damage(content: str) -> str:
        feed = json.loads(content)
        change(feed)
        return json.dumps(feed)

    return damage


def first(**values: object) -> Callable[[str], str]:
    """Return a function that changes members of the first release; None removes one."""

    def change(feed: Any) -> None:
        item = feed["items"][1] | values
        feed["items"][1] = {name: value for name, value in item.items() if value is not None}

    return members(change)


NAMES = st.sampled_from(
    ["title", "items", "id", "url", "content_html", "date_published", "authors", "tags",
     "attachments", "feed_url", "name"]
)  # fmt: skip


def swapped(entries: list[str]) -> list[str]:
    return [entries[0], entries[2], entries[1]]


BROKEN = [
    # Every format: what any XML or JSON parser and any reader requires.
    ("atom", lambda content: content[:-9], "it is not well-formed XML: "),
    ("rss", text("Pirmā", "Pirm\x07"), "it is not well-formed XML: "),
    ("json", lambda content: content[:-1], "it is not JSON in UTF-8: "),
    ("atom", lambda _: "<feed/>", "its root is not an Atom feed"),
    ("atom", text("<feed", "<!DOCTYPE feed><feed"), "it has a document type declaration"),
    # RFC 4287 section 4.1.1: exactly one id, title and updated; an author; section 4.2.6: an IRI.
    ("atom", text("<title>PRCentrs.Lv</title>", ""), "the feed has 0 elements a:title, not"),
    ("atom", text(f"<id>{RELEASE}</id>", "<id>pirma</id>"), "the id 'pirma' of an entry is not an"),
    ("atom", text("<updated>2010-05-04T09:00:00Z<", "<updated>2010-05-04<"),
     f"updated of the entry {RELEASE} is not a date and time of RFC 3339: '2010-05-04'"),
    ("atom", text("<published>2010-05-04T09:00:00Z", "<published>2010-05-04T09:00:61Z"),
     f"published of the entry {RELEASE} is not a date and time of RFC 3339"),
    ("atom", text("<author><name>PRCentrs.Lv</name><uri>", "<author><uri>"),
     "a person of the feed has 0 elements a:name, not exactly one"),
    # Section 3.1.1: what the types of texts allow; section 4.1.3.1 those of content.
    ("atom", text('<content type="html">', '<content type="html"><b/>'), "has elements, although"),
    ("atom", text('<content type="html">', '<content type="markup">'), "has the unknown type"),
    # Section 4.2.7: links, at most one alternate of a type; section 4.2.2: categories have a term.
    ("atom", text('rel="self"', 'rel="via"'), "the feed has no link to itself (rel=self)"),
    ("atom", parts("<entry>", lambda entries: [
        entries[0], entries[1].replace('rel="enclosure"', 'rel="alternate" hreflang=""').replace(
            'type="application/pdf"', 'type="text/html"').replace('hreflang=""', ""), entries[2]]),
     "has two alternate links of one type and language"),
    ("atom", text('length="9"', 'length="9 KB"'), "has a link with the length '9 KB'"),
    ("atom", text("<rights>", "<guid>1</guid><rights>"), "the feed has an element guid, which may"),
    # RSS 2.0: required elements of a channel, one guid for an item, attributes of an enclosure.
    ("rss", text('version="2.0"', 'version="0.91"'), "its root is not rss of version 2.0"),
    ("rss", lambda _: '<rss version="2.0"/>', "the document has 0 elements channel, not exactly"),
    ("rss", text(f"<link>{BASE}/</link>", ""), "the channel has 0 elements link, not exactly one"),
    ("rss", text(f'<guid isPermaLink="false">{RELEASE}', "<guid>pirma"),
     "the guid 'pirma' is a permalink, but not an absolute URL"),
    ("rss", text(' length="9"', ""), "has an enclosure without length or type"),
    ("rss", text("<item><title>", "<item><summary/><title>"), "has an element summary, which may"),
    # The profile: years of four digits and the right weekday; one enclosure; a link to itself.
    ("rss", text("<pubDate>Tue, 04 May 2010", "<pubDate>Mon, 04 May 2010"),
     f"pubDate of the item {RELEASE} is not a date and time of RFC 822: 'Mon, 04 May 2010"),
    ("rss", text("<pubDate>Tue, 04 May 2010", "<pubDate>Tue, 04 May 10"), "time of RFC 822"),
    ("rss", text("<pubDate>Tue, 04 May", "<pubDate>Tue, 34 May"), "time of RFC 822: 'Tue, 34 May"),
    ("rss", text("<pubDate>Tue, 04 May 2010 12:00:00 +", "<pubDate>Fri, 31 Dec 9999 23:00:00 -"),
     "time of RFC 822: 'Fri, 31 Dec 9999"),
    ("rss", parts("<item>", lambda items: [
        items[0], items[1].replace(DESCRIPTION, "").replace("</item>", f"{DESCRIPTION}</item>"),
        items[2]]), f"the item {RELEASE} has its description after its content"),
    ("rss", text("<enclosure ", '<enclosure url="http://a/" length="1" type="a/b"/><enclosure '),
     "has 2 elements enclosure, not at most one"),
    ("rss", text('rel="self"', 'rel="via"'), "the channel has no link to itself"),
    ("rss", text("</item>", "<description>Z</description></item>"), "has 2 elements description"),
    # JSON Feed 1.1: version, ids are texts, content, absolute URLs, media types, known members.
    ("json", text("version/1.1", "version/9"), "its version is not JSON Feed 1.1"),
    ("json", text('"title":"PRC', '"title":"A","title":"PRC'), "two members with one name"),
    ("json", first(id=7), "the id 7 of an item is not a text"),
    ("json", first(content_html=None), f"{RELEASE} has no content"),
    ("json", first(tags="a"), "has tags that are not texts"),
    ("json", first(pubDate="x"), "has a member pubDate, which"),
    ("json", first(attachments=[{"url": "http://a.example/"}]),
     f"the item {RELEASE} has an attachment of type None"),
    ("json", members(lambda feed: feed.update(authors=[{}])), "has an author without name, url"),
    ("json", members(lambda feed: feed.update(next_url=feed["feed_url"])), "the next page of the"),
    ("json", members(lambda feed: feed.update(items=3)), "a member of it has another type than"),
    ("json", first(url="/pirma"), "is not an absolute URL"),
    # Readers know an entry by its id, and take relative addresses to be those of their own page.
    ("atom", parts("<entry>", lambda entries: [*entries, entries[2]]),
     f"the id {OTHER} is that of 2 entries"),
    ("rss", text('http://a.example/"', 'http://[a/"'), "has a link 'http://[a/' that is not an"),
    ("rss", text('http://a.example/"', '/a"'), f"the content of {RELEASE} has a link '/a' that is"),
    # What the store says: rules 2, 7 and 8 of docs/design.md.
    ("atom", parts("<entry>", lambda entries: entries[1:]), "the notice tag:prcentrs.example"),
    ("rss", parts("<item>", lambda items: [items[1], items[0]]), "is not its first entry"),
    ("rss", parts("<item>", lambda items: [items[0], *items]), "is in it 2 times"),
    ("atom", parts("<entry>", swapped), f"{RELEASE} is newer than {OTHER}, which stands"),
    ("rss", parts("<item>", swapped), "its releases are not in the order of the store"),
    ("rss", parts("<item>", lambda items: items[:2]), "it lacks releases that the store"),
    ("json", first(id="urn:x"), "it has entries that the store has"),
    ("json", text('"date_published":"2010', '"date_published":"2011'),
     f"the instants of {RELEASE} are not those of the store"),
    ("json", text("/releases.json", "/other.json"), f"not {BASE}/releases.json"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "damage", "reason"), BROKEN)
def test_a_broken_document_is_found(
    form: str, damage: Callable[[str], str], reason: str, documents: dict[str, bytes]
) -> None:
    broken = damage(documents[form].decode()).encode()
    found = verdict(form, broken, expected(form, documents[form]))
    assert any(reason in fault for fault in found), found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("<a href=\0>\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=100)
@given(feed=st.dictionaries(NAMES, VALUES, max_size=6), item=st.dictionaries(NAMES, VALUES))
def test_any_json_has_a_verdict(feed: dict[str, Any], item: dict[str, Any]) -> None:
    version = {"version": "https://jsonfeed.org/version/1.1"}
    items = {"items": [item]} if "items" not in feed else {}
    assert read("json", json.dumps(feed | version | items).encode()).faults


@settings(max_examples=100)
@given(form=st.sampled_from(["atom", "rss", "json"]), place=st.floats(0, 1), new=st.binary())
def test_any_change_of_bytes_has_a_verdict(
    documents: dict[str, bytes], form: str, place: float, new: bytes
) -> None:
    content = documents[form]
    at = int(place * len(content))
    verdict(form, content[:at] + new + content[at + len(new) :], expected(form, content))


def test_an_archive_document_must_not_have_a_running_notice(documents: dict[str, bytes]) -> None:
    archive = replace(expected("atom", documents["atom"]), notices={}, running=None)
    (fault,) = verdict("atom", documents["atom"], archive)
    assert fault.startswith("it has entries that the store has not there (1, such as tag:")
    assert ":suspension/" in fault
