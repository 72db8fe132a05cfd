"""Imports through each source, and what readers then see."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.ingest.sources.samples import atom, entry, item, post, rss, wxr
from tests.portal import BANNER, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="sources are read before the store is")

TAG = "tag:prcentrs.example,2008:release/"


def listed(portal: Portal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = portal.client().get("/releases.json").get_json()["items"]
    return found


def line(**more: Any) -> str:
    return json.dumps({"title": "T", "published": "2010-05-04T12:00:00Z", "body": "A"} | more)


def test_an_export_of_wordpress_is_imported(portal: Portal) -> None:
    text = wxr(
        post("A <a href='../b'>b</a>", '<category domain="category">Kultūra</category>'),
        post(kind="page"),
        post("", title="", number=3).replace("īsi", ""),
    )
    path = portal.write("export.xml", text)
    ran = portal.feeds("import", path)
    assert ran.code == 1
    assert ran.out.endswith("1 added, 0 changed, 0 unchanged, 1 skipped, 1 refused.\n")
    assert f"{path}: item 3: refused: it has no title, and no text for one." in ran.err
    (found,) = listed(portal)
    assert found["id"] == "https://a.example.lv/?p=1"
    assert found["content_html"] == ('<p>A <a href="https://a.example.lv/2010/05/b">b</a></p>')
    assert portal.client().get("/categories/kultura.atom").status_code == 200


def test_entries_of_a_feed_keep_their_ids_in_every_format(portal: Portal) -> None:
    ids = ["https://a.lv/?p=1", "tag:a.lv,2001:2", "urn:uuid:3"]
    entries = (entry(id_=id_, title=f"<title>T{n}</title>") for n, id_ in enumerate(ids))
    assert portal.feeds("import", portal.write("f.atom", atom(*entries))).code == 0
    assert sorted(found["id"] for found in listed(portal)) == sorted(ids)
    for form in ("atom", "rss"):
        text = portal.client().get(f"/releases.{form}").text
        assert all(id_ in text for id_ in ids)
    assert portal.feeds("import", portal.folder / "pages").out.startswith("0 added, 0 changed, 3")
    assert portal.client().get("/categories/x.atom").status_code == 404


def test_a_changed_title_with_a_known_id_is_an_edit(portal: Portal) -> None:
    portal.feeds("import", portal.write("f.atom", atom(entry())))
    ran = portal.feeds("import", portal.write("f.atom", atom(entry(title="<title>Cits</title>"))))
    assert "f.atom: entry 1: changed (urn:x:1)." in ran.out


@pytest.mark.parametrize("together", [True, False])
def test_an_id_that_this_store_has_made_is_that_of_its_release(
    portal: Portal, together: bool
) -> None:
    mine = portal.write("1.txt", page("Tilts", published="2010-05-04 12:00:00"))
    made = f"{TAG}2010-05-04T09:00:00Z/tilts"
    theirs = portal.write("2.atom", atom(entry("<content>Jauns.</content>", id_=made)))
    if not together:
        portal.feeds("import", mine)
    ran = portal.feeds("import", mine, theirs)
    assert f"entry 1: changed ({made})." in ran.out
    (found,) = listed(portal)
    assert found["id"] == made
    assert "Jauns." in found["content_html"]
    assert "0 added, 0 changed, 2 unchanged" in portal.feeds("import", mine, theirs).out


def test_a_page_that_would_get_the_id_of_a_release_is_that_release(portal: Portal) -> None:
    taken = f"{TAG}2010-05-04T09:00:00Z/tilts"
    portal.feeds("import", portal.write("2.atom", atom(entry(id_=taken))))
    mine = portal.write("1.txt", page("Tilts", published="2010-05-04 12:00:00"))
    ran = portal.feeds("import", mine)
    assert "0 added, 0 changed, 1 unchanged, 0 skipped, 0 refused.\n" in ran.out
    assert [found["id"] for found in listed(portal)] == [taken]


def test_a_release_without_a_category_is_in_the_feed_of_all_releases(portal: Portal) -> None:
    assert portal.feeds("import", portal.write("1.jsonl", line())).code == 0
    assert len(listed(portal)) == 1


def test_a_saved_html_page_is_the_same_release_as_its_text(portal: Portal) -> None:
    portal.imported(page(body="Viens & divi.\n\nTrīs."))
    saved = (
        f"<!DOCTYPE html><html><head><title>x</title><meta charset='windows-1257'>"
        f"<style>p {{}}</style></head><body><script>alert(1)</script><div>{BANNER}</div>"
        "<table><tr><td>Pašvaldības<td><h1>Liepkalnē <b>atklāj</b>\n tiltu</h1></table>"
        "<p>Publicēts 2010-05-04 12:00:00<p>Samazināt palielināt tekstu"
        "<p>Viens &amp; divi.</p><p>Trīs.</p><a href='/'>www.liepkalne.example.lv</a>"
        "<p>Preses relīzes iesniedzēja kontaktinformācija šobrīd nav pieejama.<br>"
        "<p>Copyright © 2007-2022 PRCentrs.Lv"
    )
    for data in (saved.encode(), saved.encode("cp1257")):
        ran = portal.feeds("import", portal.write("p.html", data))
        assert ran.out.endswith("0 added, 0 changed, 1 unchanged, 0 skipped, 0 refused.\n"), ran
    deep = portal.write("deep.htm", "<html>" + "<b>" * 1000)
    assert "its HTML is nested more than 255 deep" in portal.feeds("import", deep).err


def test_a_category_named_releases_has_its_own_feed(portal: Portal) -> None:
    portal.feeds("import", portal.write("1.jsonl", line(categories=["Releases"])))
    client = portal.client()
    ids = [
        client.get(f"/{name}.atom").text.partition("<id>")[2].partition("</id>")[0]
        for name in ("releases", "categories/releases")
    ]
    assert ids == [
        "tag:prcentrs.example,2008:feed/releases",
        "tag:prcentrs.example,2008:feed/releases~",
    ]


def test_releases_of_one_day_and_title_have_different_paths_even_if_hashes_collide(
    portal: Portal,
) -> None:
    # The hashes of the last two begin with the same eight digits.
    ids = ("urn:x:1", "tag:a,2001:30375", "tag:a,2001:43874")
    texts = [entry(id_=id_) for id_ in ids]
    ran = portal.feeds("import", portal.write("1.atom", atom(*texts)))
    assert ran.out.endswith("3 added, 0 changed, 0 unchanged, 0 skipped, 0 refused.\n")
    paths = [path for (path,) in portal.sql("SELECT path FROM release ORDER BY id")]
    assert len(set(paths)) == 3
    for path in paths:
        assert portal.client().get(f"/releases/{path}").status_code == 200


def test_an_undeclared_entity_next_to_the_authors_of_an_export_is_ignored(
    portal: Portal,
) -> None:
    export = wxr(post()).replace("<channel>", "<channel>&foo;", 1)
    export = export.replace("<rss", '<!DOCTYPE rss SYSTEM "x"><rss', 1)
    ran = portal.feeds("import", "--source", "wordpress", portal.write("1.xml", export))
    assert ran.out.endswith("1 added, 0 changed, 0 unchanged, 0 skipped, 0 refused.\n"), ran


def test_releases_before_an_error_in_xml_are_imported(portal: Portal) -> None:
    path = portal.write("1.xml", rss(item(), "<item></x>"))
    ran = portal.feeds("import", path)
    assert ran.out.endswith("1 added, 0 changed, 0 unchanged, 0 skipped, 1 refused.\n")
    assert f"{path}: item 2: refused: it is not well-formed XML (line 1): </x> closes" in ran.err


def test_an_entry_in_several_documents_of_a_feed_is_imported_from_the_newest(
    portal: Portal,
) -> None:
    old, new = (entry(f"<content>{text}</content>") for text in ("Vecs", "Jauns"))
    history = 'xmlns:fh="http://purl.org/syndication/history/1.0"'
    portal.write("1.atom", atom(old, head="<fh:archive/>", attributes=history))
    portal.write("feed.atom", atom(new))
    for first in ("1 added, 0 changed, 0", "0 added, 0 changed, 1"):
        ran = portal.feeds("import", portal.folder / "pages")
        assert ran.out.endswith(f"\n{first} unchanged, 1 skipped, 0 refused.\n")
        assert "Jauns" in listed(portal)[0]["content_html"]


def test_another_version_of_an_item_whose_guid_is_not_an_address_is_skipped(
    portal: Portal,
) -> None:
    guid = '<guid isPermaLink="false">17</guid>'
    for number in (1, 2):
        portal.write(f"{number}.rss", rss(item(f"{guid}<description>{number}</description>")))
    ran = portal.feeds("import", portal.folder / "pages")
    assert ran.code == 0
    assert ran.out == (
        "1 skipped: another version of it was imported from another document of the feed.\n"
        "1 added, 0 changed, 0 unchanged, 1 skipped, 0 refused.\n"
    )


def test_a_copy_has_the_id_of_the_first(portal: Portal) -> None:
    report = portal.folder / "report"
    path = portal.write("1.jsonl", f"{line()}\n{line()}\n")
    portal.feeds("import", "--report", report, path)
    first, copy = (json.loads(each) for each in report.read_text().splitlines())
    assert (first["outcome"], copy["outcome"]) == ("added", "unchanged")
    assert first["id"] == copy["id"]


def test_a_stated_language_does_not_change_with_the_portals(portal: Portal) -> None:
    portal.feeds("import", portal.write("1.jsonl", f"{line(language='lv')}\n{line(title='U')}"))
    assert not any("language" in each for each in listed(portal))
    portal.environ["FEEDS_LANGUAGE"] = "en"
    portal.feeds("migrate")
    assert {each["title"]: each.get("language") for each in listed(portal)} == {
        "T": "lv",
        "U": None,
    }


def test_stating_the_portals_language_is_not_a_visible_change(portal: Portal) -> None:
    portal.feeds("import", portal.write("1.jsonl", line(id="urn:x:1")))
    before = portal.client().get("/releases.atom")
    ran = portal.feeds("import", portal.write("1.jsonl", line(id="urn:x:1", language="lv")))
    assert ran.code == 0
    after = portal.client().get("/releases.atom")
    assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])
    portal.environ["FEEDS_LANGUAGE"] = "en"
    portal.feeds("migrate")
    assert listed(portal)[0]["language"] == "lv"


def test_text_after_the_end_of_body_is_kept_in_html_of_many_tags(portal: Portal) -> None:
    many = "<p>x</p>" * 600
    html = f"{many}<p>before</p></BODY ></html><p>after</p><body class=x><p>last</p>"
    text = line(body_html=html).replace('"body": "A", ', "")
    portal.feeds("import", portal.write("1.jsonl", text))
    assert listed(portal)[0]["content_html"].endswith("<p>before</p><p>after</p><p>last</p>")


def test_a_release_without_content_shows_its_description(portal: Portal) -> None:
    ran = portal.feeds("import", portal.write("export.xml", wxr(post(body="<!-- A -->"))))
    assert "item 1: it has no content, so its description is shown.\n" in ran.out
    assert listed(portal)[0]["content_html"] == "<p>īsi</p>"


def test_undeclared_prefixes_are_counted(portal: Portal) -> None:
    text = rss(item("<x:a/>< <y:b/>"))
    ran = portal.feeds("import", portal.write("f.rss", text))
    assert (
        "2 undeclared prefixes and 1 stray angle bracket dropped or mended in 1 release.\n"
        in ran.out
    )


def test_of_very_many_attachments_the_first_are_listed(portal: Portal) -> None:
    files = "".join(f'<enclosure url="https://a.lv/{n}.pdf"/>' for n in range(1100))
    ran = portal.feeds("import", portal.write("f.rss", rss(item(files))))
    assert "only the first 1000 of its attachments are listed.\n" in ran.out
    (found,) = listed(portal)
    assert [file["url"] for file in found["attachments"]] == [
        f"https://a.lv/{n}.pdf" for n in range(1000)
    ]


def test_a_text_that_is_too_large_for_the_parser_is_refused(portal: Portal) -> None:
    html = "<b>x</b>" * 600 + f"<p>{'文' * 3_500_000}</p><p>after</p>"
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "C"}
    item_ = {"id": "1", "title": "T", "date_published": "2010-05-04T12:00:00Z"}
    text = json.dumps(feed | {"items": [item_ | {"content_html": html}]}, ensure_ascii=False)
    ran = portal.feeds("import", portal.write("1.json", text))
    assert ran.code == 1
    assert "refused: its HTML has one text or attribute of more than 10 MB." in ran.err


def test_a_title_of_invisible_characters_is_refused(portal: Portal) -> None:
    ran = portal.feeds("import", portal.write("1.jsonl", line(title="\u200b\u00ad \u200e")))
    assert ran.code == 1
    assert "title" in ran.err
    text = page("\u200b")
    assert (
        "it has no category or no title" in portal.feeds("import", portal.write("2.txt", text)).err
    )


def test_an_input_without_a_release_is_skipped(portal: Portal) -> None:
    ran = portal.feeds("import", portal.write("1.jsonl", ""), portal.write("2.atom", atom()))
    counts = "0 added, 0 changed, 0 unchanged, 2 skipped, 0 refused.\n"
    assert ran.out == f"2 skipped: it has no release.\n{counts}"


def test_large_bodies_are_imported(portal: Portal) -> None:
    lines = (line(title=f"T{n}", body=f"{n} " * 1_500_000) for n in range(4))
    ran = portal.feeds("import", portal.write("1.jsonl", "\n".join(lines)))
    assert ran.out.endswith("4 added, 0 changed, 0 unchanged, 0 skipped, 0 refused.\n"), ran


def test_a_dry_run_recognises_what_came_earlier_in_it(portal: Portal) -> None:
    path = portal.write("1.jsonl", "\n".join([line(), line(body="B"), line()]))
    ran = portal.feeds("import", "--dry-run", path)
    assert ran.out.endswith("Would be: 1 added, 0 changed, 1 unchanged, 0 skipped, 1 refused.\n")


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
def test_the_notices_in_a_feed_of_this_service_are_skipped(
    portal: Portal, another: Callable[..., Portal], form: str
) -> None:
    portal.imported(page())
    for command in ("suspend", "resume", "suspend"):
        assert portal.feeds(command).code == 0
    source = portal.client().get(f"/releases.{form}").data
    there = another()
    report = there.folder / "report.jsonl"
    ran = there.feeds("import", "--report", report, there.write(f"own.{form}", source))
    assert ran.code == 0
    assert ran.out.endswith("\n1 added, 0 changed, 0 unchanged, 3 skipped, 0 refused.\n")
    assert "run `feeds suspend`" in report.read_text()
    assert [item["id"] for item in listed(there)] == [listed(portal)[-1]["id"]]


TEXTS = st.text(max_size=30)


@pytest.mark.slow
@settings(max_examples=20)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_text_from_any_source_breaks_a_feed(
    another: Callable[..., Portal], a: str, b: str, c: str, d: str
) -> None:
    portal = another()
    portal.write("1.jsonl", line(title=a, body=b, categories=[c], contact=d, id=d))
    portal.write("2.xml", wxr(post(a, title=b)).encode("utf-8", "replace"))
    portal.write("3.atom", atom(entry(f"<content>{a}</content>", id_=b)).encode("utf-8", "replace"))
    portal.write("4.txt", page(a, c, body=d).encode("utf-8", "replace"))
    portal.write("5.html", f"<html>{page(b, a, body=d)}".encode("utf-8", "replace"))
    feed = {
        "items": [
            {
                "id": a,
                "title": b or "T",
                "content_html": c,
                "date_published": "2010-05-04T12:00:00Z",
            }
        ]
    }
    portal.write("6.json", json.dumps(feed))
    assert portal.feeds("import", portal.folder / "pages").code in {0, 1}
    ((count,),) = portal.sql("SELECT count(*) FROM release")
    assert len(listed(portal)) == count
    for form, name in (("atom", "{http://www.w3.org/2005/Atom}entry"), ("rss", "item")):
        root = etree.fromstring(portal.client().get(f"/releases.{form}").data)
        assert len(list(root.iter(name))) == count
