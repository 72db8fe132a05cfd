"""Damaged XML: one fault costs at most one item."""

import io
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.ingest.sources import SOURCES, Context, Record, RefusedItem
from tests.ingest.sources.samples import RIGA, atom, entry, items, records, rss

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def told(text: str, number: int = 1) -> str:
    """Write an item that can be told apart by its title."""
    return f"<item><title>T{number}</title><pubDate>2010-05-04</pubDate>{text}</item>\n"


def among(text: str) -> str:
    """Write a document of three items; the second is this one."""
    return HEAD + rss(told("", 1), text, told("", 3))[21:]


def titles(data: str | bytes) -> list[str]:
    return [found.title for found in items("feed", data) if isinstance(found, Record)]


@pytest.mark.parametrize(
    ("fault", "text", "kind"),
    [
        ("A\x03B", "AB", "control character"),
        ("A&#3;&#xFFFF;&#xD800;&#x110000;B", "AB", "control character"),
        ("<![CDATA[A\x0bB]]>", "AB", "control character"),
        ("A & B", "A & B", "bare ampersand"),
        ("A&B;C &amp; &#68; &#x45;", "A&B;C & D E", "undefined entity"),
        ("A&eacute;&ndash;&quot;", 'Aé–"', "undefined entity"),
        ("A < B", "A < B", "stray angle bracket"),
        ("A ]]> B", "A ]]> B", "stray CDATA end"),
        ("A <b>B <i>C</b>", "A B C", "unclosed element"),
        ("A</b> B", "A B", "stray end tag"),
        ("A<x:b>B</x:b>", "AB", "undeclared prefix"),
        ('A<b x:c="1">B</b>', "AB", "undeclared prefix"),
    ],
)
def test_a_fault_in_an_item_is_mended_and_counted(fault: str, text: str, kind: str) -> None:
    found = records("feed", among(told(f"<category>{fault}</category>", 2)))
    assert [record.title for record in found] == ["T1", "T2", "T3"]
    assert found[1].labels == (text,)
    assert [each for each, _ in found[1].dropped] == [kind]
    assert found[0].dropped == found[2].dropped == ()


def test_everything_that_is_mended_is_counted_by_kind() -> None:
    (record,) = records("feed", rss(told("<category>&\x01&\x02</category><a><b></a>")))
    assert dict(record.dropped) == {
        "bare ampersand": 2,
        "control character": 2,
        "unclosed element": 1,
    }


def test_words_in_angle_brackets_stay_text() -> None:
    text = "Email to <press@t.example> now"
    (record,) = records("feed", rss(told(f"<description>{text}</description>")))
    assert [block.text for block in record.body] == [text]
    assert record.dropped == (("stray angle bracket", 1),)


def test_an_undeclared_prefix_that_is_well_known_has_its_meaning() -> None:
    text = told("<media:content url='https://a.lv/p.jpg'/>")
    (record,) = records("feed", rss(text))
    assert [file.url for file in record.attachments] == ["https://a.lv/p.jpg"]


def test_html_that_was_not_escaped_keeps_its_links() -> None:
    html = '<p>A<br>B <img src="x.png"> <a href="https://a.lv/">c</a> &copy;</p>'
    (record,) = records("feed", rss(told(f"<description>{html}</description>")))
    (block,) = record.body
    for part in ('<a href="https://a.lv/">c</a>', "A<br>B", '<img src="x.png">', "©"):
        assert part in block.text


def test_end_tags_that_html_ignores_are_not_counted() -> None:
    (record,) = records("feed", rss(told("<description>A<img src='x'></img></br>B</description>")))
    assert record.dropped == ()


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (told("<guid>1", 2), "<guid> is not closed"),
        (told("<guid>1</guix>", 2), "<guid> is not closed"),
        (told("<guid>1", 2).replace("</item>", ""), "<guid> is not closed"),
        (told("</guid>", 2), "</guid> closes nothing"),
        (told("<![CDATA x ]]>", 2), "“<!” begins neither a comment nor a CDATA section"),
        (told("<a b='1' b='2'/>", 2), "Attribute b redefined"),
        (told("<a>" * 255 + "&" + "</a>" * 255, 2), "it is nested more than 255 deep"),
        (told("<a>" * 254 + "</a>" * 254, 2), "Excessive depth"),
        (told(f"<description>{'x' * 11_000_000}</description>", 2), "Resource limit exceeded"),
    ],
)
def test_an_item_that_cannot_be_mended_is_refused_with_its_place(faulty: str, reason: str) -> None:
    found = items("feed", among(faulty))
    assert [type(each) for each in found] == [Record, RefusedItem, Record]
    assert isinstance(found[1], RefusedItem)
    assert found[1].where == "item 2"
    assert found[1].reason.startswith("it is not well-formed XML (line 3, “T2”): ")
    assert reason in found[1].reason


@pytest.mark.parametrize(
    "faulty",
    [
        told("", 2).replace("</item>", ""),
        told("", 2).replace("</item>", "</item"),
        told("", 2).replace("<item>", "<itex>"),
        told("", 2).replace("<item>", ""),
        told("<guid isPermaLink='false>2</guid>", 2),
        told("<!-- ", 2),
        told("<![CDATA[ ", 2),
        told("<? ", 2),
        told("<description><![CDATA[ ]x></description>", 2),
    ],
)
@pytest.mark.parametrize("next_", ["<![CDATA[a]]><!-- b --><?c d?>", "e"])
def test_no_fault_in_an_item_hides_the_next_ones(faulty: str, next_: str) -> None:
    described = told(f"<description>{next_}</description>", 3)
    found = titles(HEAD + rss(told("", 1), faulty, described, described.replace("T3", "T4")))
    assert [title for title in found if title != "T2"] == ["T1", "T3", "T4"]


def test_the_items_of_a_file_that_was_cut_off_come_in_up_to_the_cut() -> None:
    whole = among(told("", 2))
    found = items("feed", whole[: whole.index("T3") + 6])
    assert [type(each) for each in found] == [Record, Record, RefusedItem, RefusedItem]
    assert isinstance(found[2], RefusedItem)
    assert found[2].reason == "the document ends in the middle of it (line 4, “T3”)"
    assert found[2].where == "item 3"
    assert isinstance(found[3], RefusedItem)
    assert found[3].reason.startswith("it is cut off: its root element does not end, and")


def test_an_item_that_is_too_large_is_refused_alone() -> None:
    large = told(f"<description>{'x ' * 5_000_000}</description>" * 2, 2)
    found = items("feed", among(large))
    assert [type(each) for each in found] == [Record, RefusedItem, Record]
    assert isinstance(found[1], RefusedItem)
    assert found[1].reason.startswith("it is larger than 16 MiB (line 3")


def test_sections_may_contain_what_looks_like_items() -> None:
    sample = "<item><title>S</title></item><item>"
    hidden = f"<!-- {sample} --><description><![CDATA[{sample}]]></description>"
    nested = f"<description><![CDATA[{sample}<![CDATA[x]]]]><![CDATA[></item>]]></description>"
    found = titles(f"<!-- {told('', 9)} -->" + among(told(hidden, 2) + told(nested, 4)))
    assert found == ["T1", "T2", "T4", "T3"]
    assert titles(rss(f"<!-- {told('', 9)} -->", told(""))) == ["T1"]


def test_an_item_of_another_vocabulary_is_not_one() -> None:
    other = 'xmlns:o="urn:o" xmlns:a="http://www.w3.org/2005/Atom"'
    found = titles(rss(f'<o:item {other}/><x:item/><item xmlns="urn:o"/>', told("")))
    assert found == ["T1"]
    declared = rss("<o:item/>", told("")).replace("<rss", f"<rss {other}")
    assert [type(found) for found in items("feed", declared)] == [Record]
    prefixed = atom(entry()).replace("<", "<a:").replace("<a:/", "</a:").replace("<a:?", "<?")
    assert titles(prefixed.replace("xmlns=", "xmlns:a=")) == ["Tilts"]


def test_an_item_may_have_elements_that_are_named_like_its_ancestors() -> None:
    (record,) = records("feed", atom(entry("<channel>Prese</channel><category term='A'/>")))
    assert record.labels == ("A",)
    (record,) = records("feed", rss(told("<feed>Prese</feed><category>A</category>")))
    assert record.labels == ("A",)


@pytest.mark.parametrize("before", range(65_500, 65_540, 3))
def test_a_tag_may_lie_in_two_blocks_of_a_file(before: int) -> None:
    start = f"<item rdf:about='https://a.lv/{'x' * 20}'>"
    head = rss("@").partition("@")[0]
    filling = f"<!--{'x' * (before - len(head) - 7)}-->"
    assert titles(rss(told("").replace("<item>", start), told("", 2), head=filling)) == ["T1", "T2"]


def test_an_entry_may_be_a_document_of_its_own() -> None:
    alone = entry().replace("<entry>", '<entry xmlns="http://www.w3.org/2005/Atom">')
    assert titles(alone) == titles(f"\n\ufeff{HEAD}<!-- c -->{alone}") == ["Tilts"]
    entities = f'<!DOCTYPE entry [<!ENTITY a "b">]>{alone}'
    assert items("feed", entities) == [RefusedItem("its DOCTYPE declares entities or elements")]
    assert items("feed", told("")) == [RefusedItem("it is not a document of its kind")]


@pytest.mark.parametrize("leading", ["\n\n ", "\ufeff", "\ufeff\n", "\n\ufeff"])
def test_blank_lines_before_the_declaration_are_ignored(leading: str) -> None:
    assert titles(leading + HEAD + rss(told(""))[21:]) == ["T1"]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("utf8", "utf-8"),
        ("windows-1251", "cp1251"),
        ("cp-1251", "cp1251"),
        ("win-1257", "cp1257"),
        ("latin-1", "latin-1"),
        ("ISO-8859-1", "cp1252"),
        ("iso8859-13", "iso8859-13"),
        ("iso-8859-13", "iso8859-13"),
        ("koi8-r", "koi8-r"),
        ("us-ascii", "utf-8"),
        ("Shift_JIS", "shift_jis"),
        ("gb2312", "gb2312"),
        ("UTF-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_the_encoding_is_known_by_its_names(declared: str, codec: str) -> None:
    text = next(
        each
        for each in ("Žurnāls", "Журнал", "プレス", "café")
        if each.encode(codec, "ignore").decode(codec) == each
    )
    data = HEAD.replace("utf-8", declared) + rss(told(f"<category>{text}</category>"))[21:]
    (record,) = records("feed", data.encode(codec))
    assert (record.labels, record.dropped, record.remarks[:-1]) == ((text,), (), ())


@pytest.mark.parametrize("declared", ["x-unknown", "rot13", "unicode_escape", "idna"])
def test_an_unknown_encoding_is_named(declared: str) -> None:
    (refused,) = items("feed", HEAD.replace("utf-8", declared) + rss())
    assert refused == RefusedItem(f"its encoding, “{declared}”, is not known: save it as UTF-8")


@pytest.mark.parametrize("declared", ["windows-1251", "iso-8859-1", "utf-16", "cp037"])
def test_bytes_decide_where_they_contradict_the_declared_encoding(declared: str) -> None:
    text = told("<category>Žurnāls</category>")
    data = HEAD.replace("utf-8", declared) + rss(told(""), text, text)[21:]
    found = records("feed", data)
    assert [record.labels for record in found] == [(), ("Žurnāls",), ("Žurnāls",)]
    remarks = [remark for record in found for remark in record.remarks if "declares" in remark]
    assert remarks == [f"its document declares {declared} but was read as UTF-8"]


def test_a_byte_that_is_not_utf_8_is_read_as_windows_1252() -> None:
    text = told("<category>Žurnāls caf\udce9 \udc81</category>", 2)
    data = among(text).encode("utf-8", "surrogateescape")
    found = records("feed", data)
    assert [record.title for record in found] == ["T1", "T2", "T3"]
    assert found[1].labels == ("Žurnāls café \ufffd",)
    assert found[1].dropped == (("invalid byte", 2),)


def test_an_invalid_byte_in_another_encoding_is_replaced() -> None:
    data = (
        HEAD.replace("utf-8", "cp1257") + rss(told("<category>\udca1ā</category>"))[21:]
    ).encode("cp1257", "surrogateescape")
    assert records("feed", data)[0].labels == ("\ufffdā",)
    wide = (HEAD + rss(told("<category>a@</category>"))[21:]).encode("utf-16-le")
    (record,) = records("feed", wide.replace(b"@\0", b"\0\xdc"))
    assert (record.labels, record.dropped) == (("a\ufffd",), (("invalid byte", 1),))


def test_a_fault_before_the_items_costs_none() -> None:
    for fault in ("<title>A & \x02 B", "<!-- ", "<x:y/>", "<![CDATA[", "</title>", "<a b=c>"):
        found = titles(rss(told("", 1), told("", 2), head=fault))
        assert found == ["T1", "T2"], fault


def test_a_document_without_items_is_whole() -> None:
    for document in (rss(), atom(), "<rss/>", "<rss></rss >"):
        assert items("feed", document) == []


def test_what_follows_the_end_of_the_root_is_ignored() -> None:
    assert titles(rss(told("")) + "<script>x</script>\n<b>junk") == ["T1"]


PARTS = st.sampled_from(
    [
        told("<description>a &amp; &lt;p&gt; ā <!-- c --></description>"),
        told("<guid isPermaLink='false'>g</guid><description><![CDATA[<p>x &]]></description>"),
        told('<?p q?><enclosure url="https://x/a?b&amp;c" length="1"/><dc:creator>D</dc:creator>'),
        told("<content:encoded><![CDATA[<!-- more --><b>x</b>]]></content:encoded>"),
    ]
)
BYTES = st.sampled_from(list(b"<>&\"'/!-[]?x;:= \n\x00\xff\xc4")) | st.integers(0, 255)


@settings(max_examples=200)
@given(st.data())
def test_no_damaged_byte_in_an_item_costs_another_item(data: st.DataObject) -> None:
    parts = data.draw(st.lists(PARTS, min_size=3, max_size=3))
    texts = [part.replace("T1", f"T{number}").encode() for number, part in enumerate(parts)]
    number = data.draw(st.integers(0, 2))
    damaged = bytearray(texts[number])
    place = data.draw(st.integers(0, len(damaged) - 2))
    kind = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    damaged[place : place + (kind != "insert")] = (
        b"" if kind == "delete" else bytes([data.draw(BYTES)])
    )
    texts[number] = bytes(damaged)
    before, after = (HEAD + rss("@")[21:]).encode().split(b"@")
    found = items("feed", b"".join((before, *texts, after)))
    others = {f"T{other}" for other in range(3) if other != number}
    assert others <= {each.title for each in found if isinstance(each, Record)}
    assert all(each.where for each in found), "the document itself was refused"


@settings(max_examples=100)
@given(st.lists(PARTS, min_size=1, max_size=3), st.integers(0, 2000))
def test_a_document_may_be_cut_off_anywhere(parts: list[str], place: int) -> None:
    texts = [part.replace("T1", f"T{number}") for number, part in enumerate(parts)]
    document = HEAD + rss(*texts)[21:]
    cut = document.encode()[:place]
    complete = cut.count(b"</item>")
    assert titles(cut) == [f"T{number}" for number in range(complete)]


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 50_000,
        "<![CDATA[</item><item>" * 10_000 + "]]>",
        "<item><![CDATA[" * 10_000,
        "<item>" * 10_000,
        "<item" * 10_000,
        "</item>" * 10_000,
        "<item>" + "<a b='" * 50_000,
        "<item>" + "<a b " * 50_000,
        "<item>&" + "<" * 100_000 + "</item>",
        "<item>&" + "<a " + " " * 500_000 + "</item>",
        "<item>&" + "<a>" * 200 + "</b>" * 50_000 + "</item>",
        "<item>" + "&" * 100_000 + "</item>",
        "<item>" + "<!--" * 50_000 + "</item>" + "<item/>" * 1000,
        "<?" * 100_000,
    ],
)
@pytest.mark.parametrize("head", ["", "<rss>", "<rss><channel>", "<rss><channel><item/>"])
@pytest.mark.slow
def test_hostile_xml_takes_linear_time(head: str, text: str) -> None:
    start = time.process_time()
    for found in items("feed", head + text):
        assert isinstance(found, RefusedItem)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"<a>{'x' * 1000}</a>" * 20_000, "it has 16 MiB without a release: the rest is not read"),
        ("<a/>" * 200_000 + "<item/>", "it has more than 100000 elements outside releases"),
        ("<a/>" * 1_100_000, "it has more than 100000 elements outside releases"),
        ("<item/>" + "<a/>" * 200_000, "it has more than 100000 elements outside releases"),
    ],
)
def test_what_is_outside_items_is_limited(text: str, reason: str) -> None:
    found = items("feed", f"<rss><channel>{text}</channel></rss>")
    assert isinstance(found[-1], RefusedItem)
    assert found[-1].reason.startswith(reason)


@pytest.mark.parametrize("filling", ["x " * 20_000_000, f"<!--{'x' * 2000}-->" * 20_000])
@pytest.mark.slow
def test_an_item_without_an_end_is_not_kept(filling: str) -> None:
    raw = rss(told("", 1)).replace("</channel>", f"<item>{filling}").encode()
    tracemalloc.start()
    found = items_without_keeping(raw)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == ["item 1", "item 2"]
    assert most < 100_000_000


@pytest.mark.slow
def test_memory_is_bounded_by_an_item() -> None:
    def peak(number: int) -> int:
        data = rss(*(told(f"<description>{'x' * 20_000}</description>") for _ in range(number)))
        raw = data.encode()
        tracemalloc.start()
        assert len(items_without_keeping(raw)) == number
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(400) < 3 * peak(40)


def items_without_keeping(raw: bytes) -> list[str]:
    context = Context("x", raw[:65536], RIGA)
    return [each.where for each in SOURCES["feed"].read(io.BytesIO(raw), context)]
