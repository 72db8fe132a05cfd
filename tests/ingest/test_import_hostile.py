"""Hostile input is refused with a reason, or becomes harmless content."""

import json
import time
import tracemalloc

import pytest
from lxml import etree

from tests.ingest.sources.samples import atom, entry, item, rss
from tests.ingest.test_import_sources import line, listed
from tests.portal import Portal

pytestmark = pytest.mark.engines("sqlite", reason="input is refused before the store is written")

ENTITIES = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
HOSTILE: dict[str, tuple[str, str | bytes, str]] = {
    "entities": ("x.xml", ENTITIES + rss(item("<description>&b;</description>"))[21:], "DOCTYPE"),
    "external": ("x.xml", OUTSIDE + rss(item("<description>&x;</description>"))[21:], "DOCTYPE"),
    "depth": ("x.xml", "<rss><channel>" + "<a>" * 100_000, "it is cut off"),
    "junk": ("x.xml", "<rss><channel>" + f"<a>{'x' * 1000}</a>" * 20_000, "16 MiB without a re"),
    "siblings": ("x.xml", "<rss><channel>" + "<a/>" * 5_000_000, "more than 100000 elements"),
    "references": ("x.jsonl", json.dumps(json.loads(line()) | {"body_html": "&" * 200_001})
                   .replace('"body": "A", ', ""), "more than 200000 character references"),
    "comments": ("x.txt", "<!---->" * 40 + "x", "it has no line"),
    "authors": ("x.xml", rss(item(f"<author>{'@' * 200_000}</author>")), "its author is longer"),
    "title": ("x.jsonl", line(title="T" * 2001), "its title is longer than 2000 characters"),
    "marks": ("x.jsonl", line(title="a" + "\u0300\u0316" * 150_000), "its title is longer than"),
    "label": ("x.jsonl", line(categories=["K", "a" * 2001]), "its category name is longer than"),
    "item": ("x.xml", "<?x <rss ?><foo>" + item() + "</foo>", "not a document of its kind"),
    "home": ("x.json", json.dumps({"items": [{"title": "T"}], "home_page_url": "http://x/\ud800"}),
             "it has no date"),
    "modified": ("x.jsonl", line(modified="9999-12-31T23:59:59Z"), "its modification date"),
    "modified 1": ("x.jsonl", line(modified="0001-01-01T00:00:00Z"), "its modification date"),
    "prologue": ("x.xml", "<rss2>" + "<a/>" * 400_000, "no source recognises it"),
    "long line": ("x.jsonl", line(body="x" * 5_000_000), "it is longer than 4 MiB"),
    "nested html": ("x.jsonl", json.dumps(json.loads(line()) | {"body_html": "<ul><li>" * 100_000})
                    .replace('"body": "A", ', ""), "its HTML is nested more than 255 deep"),
    "year 0": ("x.jsonl", line(published="0000-01-01T00:00:00Z"), "is not an instant"),
    "year 1": ("x.jsonl", line(published="0001-01-01T00:00:00Z"), "is before the year 1000"),
    "year 9999": ("x.jsonl", line(published="9999-12-31T00:00:00Z"), "it is embargoed"),
    "labels": ("x.jsonl", line(categories=[str(n) for n in range(101)]), "more than 100 categ"),
    "long body": ("x.xml", rss(item(f"<description>{'x' * 4_500_000}</description>")), "longer"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_is_refused_with_a_reason(portal: Portal, case: str) -> None:
    name, data, reason = HOSTILE[case]
    start = time.process_time()
    ran = portal.feeds("import", portal.write(name, data))
    assert ran.code == 1
    assert reason in ran.err
    assert len(ran.err) < 2000
    assert time.process_time() - start < 20
    assert listed(portal) == []


def test_a_tag_with_very_many_attributes_loses_them_quickly(portal: Portal) -> None:
    html = "<p " + " ".join(f"a{n}" for n in range(400_000)) + ">A</p>"
    stated = json.loads(line()) | {"body_html": html}
    del stated["body"]
    start = time.process_time()
    assert portal.feeds("import", portal.write("1.jsonl", json.dumps(stated))).code == 0
    assert [found["content_html"] for found in listed(portal)] == ["<p>A</p>"]
    assert time.process_time() - start < 10


def test_an_invalid_namespace_is_refused(portal: Portal) -> None:
    text = atom(entry('<content type="xhtml"><div xmlns="{}">A</div></content>'))
    ran = portal.feeds("import", portal.write("1.atom", text))
    assert ran.code == 1
    assert "xmlns: '{}' is not a valid URI" in ran.err


@pytest.mark.slow
def test_elements_between_releases_are_discarded_and_limited(portal: Portal) -> None:
    outside = "<a>b</a>" * 40_000
    path = portal.write("1.xml", rss(outside + item(), *(outside + item() for _ in range(3))))
    tracemalloc.start()
    ran = portal.feeds("import", path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ran.out.endswith("1 added, 0 changed, 3 unchanged, 0 skipped, 0 refused.\n")
    assert peak < 30_000_000
    path = portal.write("2.xml", rss(item(), "<a>b</a>" * 200_000 + item()))
    assert "more than 100000 elements outside releases" in portal.feeds("import", path).err


def test_long_titles_of_one_instant_are_compared_quickly(portal: Portal) -> None:
    start = time.process_time()
    for number in range(3):
        text = line(title=f"{number} " + "garš nosaukums " * 130, id=f"urn:x:{number}")
        ran = portal.feeds("import", portal.write(f"{number}.jsonl", text))
    assert "it resembles an earlier release" in ran.out
    assert time.process_time() - start < 10


@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of what is stored")
def test_harmful_content_becomes_harmless(portal: Portal) -> None:
    html = (
        "<script>x</script><p onclick=y>A\u202e\0</p><a href='javascript:x'>j</a>"
        "<a href='data:text/html,x'>d</a>]]>&#1;"
    )
    data = json.loads(line(title="T\u202e]]>\ud800 <b>", categories=["K\u2066"]))
    del data["body"]
    portal.feeds("import", portal.write("1.jsonl", json.dumps(data | {"body_html": html})))
    (found,) = listed(portal)
    assert found["title"] == "T]]> <b>"
    assert found["content_html"] == "<p>A</p><p><a>j</a><a>d</a>]]&gt;</p>"
    assert found["tags"] == ["K"]
    for form in ("atom", "rss"):
        etree.fromstring(portal.client().get(f"/releases.{form}").data)
