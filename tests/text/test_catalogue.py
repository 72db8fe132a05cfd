"""The catalogues of the service and of operators."""

import string
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import feeds
from feeds.app import check
from feeds.text.catalogue import read_catalogue, words
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="texts do not depend on the engine")

PACKAGE = Path(feeds.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


def catalogue(name: str) -> Catalog:
    return read_po(BytesIO((PACKAGE / "locale" / name).read_bytes()))


def messages(catalog: Catalog) -> set[Any]:
    return {(message.context, message.id) for message in catalog if message.id}


def test_the_template_has_exactly_the_texts_of_the_code() -> None:
    found = extract_from_dir(
        PACKAGE,
        METHODS,
        keywords={"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)},
    )
    assert messages(catalogue("feeds.pot")) == {(context, text) for _, _, text, _, context in found}


@pytest.mark.parametrize("path", sorted((PACKAGE / "locale").glob("*.po")), ids=lambda p: p.stem)
def test_an_included_catalogue_is_complete(path: Path) -> None:
    assert read_catalogue(str(path)).missing == ()
    assert messages(catalogue(path.name)) == messages(catalogue("feeds.pot"))


@pytest.mark.parametrize(
    ("count", "latvian", "english"),
    [
        (0, "0 preses relīžu", "0 press releases"),
        (1, "1 preses relīze", "1 press release"),
        (2, "2 preses relīzes", "2 press releases"),
        (10, "10 preses relīžu", "10 press releases"),
        (11, "11 preses relīžu", "11 press releases"),
        (21, "21 preses relīze", "21 press releases"),
        (12345, "12 345 preses relīzes", "12,345 press releases"),
    ],
)
def test_plurals_and_numbers_follow_the_language(count: int, latvian: str, english: str) -> None:
    texts = "{count} press release", "{count} press releases"
    assert words("lv").ngettext(*texts, count).replace("\xa0", " ") == latvian
    assert words("en").ngettext(*texts, count) == english


LITHUANIAN = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Subscribe"
msgstr "Prenumeruoti"

msgid "Suspended since {month} {day}, {year}."
msgstr "Sustabdyta nuo {year}-{month}-{day}."

msgctxt "since"
msgid "March"
msgstr "kovo"
"""


def test_a_portal_may_have_its_own_catalogue(
    another: Callable[..., Portal], tmp_path: Path
) -> None:
    path = tmp_path / "lt.po"
    path.write_text(LITHUANIAN, encoding="utf-8")
    portal = another(FEEDS_LANGUAGE="lt", FEEDS_CATALOGUE=str(path)).imported(page())
    portal.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00")
    text = portal.client().get("/").text
    assert ">Prenumeruoti</h2>" in text
    assert "Sustabdyta nuo 2022-kovo-1." in text
    assert "2010 m. gegužės 4 d." in text
    assert ">Newest press releases</h2>" in text


def test_a_text_that_the_own_catalogue_lacks_is_taken_from_the_included_one(
    another: Callable[..., Portal], tmp_path: Path
) -> None:
    path = tmp_path / "lv.po"
    path.write_text('msgid "Subscribe"\nmsgstr "Sekot"\n', encoding="utf-8")
    portal = another(FEEDS_CATALOGUE=str(path)).imported(page())
    text = portal.client().get("/").text
    assert ">Sekot</h2>" in text
    assert ">Jaunākās preses relīzes</h2>" in text
    assert ">1 preses relīze," in text
    assert check(portal.settings) == []


def test_missing_texts_of_a_catalogue_are_reported_at_start(portal: Portal, tmp_path: Path) -> None:
    path = tmp_path / "lt.po"
    path.write_text(LITHUANIAN, encoding="utf-8")
    portal.environ |= {"FEEDS_LANGUAGE": "lt", "FEEDS_CATALOGUE": str(path)}
    assert portal.feeds("migrate").code == 0
    (warning,) = check(portal.settings)
    assert warning.startswith("FEEDS_CATALOGUE lacks “")
    assert warning.endswith(" other texts of this version, which are shown in English.")


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        ('msgid "Nonsense"\nmsgstr "x"\n', "“Nonsense” and 0 other texts without effect"),
        ('msgid "Subscribe"\nmsgstr "x\n', "“Subscribe” and 0 other texts without effect"),
        ('#, fuzzy\nmsgid "Subscribe"\nmsgstr "x"\n', "“Subscribe” and 0 other"),
        ('msgid "{count} press release"\nmsgstr "x"\n', "“{count} press release” and 0 other"),
        ('msgid "Subscribe"\nmsgstr "x"\n', None),
    ],
)
def test_ineffective_texts_of_a_catalogue_are_reported_at_start(
    portal: Portal, tmp_path: Path, content: str, warning: str | None
) -> None:
    path = tmp_path / "lv.po"
    path.write_text(content, encoding="utf-8")
    portal.environ["FEEDS_CATALOGUE"] = str(path)
    assert portal.feeds("migrate").code == 0
    warnings = check(portal.settings)
    assert len(warnings) == (1 if warning else 0)
    assert not warning or warning in warnings[0]


def test_another_catalogue_changes_documents_and_the_revision(
    portal: Portal, tmp_path: Path
) -> None:
    path = tmp_path / "lv.po"
    text = (PACKAGE / "locale" / "lv.po").read_text(encoding="utf-8")
    portal.imported(page())
    assert "changed" not in portal.feeds("migrate").out
    path.write_text(text.replace("Visas preses relīzes", "Viss"), encoding="utf-8")
    portal.environ["FEEDS_CATALOGUE"] = str(path)
    assert "changed" in portal.feeds("migrate").out
    assert portal.client().get("/releases.json").get_json()["description"] == "Viss."


def test_a_text_that_is_no_longer_fuzzy_changes_the_revision(
    portal: Portal, tmp_path: Path
) -> None:
    path = tmp_path / "lv.po"
    text = 'msgid "All press releases"\nmsgstr "Viss"\n'
    path.write_text(f"#, fuzzy\n{text}", encoding="utf-8")
    portal.environ["FEEDS_CATALOGUE"] = str(path)
    portal.imported(page()).feeds("migrate")
    assert portal.client().get("/releases.json").get_json()["description"] != "Viss."
    path.write_text(text, encoding="utf-8")
    assert "changed" in portal.feeds("migrate").out
    assert portal.client().get("/releases.json").get_json()["description"] == "Viss."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"msgid \xff", "it is not a gettext catalogue (.po)"),
        (b"nonsense", "it is not a gettext catalogue (.po)"),
        (b"", "it has no texts"),
        (
            b'msgctxt "alphabet"\nmsgid "A B"\nmsgstr "A B C CH D"\n',
            "the alphabet “A B C CH D” has a letter twice; a letter is one character",
        ),
        (b'msgid "Subscribe"\nmsgstr "{reader}"\n', "“{reader}” has {reader}, which “Subscribe”"),
        (b'msgid "Subscribe"\nmsgstr "{"\n', "it is not a gettext catalogue (.po)"),
        (
            b'msgid "Subscribe"\nmsgstr "a\x01"\n',
            "has a character that is not allowed in documents",
        ),
        (
            b'msgid "Archive, page {number}"\nmsgstr "{number:d}"\n',
            "“{number:d}” has {number:d}, which “Archive, page {number}” does not",
        ),
        (b'msgid "Archive, page {number}"\nmsgstr "{number!r}"\n', "has {number!r}, which"),
        (b'msgid "Archive, page {number}"\nmsgstr "{number.real}"\n', "has {number.real}"),
    ],
)
def test_an_invalid_catalogue_is_refused_with_the_reason(
    portal: Portal, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "own.po"
    if content is not None:
        path.write_bytes(content)
    portal.environ["FEEDS_CATALOGUE"] = str(path)
    ran = portal.feeds("status")
    assert ran.code == 2
    assert ran.err.startswith(f"feeds: FEEDS_CATALOGUE='{path}' cannot be used: ")
    assert sentence in ran.err


def test_names_are_ordered_by_the_alphabet_of_the_language() -> None:
    latvian = ["10", "Ādas", "Ciznesa", "Čempionāti", "sports", "Šahs", "(Zīle)", "„Zivis”",
               "Æsir", "Ørsted", "Đurđa", "Łódź", "Адреса", "하나", "한가"]  # fmt: skip
    assert sorted(sorted(latvian), key=words("lv").order) == latvian
    initials = list(dict.fromkeys(map(words("lv").alphabet.initial, latvian)))
    assert initials == ["1", "A", "C", "Č", "S", "Š", "Z", "Æ", "Ø", "Đ", "Ł", "А", "하", "한"]
    english = ["Šahs", "Sahs", "Sports", "A\u0304das", "Adas"]
    assert sorted(english, key=words("en").order) == [
        "Adas",
        "A\u0304das",
        "Sahs",
        "Šahs",
        "Sports",
    ]


def test_a_page_has_the_direction_of_its_language(
    another: Callable[..., Portal], tmp_path: Path
) -> None:
    path = tmp_path / "ar.po"
    path.write_text('msgid "Subscribe"\nmsgstr "اشترك"\n', encoding="utf-8")
    portal = another(FEEDS_LANGUAGE="ar", FEEDS_CATALOGUE=str(path)).imported(page())
    assert '<html lang="ar" dir="rtl">' in portal.client().get("/").text


def test_texts_of_the_portal_are_marked_with_its_language_on_a_page_in_english(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_LANGUAGE="de").imported(page("A", "Kultur"))
    portal.feeds("suspend", "--text", "Eingestellt.")
    text = portal.client().get("/").text
    assert '<html lang="en" dir="ltr">' in text
    assert '<p class="text" lang="de" dir="auto">Eingestellt.</p>' in text
    assert '/categories/kultur" lang="de" dir="auto">Kultur</a>' in text


@given(
    st.text(alphabet=string.printable, max_size=60)
    | st.text(max_size=60)
    | st.builds('msgid "{}"\nmsgstr "{}"\n'.format, st.text("ab{}\\n", max_size=9), st.text())
)
def test_any_file_is_a_catalogue_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("catalogue") / "any.po"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        found = read_catalogue(str(path))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either will do
    else:
        assert words("lv", found).gettext("Subscribe")


@pytest.mark.parametrize("language", ["lv", "LV", "lv-LV", "lv-x-none", "en-GB", "zz", "abcdefgh"])
def test_every_language_tag_has_words(language: str) -> None:
    latvian = language.lower().startswith("lv")
    found = words(language)
    assert found.gettext("Subscribe") == ("Abonēt" if latvian else "Subscribe")
    assert found.number(1) == "1"


def test_a_catalogue_in_a_language_unknown_to_cldr_has_english_dates(tmp_path: Path) -> None:
    path = tmp_path / "own.po"
    path.write_text('msgid "Subscribe"\nmsgstr "!"\n', encoding="utf-8")
    found = words("abcdefgh", read_catalogue(str(path)))
    assert found.gettext("Subscribe") == "!"
    assert str(found.locale) == "en"
