from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.ingest.sources import InvalidInputError, Record, vortal_page
from feeds.settings import zone
from feeds.text.html import Heading, Paragraph, content
from tests.ingest.sources.samples import items
from tests.portal import BANNER, NO_CONTACT, page

RIGA = zone("Europe/Riga")


def read(text: str | bytes) -> Record:
    return vortal_page.read(text.encode() if isinstance(text, str) else text, RIGA)


def test_the_real_page_is_read_exactly(seed_page: Path) -> None:
    record = read(seed_page.read_bytes())
    assert record.labels == ("Sabiedrības integrācija",)
    assert record.title == "Integrācijas sekretariātam aprit 5 gadi!"
    assert record.published == datetime(2007, 11, 26, 22, 55, 22, tzinfo=UTC)
    assert record.website == "http://www.integracija.gov.lv"
    assert record.contact is None
    assert record.banner == BANNER
    assert [type(block) for block in record.body] == [Paragraph] * 11 + [Heading, Paragraph]
    assert record.body[11].text == "Uzziņai"
    assert record.body[12].text.startswith("2002.gada 21.novembrī LR Saeima")
    text = " ".join(block.text for block in record.body)
    for line in (BANNER, "Samazināt palielināt tekstu", "Copyright"):
        assert line not in text


VARIANTS: dict[str, Callable[[str], bytes]] = {
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "more blank lines": lambda text: text.replace("\n\n", "\n\n\n\n").encode(),
    "blank lines of spaces": lambda text: text.replace("\n\n", "\n \t \n").encode(),
    "blank line at either end": lambda text: f"\n\n{text}\n\n".encode(),
    "spaces at line ends": lambda text: text.replace("\n", "  \u00a0\n").encode(),
    "no blank lines": lambda text: text.replace("\n\n", "\n").replace("\n\n", "\n").encode(),
    "no control line": lambda text: text.replace("Samazināt palielināt tekstu\n\n", "").encode(),
    "windows-1257": lambda text: text.encode("cp1257"),
}


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_page_may_be_saved_in_several_forms(variant: str) -> None:
    plain = read(page())
    record = read(VARIANTS[variant](page()))
    for field in ("title", "published", "labels", "body", "website", "contact", "banner"):
        assert getattr(record, field) == getattr(plain, field), field


def test_windows_1257_causes_a_remark() -> None:
    assert read(page().encode("cp1257")).remarks == (
        "it is not UTF-8 and was read as Windows-1257",
    )
    assert read(page()).remarks == ()


def test_lines_of_a_paragraph_stay_together_and_text_is_not_changed() -> None:
    body = 'Viens & "divi" <b>\ntrīs &amp; &lt;četri&gt;\n\nPieci'
    assert read(page(body=body)).body == (
        Paragraph('Viens & "divi" <b>\ntrīs &amp; &lt;četri&gt;'),
        Paragraph("Pieci"),
    )


def test_a_reference_section_has_a_heading_wherever_its_text_begins() -> None:
    expected = (Paragraph("A."), Heading("Uzziņai"), Paragraph("B."))
    for body in ("A.\n\nUzziņai:\nB.", "A.\nUzziņai: B.", "A.\n\nUZZIŅAI:\n\nB."):
        blocks = read(page(body=body)).body
        assert [type(block) for block in blocks] == [type(block) for block in expected]
        assert blocks[-1] == expected[-1]
    assert read(page(body="Uzziņai mēs rakstām.")).body == (Paragraph("Uzziņai mēs rakstām."),)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (NO_CONTACT, None),
        ("", None),
        (
            "Preses relīzes iesniedzēja kontaktinformācija: Anna Ozola, tālr. 6000 0000",
            "Anna Ozola, tālr. 6000 0000",
        ),
        (
            "Preses relīzes iesniedzēja kontaktinformācija:\nAnna Ozola\n\nanna@example.lv",
            "Anna Ozola anna@example.lv",
        ),
    ],
)
def test_the_contact_is_the_text_after_its_label(contact: str, expected: str | None) -> None:
    record = read(page(contact=contact))
    assert record.contact == expected
    assert record.body == (Paragraph("Tilts savieno abus krastus."),)
    assert record.website == "http://www.liepkalne.example.lv"


def test_text_below_the_sentence_that_there_is_no_contact_is_not_lost() -> None:
    record = read(page(contact=f"{NO_CONTACT}\n\nPielikums pieejams redakcijā."))
    assert record.contact is None
    assert record.body[-1] == Paragraph("Pielikums pieejams redakcijā.")
    assert record.website == "http://www.liepkalne.example.lv"


def test_the_label_of_the_contact_may_be_part_of_a_long_body() -> None:
    body = (
        "Preses relīzes iesniedzēja kontaktinformācija ir svarīga.\n\n" + "Garš stāsts. " * 40
    ).strip()
    assert len(read(page(body=body, contact="", website="")).body) == 2


@pytest.mark.parametrize(
    ("website", "expected"),
    [
        ("", None),
        ("https://a.example.lv/b?c", "https://a.example.lv/b?c"),
        ("a.example.lv", "http://a.example.lv"),
    ],
)
def test_the_website_is_an_absolute_url_or_none(website: str, expected: str | None) -> None:
    record = read(page(website=website))
    assert (record.website, len(record.body)) == (expected, 1)


def test_a_last_line_that_is_a_sentence_is_not_a_website() -> None:
    record = read(page(body="Pirmais.\n\nLasiet www.a.lv un rakstiet.", website=""))
    assert record.website is None
    assert len(record.body) == 2


@pytest.mark.parametrize(
    ("head", "banner", "label", "title"),
    [
        ("Kultūra\n\nIzstāde", "", "Kultūra", "Izstāde"),
        ("Kultūra\nIzstāde", "", "Kultūra", "Izstāde"),
        (f"{BANNER}\nKultūra\nIzstāde", BANNER, "Kultūra", "Izstāde"),
        ("Mēs beidzam.\n\nKultūra\n\nIzstāde", "Mēs beidzam.", "Kultūra", "Izstāde"),
        ("Mēs beidzam.\nKultūra\n\nIzstāde", "Mēs beidzam.", "Kultūra", "Izstāde"),
        (f"{BANNER}\n\nKultūra\n\nGara\nizstāde", BANNER, "Kultūra", "Gara izstāde"),
        (f"Kultūra\n\n{'Ļ' * 500}", "", "Kultūra", "Ļ" * 500),
    ],
)
def test_banner_category_and_title_are_distinguished(
    head: str, banner: str, label: str, title: str
) -> None:
    record = read(f"{head}\n\nPublicēts 2010-05-04 12:00:00\n\nTeksts.")
    assert (record.banner, record.labels, record.title) == (banner, (label,), title)


@pytest.mark.parametrize(
    ("stated", "utc"),
    [
        ("2010-05-04 12:00:00", "2010-05-04 09:00:00"),
        ("2010-05-04 12:00", "2010-05-04 09:00:00"),
        # 2010-10-31 03:00–04:00 occurred twice: it is the first, in summer time.
        ("2010-10-31 03:30:00", "2010-10-31 00:30:00"),
        # 2010-03-28 03:00–04:00 did not occur: it is moved forward by one hour.
        ("2010-03-28 03:30:00", "2010-03-28 01:30:00"),
    ],
)
def test_local_time_is_read_by_the_stated_rule(stated: str, utc: str) -> None:
    assert read(page(published=stated)).published == datetime.fromisoformat(f"{utc}+00:00")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b" \n\t\r\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "a binary file"),
        (page(body="\x81").encode("latin-1", "ignore"), "neither UTF-8 nor Windows-1257"),
        (b"\x7fELF\x01\x02" + bytes(range(9)) * 20, "a binary file"),
        (page().replace("Publicēts", "Rakstīts").encode(), "no line “Publicēts <date time>”"),
        (page(published="2010-02-30 12:00:00").encode(), "“2010-02-30 12:00:00” is not a date"),
        (page(published="").encode(), "“” is not a date"),
        (page(published="0001-01-01 00:00:00").encode(), "is not a date"),
        (page(title="", banner="").encode(), "no title, or no category"),
        (page(title="").encode(), "no category or no title"),
        (page(title="", category="").encode(), "no category or no title"),
        (page(title="", category="", banner="").encode(), "no category or no title"),
    ],
)
def test_a_page_without_a_release_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason.replace("(", r"\(")):
        read(data)


def test_characters_that_xml_forbids_are_removed_and_counted() -> None:
    record = read(page(body="Tilts\x00 un\x0b ceļš\ufffe."))
    assert record.body == (Paragraph("Tilts un ceļš."),)
    assert record.remarks == ("3 characters that XML forbids were removed",)
    assert read(page(body="A\x01")).remarks == ("1 character that XML forbids were removed",)


@given(st.binary(max_size=300))
def test_no_bytes_cause_an_unexpected_error(data: bytes) -> None:
    try:
        read(data)
    except InvalidInputError as error:
        assert str(error)  # noqa: PT017 - refusing is one of two right outcomes


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=400))
def test_no_page_causes_an_unexpected_error(a: str, b: str, c: str) -> None:
    text = f"{a}\n\n{b}\n\nPublicēts 2010-05-04 12:00:00\n\n{c}"
    try:
        record = read(text.encode("utf-8", "replace"))
    except InvalidInputError:
        return
    assert record.title
    assert record.labels[0]


SAVED = """<!DOCTYPE html><html><head><meta charset=utf-8><title>T</title>{head}</head><body>
<div><a href="/">Sākums</a></div><div>Kultūra</div><h1>Izstāde</h1>
<div>Publicēts 2010-05-04 12:00</div><div>Samazināt palielināt tekstu</div>
{body}
<p><a href="http://www.muzejs.lv">www.muzejs.lv</a></p>
<p>Preses relīzes iesniedzēja kontaktinformācija šobrīd nav pieejama.</p>
<p>Copyright © 2010</p><script>x</script></body></html>"""


def saved(body: str, head: str = "") -> Record:
    return vortal_page.read(SAVED.format(body=body, head=head).encode(), RIGA, is_page=True)


def test_a_saved_page_keeps_links_pictures_lists_and_tables() -> None:
    body = (
        '<p>Lasiet <a href="https://m.lv/p.pdf">programmu</a> un <b>nāciet</b>.</p>'
        '<p><img src="https://m.lv/a.jpg" alt="Afiša"></p><ul><li>a</li><li>b</li></ul>'
        "<table><tr><td>1</td><td>2</td></tr></table><p>Uzziņai: <i>vairāk</i> <john.doe></p>"
        '<p><iframe src="https://v.lv/1">Filma</iframe></p>'
    )
    record = saved(body)
    assert (record.title, record.labels, record.website) == (
        "Izstāde",
        ("Kultūra",),
        "http://www.muzejs.lv",
    )
    found = content(record.body)
    assert found.html.replace("\n", "") == (
        '<p>Lasiet <a href="https://m.lv/p.pdf">programmu</a> un <b>nāciet</b>.</p>'
        '<p><img src="https://m.lv/a.jpg" alt="Afiša"></p><ul><li>a</li><li>b</li></ul>'
        "<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
        "<h2>Uzziņai</h2><p><i>vairāk</i> &lt;john.doe&gt;</p>"
        '<p><a href="https://v.lv/1">Filma</a></p>'
    )
    assert not found.dropped


def test_addresses_in_the_text_of_a_saved_page_become_links() -> None:
    record = saved("<p>www.a.lv <b>un</b> <a href='https://b.lv/'>www.b.lv</a>, c@d.lv</p>")
    assert content(record.body).html == (
        '<p><a href="http://www.a.lv">www.a.lv</a> <b>un</b> <a href="https://b.lv/">www.b.lv</a>, '
        '<a href="mailto:c@d.lv">c@d.lv</a></p>'
    )


def test_a_body_may_be_a_picture() -> None:
    record = saved("<p><img src='https://m.lv/a.jpg' alt='Afiša'></p>")
    assert content(record.body).pictures == ("https://m.lv/a.jpg",)


@pytest.mark.parametrize(
    ("head", "address"),
    [
        ("", None),
        ("<base href='https://m.lv/x/'>", "https://m.lv/x/a"),
        ("<link rel=canonical href='https://m.lv/x/y'>", "https://m.lv/x/a"),
        ("<base href='/x/'><link rel=canonical href='https://m.lv/x/y'>", "https://m.lv/x/a"),
        ("<meta property='og:url' content='https://m.lv/x/y'>", "https://m.lv/x/a"),
        ("<!-- saved from url=(0016)https://m.lv/x/y -->", "https://m.lv/x/a"),
    ],
)
def test_links_are_relative_to_the_address_that_a_page_states(
    head: str, address: str | None
) -> None:
    found = content(saved("<p><a href='a'>a</a></p>", head).body)
    assert found.html == (f'<p><a href="{address}">a</a></p>' if address else "<p><a>a</a></p>")
    assert found.dropped == ({} if address else {"link": 1})


def test_a_saved_page_may_have_less_around_its_body() -> None:
    text = "<h1>Kultūra</h1><h1>T</h1><p>Publicēts 2010-05-04 12:00</p>{}"
    for body in ("<p><b>a</b></p>", "<p><b>a</b></p><p>Uzziņai</p>"):
        record = vortal_page.read(text.format(body).encode(), RIGA, is_page=True)
        assert content(record.body).html.startswith("<p><b>a</b></p>")
    record = vortal_page.read(text.format("Uzziņai: <b>a</b>").encode(), RIGA, is_page=True)
    assert content(record.body).html == "<h2>Uzziņai</h2>\n<p><b>a</b></p>"


def test_a_saved_page_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="nested more than 255 deep"):
        saved("<div>" * 300)


def test_a_saved_page_without_markup_is_as_good_as_its_text() -> None:
    assert saved("<p>Viens<br>divi</p><div>trīs</div>").body == (
        Paragraph("Viens\ndivi"),
        Paragraph("trīs"),
    )


UNWRITTEN = {
    "<script>var x = 'lost';</script>": "script",
    "<style>p { color: red }</style>": "style",
    "<template><p>lost</p></template>": "template",
    "<svg><text>lost</text></svg>": "drawing",
    "<math><mi>lost</mi></math>": "formula",
    "<select><option>lost</option></select>": "form field",
    "<input value='lost'>": "form field",
    "<img src='data:,lost'>": "picture",
    "<iframe srcdoc='lost'></iframe>": "embedded object",
    "<span style='background: url(https://a.example/lost.jpg)'></span>": "background picture",
}


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p", "div", "li", "td", "blockquote", "h3", "strong", "form"]),
            st.sampled_from(["https://a.example/", "http://b.example/c.pdf", "/relative", "#top"]),
            st.sampled_from(["", *UNWRITTEN]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_each_word_and_link_of_a_saved_page_is_shown_or_counted(
    parts: list[tuple[str, str, str]], linked: bool
) -> None:
    body = "".join(
        f"<{tag}>before{n} "
        + (f'<a href="{address}">word{n}</a>' if linked else f"word{n}")
        + f" {unwritten} after{n}</{tag}>"
        for n, (tag, address, unwritten) in enumerate(parts)
    )
    markup = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><script>x</script></head><body>'
        f"<div>Kultūra</div><h1>Tilts</h1><div>Publicēts: 2010-05-04 10:00:00</div>{body}"
        "</body></html>"
    )
    (record,) = items("vortal-page", markup.encode())
    assert isinstance(record, Record)
    shown = content(record.body)
    dropped = Counter(dict(record.dropped)) + shown.dropped
    for n, (_, address, _) in enumerate(parts):
        for word in ("before", "word", "after"):
            assert f"{word}{n}" in shown.html
        if linked:
            assert f'href="{address}"' in shown.html or dropped["link"]
    assert "lost" not in shown.html
    counts = Counter(UNWRITTEN[unwritten] for _, _, unwritten in parts if unwritten)
    counts += Counter("form" for tag, _, _ in parts if tag == "form")
    assert dropped - Counter(link=dropped["link"]) == counts
