import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from lxml.html import fragment_fromstring

from feeds.text.html import (
    SUMMARY_LENGTH,
    Heading,
    Html,
    Paragraph,
    Text,
    sanitise,
    summary,
    text_html,
)
from feeds.text.plain import one_line, remove_forbidden, web_address


@given(st.text())
def test_text_without_forbidden_characters_is_accepted_by_an_xml_parser(text: str) -> None:
    kept = remove_forbidden(text)
    element = etree.Element("t")
    element.text = kept
    assert etree.fromstring(etree.tostring(element)).text == (kept or None)


@given(st.text())
def test_text_is_shown_as_it_was_written(text: str) -> None:
    made = text_html([Paragraph(one_line(text))])
    shown = fragment_fromstring(made, create_parent="div").text_content()
    assert shown == one_line(text)


@given(st.text(alphabet="<>&'\"/scriptonerrorjavascript:=aefhimg \n", max_size=60))
def test_text_does_not_become_markup(text: str) -> None:
    made = text_html([Text(text)])
    tree = fragment_fromstring(made, create_parent="div")
    assert {element.tag for element in tree.iterdescendants()} <= {"p", "br", "a"}


TRICKY = st.sampled_from(
    [*"<>&;#\"'ab \n\xa0\u202e\ufeff\x85:/@.", "www.a.lv", "&nbsp;", "ftp://", "a@b.lv"]
)


@given(st.lists(st.lists(TRICKY | st.characters(exclude_characters="\r\0")).map("".join)))
def test_text_is_escaped_as_by_the_sanitiser(texts: list[str]) -> None:
    made = text_html([*map(Paragraph, texts), *map(Heading, texts), *map(Text, texts)])
    assert sanitise(made) == made


def test_a_script_in_text_is_escaped() -> None:
    assert text_html([Paragraph("<script>alert(1)</script> &amp;")]) == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;</p>"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Skat. www.integracija.gov.lv, lūdzu.",
            (
                '<p>Skat. <a href="http://www.integracija.gov.lv">www.integracija.gov.lv</a>, '
                "lūdzu.</p>"
            ),
        ),
        (
            "(https://a.lv/b?c=1&d=2)",
            '<p>(<a href="https://a.lv/b?c=1&amp;d=2">https://a.lv/b?c=1&amp;d=2</a>)</p>',
        ),
        ("Rakstiet info@a.lv.", '<p>Rakstiet <a href="mailto:info@a.lv">info@a.lv</a>.</p>'),
        ("2005.gada pavasarī gadā.Ir a@", "<p>2005.gada pavasarī gadā.Ir a@</p>"),
        ("a.lv;www.b.lv", '<p>a.lv;<a href="http://www.b.lv">www.b.lv</a></p>'),
        ("javascript://a.lv/%0aalert(1)", "<p>javascript://a.lv/%0aalert(1)</p>"),
    ],
)
def test_web_and_email_addresses_become_links_and_nothing_else(text: str, expected: str) -> None:
    assert text_html([Paragraph(text)]) == expected


def test_line_breaks_and_headings_are_kept() -> None:
    assert text_html([Heading("Uzziņai"), Paragraph("viens\ndivi")]) == (
        "<h2>Uzziņai</h2>\n<p>viens<br>\ndivi</p>"
    )


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<script>x</script><p onclick='y'>a</p>", "<p>a</p>"),
        ('<a href="javascript:x">a</a>', "<a>a</a>"),
        ('<a href="data:text/html,x">a</a>', "<a>a</a>"),
        ("<p>&#1;a&#x1F;</p>", "<p>a</p>"),
        (
            "<table><tr><th scope=row>a<th scope=x onclick=y>b",
            '<table><tbody><tr><th scope="row">a</th><th>b</th></tr></tbody></table>',
        ),
        (
            "<table><tr><td colspan=2>a",
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        ),
    ],
)
def test_html_is_reduced_to_the_safe_subset(markup: str, expected: str) -> None:
    assert sanitise(markup) == expected


def test_a_summary_ends_with_a_whole_word() -> None:
    cut = summary("<p>" + "vārdi, " * 100 + "</p>")
    assert cut.endswith("vārdi…")
    assert len(cut) <= SUMMARY_LENGTH
    assert summary("<p>īss &amp; labs</p><p>teksts</p>") == "īss & labs teksts"
    assert summary("<p>" + "x" * 1000 + "</p>") == "x" * (SUMMARY_LENGTH - 1) + "…"
    assert summary("<ul><li>no rīta<ul><li>tilts</li></ul></li></ul>") == "no rīta tilts"


@given(st.text())
def test_a_summary_is_one_short_line(text: str) -> None:
    cut = summary(text_html([Paragraph(text)]))
    assert len(cut) <= SUMMARY_LENGTH
    assert "\n" not in cut
    assert html.escape(one_line(text)).startswith(html.escape(cut.removesuffix("…")[:20]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("www.integracija.gov.lv", "http://www.integracija.gov.lv"),
        ("https://a.lv/x?y=1", "https://a.lv/x?y=1"),
        ("ftp://a.lv", None),
        ("http://[::1", None),
        ("http://a.lv:port/", None),
        ("http://", None),
        ('www.a.lv/"onclick', None),
    ],
)
def test_a_web_address_is_an_absolute_url_or_none(text: str, expected: str | None) -> None:
    assert web_address(text) == expected


@pytest.mark.parametrize(
    ("markup", "base", "expected"),
    [
        ("<a href='../x?y#z'>a</a>", "http://a.lv/b/c", '<a href="http://a.lv/x?y#z">a</a>'),
        ("<a href='//b.lv/'>a</a>", "http://a.lv/", '<a href="http://b.lv/">a</a>'),
        ("<a href='x'>a</a>", None, "<a>a</a>"),
        ("<a href='x'>a</a>", "ftp://a.lv/", "<a>a</a>"),
        ("<a href='x'>a</a>", "http://a..lv:99999/", "<a>a</a>"),
        ("<a href='x'>a</a>", "http://%/", "<a>a</a>"),
        ("<div>a</div><section>b</section>", None, "<p>a</p><p>b</p>"),
        ("<h1>a</h1><h6>b</h6><p> </p>", None, "<h2>a</h2><h4>b</h4>"),
        (
            "<p>a" * 1001 + "<textarea><b></textarea>",
            None,
            "<p>a</p>" * 1000 + "<p>a &lt;b&gt;</p>",
        ),
    ],
)
def test_any_html_is_reduced_and_its_addresses_are_absolute(
    markup: str, base: str | None, expected: str
) -> None:
    assert text_html([Html(markup, base)]).replace("\n", "") == expected


def test_the_scope_of_a_heading_cell_is_kept_with_a_base() -> None:
    markup = '<table><tr><th scope="col">h <a href="x">y</a></th></tr></table>'
    for base in (None, "https://o.example/"):
        assert '<th scope="col">' in text_html([Html(markup, base)])


def test_an_address_that_is_too_long_remains_text() -> None:
    assert "<a" not in text_html([Text("http://a.lv/" + "(" * 2000)])


def test_a_summary_does_not_depend_on_the_length_of_the_body() -> None:
    for filling in ("vārdi, ", "&amp; ", '<a href="http://a.lv/">x</a> ', "<b>a</b>", "x"):
        short, long = f"<p>{filling * 400}</p>", f"<p>{filling * 4000}</p>"
        assert summary(short) == summary(long)
    assert summary("<p>" + '<a href="http://a.lv/x y">z</a> ' * 20 + "</p>") == "z " * 19 + "z"
