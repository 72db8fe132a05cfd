"""Bytes change only with a version number that the service knows.

An entity tag is made from the store, the settings and ``feeds.documents.version.VERSION``. It does
not show a change of the code, of the English texts or of a library (Babel, feedgen, linkify, lxml,
nh3, tzdata). ``tests/golden/*.sha256`` have digests of documents that depend on these, under the
number with which they were made. Bodies are derived at import and have a number of their own.

After a wanted change raise the number and run ``pytest --write-golden``. If only the documents of
this test have changed, delete the file and run the same.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.documents import version
from feeds.formats import FORMATS
from feeds.ingest.run import import_paths
from feeds.operations.suspend import amend, resume, suspend
from feeds.operations.withdraw import withdraw
from feeds.text import html
from tests.portal import Portal

pytestmark = pytest.mark.engines("sqlite", reason="bytes do not depend on the engine")

GOLDEN = Path(__file__).parents[1] / "golden"
SUSPENDED = datetime(2037, 12, 1, tzinfo=UTC)
RESUMED = datetime(2050, 1, 1, tzinfo=UTC)

# Around changes of offsets: of local mean times, of war times, of daylight saving times and of the
# date line, and after the years that tzdata lists.
INSTANTS = (
    "1000-01-01T00:00:00Z", "1582-10-15T12:00:00Z", "1883-11-18T17:00:00Z", "1907-02-28T22:23:26Z",
    "1918-04-15T00:24:00Z", "1926-05-10T22:23:26Z", "1940-08-04T22:00:00Z", "1944-10-13T12:00:00Z",
    "1969-12-31T23:59:59Z", "1972-01-07T00:44:30Z", "1981-03-31T21:00:00Z", "1985-12-31T18:15:00Z",
    "1996-10-27T00:59:59Z", "2000-02-29T12:00:00Z", "2000-07-01T12:00:00Z", "2011-12-30T10:00:00Z",
    "2015-08-14T15:00:00Z", "2016-05-01T07:00:00Z", "2018-05-04T15:00:00Z", "2019-04-06T15:30:00Z",
    "2023-03-26T01:00:00Z", "2037-10-25T00:59:59Z", "2038-01-19T03:14:08Z", "2049-03-28T01:00:00Z",
    "2049-07-01T00:00:00Z",
)  # fmt: skip
ZONES = (
    "Africa/Casablanca", "Africa/Monrovia", "America/Caracas", "America/St_Johns",
    "Antarctica/Troll", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Apia",
)  # fmt: skip
LABELS: tuple[list[str], ...] = (
    ["Sabiedrības integrācija", "Ēnu ekonomika"],
    ["Šķirošana & vide", "Ēnu ekonomika"],
    ["Культура", "Çağ", "Œuvre", "Łódź"],
    [],
    # So many that the index has initials.
    [f"{letter} nozare {number}" for letter in "AĀBČĒŠŽ1Я" for number in range(6)],
)
CONTACTS = """
Ilze Kalniņa, tālr. 6000 0000, e-pasts: ilze.kalnina@kalve.example.lv.
www.kalve.lv/jaunumi?lapa=1&valoda=lv#sākums; https://muzejs.example/(izstāde), a@xn--e1afmkfd.lv
HTTP://WWW.KALVE.LV/%C4%80, ftp://kalve.lv mailto:a+b@kalve.lv //kalve.lv kalve.travel «www.ēka.lv»
<b>“Kalve” & draugi</b> \u00a0 'a@b' www.kalve.lv… @kalve http://127.0.0.1:80/ http://[::1]/
""".splitlines()  # the first is empty
LONG_TEXT = "Garš teikums par kokiem, kuri aug lēni. " * 30
TEXT = """
Izstādi rīko "Kalve" un ‘biedrība’.
Ieeja brīva: 5 < 7 &amp; <script>alert(1)</script> 1922. gadā.Ir labi.

Vairāk: www.kalve.example.lv vai muzejs@kalve.lv; https://kalve.lv/a_(b)?c=d&e=f#g,
(http://kalve.lv/a), https://пример.рф/путь. HTTPS://KALVE.LV/<a>, https://kalve.lv:8080/a;b=c!


www.kalve.museum/“a” a.b+c@kalve.co.uk… kalve.lv
"""
# The sanitiser does not get so many tags before lxml has read them.
MANY_TAGS = "<p>Īss <i>teksts</i> &amp; <a href='//b.lv'>saite</a>.\r\n" * 400
MARKUP = """
<h1>Programma</h1><div>Ieeja <b>brīva</b> & <a href='/b?c=1&d=2' rel=me onclick=x>visiem</a>
<p>Divas<br>rindas<blockquote>“Beidzot!” <q cite=x>jā</q></blockquote><hr><pre>1 &lt; 2  m</pre>
<table><caption>Tilti</caption><thead><tr><th scope=col>Gads<th>Tilti<tbody><tr><td rowspan=2
style='x'>2009<td>&nbsp;1&eacute;&#8364;&notanentity;<tr><td colspan=2>&lt;3</table>
<ul><li>a<ul><li>b</ul></ul><dl><dt>Kur<dd>Rīgā</dl><img src=a.png alt=Tilts><svg><p>x</svg>
<h2>a</h2><h3>b</h3><h4>c</h4><p><abbr>d</abbr> <code>e</code> <del>f</del> <em>g</em>
<ins>h</ins> <s>i</s> <strong>j</strong> H<sub>2</sub>O m<sup>2</sup> <u>k</u></p><ol><li>l</ol>
<p>Nepabeigts <b><i>teksts</b> un < zīme <!-- piezīme --> <![CDATA[ dati ]]> <p/><o:p>a</o:p>
<a href='javascript:x'>m</a>
"""
BODIES = (
    {"body": LONG_TEXT},
    {"body_html": MARKUP},
    {"body": TEXT},
    {"body_html": MANY_TAGS},
)
# What every release has where documents are compared.
STORED_BODY = """
<p>“Beidzot!” &amp; <q>jā</q>&nbsp;— <a href="https://a.example/?b=1&amp;c=2">5 &lt; 7</a></p>
<table><tbody><tr><th scope="col">Gads</th><td>2009<br></td></tr></tbody></table>]]> 😀
<figure><img src="https://a.example/?b=1&amp;c=2" alt="5 < 7"><figcaption>Ā</figcaption></figure>
"""
STORED_SUMMARY = "“Beidzot!” & jā — 5 < 7, ]]> 😀"
STORED_AUTHORS = ("Anna & <co>", "Jānis", "Ilze", "Līga")
STORED_ATTACHMENTS = (
    ("https://a.example/ā.jpg?b&c", "image/jpeg", None, "Tilts & <b>", True),
    ("https://a.example/a.pdf", "application/pdf", 1_234_567, None, False),
    ("https://a.example/?id=7", None, 999, "Plāns", False),
    ("https://a.example/a.mp3", "audio/mpeg", 5_000_000_000, None, False),
)


def records() -> Iterator[dict[str, object]]:
    """Yield a release for each instant."""
    for number, published in enumerate(INSTANTS):
        record: dict[str, object] = {
            "title": f'{number}: "Kalve" & <jauna> izstāde — Выставка',
            "published": published,
            "categories": LABELS[number % len(LABELS)],
            "contact": CONTACTS[number % len(CONTACTS)],
            **BODIES[number % len(BODIES)],
        }
        if number % 3 == 0:
            record |= {"url": f"https://kalve.example/{number}?a&b", "author": "Ilze Kalniņa & co"}
        if number % 4 == 0:
            record |= {"website": "kalve.example/ā?b&c", "language": ("lv", "en", "ru")[number % 3]}
        if number % 5 == 0:
            record["modified"] = "2030-10-27T00:30:00Z"
        yield record


def imported(portal: Portal, now: datetime, chosen: Callable[[str], bool]) -> None:
    """Import the releases whose instants are chosen."""
    lines = [json.dumps(record) for record in records() if chosen(str(record["published"]))]
    path = portal.write("releases.jsonl", "\n".join(lines))
    results = list(import_paths(portal.store, portal.settings, [path], lambda: now))
    assert {result.outcome.value for result in results} == {"added"}


def check(kind: str, number: int, where: str, made: dict[str, bytes], *, write: bool) -> None:
    """Compare what was made with the digests of the file, or write them under a new number."""
    lines = [f"{hashlib.sha256(made[name]).hexdigest()}  {name}" for name in sorted(made)]
    path = GOLDEN / f"{kind}.sha256"
    first, *known = path.read_text().splitlines() if path.exists() else ("",)
    other = {line.partition("  ")[2] for line in known if line not in lines} & made.keys()
    if first == f"VERSION = {number}" and other:
        pytest.fail(
            f"The bytes of {min(other)} and {len(other) - 1} other {kind} have changed, but "
            f"VERSION in {where} is still {number}: raise it and run `pytest --write-golden`."
        )
    if write:
        path.write_text("\n".join([f"VERSION = {number}", *lines, ""]))
    elif [first, *known] != [f"VERSION = {number}", *lines]:
        pytest.fail(f"{path.name} is not that of these {kind}: run `pytest --write-golden`.")


def test_bodies_are_derived_as_their_version_says(
    portal: Portal, request: pytest.FixtureRequest
) -> None:
    imported(portal, RESUMED, bool)
    rows = portal.sql("SELECT entry_id, body, summary FROM release")
    made = {str(row[0]): json.dumps(row[1:]).encode() for row in rows}
    write = request.config.getoption("--write-golden")
    check("bodies", html.VERSION, "feeds/text/html.py", made, write=write)


CATEGORIES = ("enu-ekonomika", "skirosana-vide", "enu-ekonomika+skirosana-vide")


def feeds(portal: Portal, state: str) -> Iterator[tuple[str, bytes]]:
    """Yield the feed documents of all releases and of categories, the OPML list and sitemaps."""
    client = portal.client()
    for base in ("/releases", *(f"/categories/{slugs}" for slugs in CATEGORIES)):
        for form in FORMATS:
            address = f"{base}.{form}"
            number = 0
            while (response := client.get(address)).status_code == 200:
                yield f"{state}{address}", response.data
                number += 1
                address = f"{base}/archive/{number}.{form}"
    for address in ("/feeds.opml", "/sitemap.xml", "/sitemap/pages/1.xml"):
        yield f"{state}{address}", client.get(address).data


def pages(portal: Portal, state: str) -> Iterator[tuple[str, bytes]]:
    """Yield a page of each kind."""
    client = portal.client()
    (path,), *_, (withdrawn,) = portal.sql("SELECT path FROM release ORDER BY id")
    for address in (
        "/",
        f"/categories/{CATEGORIES[0]}",
        "/releases/archive/2",
        f"/releases/{path}",
        f"/releases/{withdrawn}",
        "/categories/nav",
    ):
        yield f"{state}{address}", client.get(address).data


def notices(portal: Portal) -> Iterator[tuple[str, bytes]]:
    """Yield feeds without releases: an empty one, and one of a suspension for each month."""
    yield from feeds(portal, "empty")
    for month in range(1, 13):
        now = datetime(2049, month, 28, 23, 30, tzinfo=UTC)
        since = datetime(1990 + month, month, 2 * month, 22, 30, tzinfo=UTC)
        suspend(
            portal.store, portal.settings, now, since=since, text="www.a.lv.\n\nRakstiet: a@b.lv"
        )
        resume(portal.store, portal.settings, now)
    for language in ("lv", "en"):
        portal.environ["FEEDS_LANGUAGE"] = language
        for form in FORMATS:
            yield f"notices/{language}.{form}", portal.client().get(f"/releases.{form}").data


def store_bodies(portal: Portal) -> None:
    """Give all releases a body that does not depend on how bodies are derived, and attachments."""
    portal.sql(f"UPDATE release SET body = '{STORED_BODY}', summary = '{STORED_SUMMARY}'")  # noqa: S608 - constants
    authors, attachments = map(json.dumps, (STORED_AUTHORS, STORED_ATTACHMENTS))
    portal.sql(
        f"UPDATE release SET authors = '{authors}', attachments = '{attachments}' WHERE id % 2 = 1"  # noqa: S608 - constants
    )


def documents(portal: Portal) -> Iterator[tuple[str, bytes]]:
    """Yield documents in every state, language and zone."""
    imported(portal, SUSPENDED, lambda published: published < "2038")
    store_bodies(portal)
    suspend(portal.store, portal.settings, SUSPENDED)
    yield from pages(portal, "suspended")
    amend(
        portal.store,
        portal.settings,
        SUSPENDED,
        title="„Kalve” & <co>",
        text="Pauze.\nwww.kalve.lv",
    )
    yield from feeds(portal, "suspended")
    resume(portal.store, portal.settings, SUSPENDED)
    imported(portal, RESUMED, lambda published: published >= "2038")
    store_bodies(portal)
    (newest,) = portal.sql("SELECT path FROM release ORDER BY id DESC LIMIT 1")
    withdraw(portal.store, portal.settings, RESUMED, newest[0])
    settings = dict(portal.environ)
    for language in ("lv", "en"):
        portal.environ["FEEDS_LANGUAGE"] = language
        yield from feeds(portal, f"resumed/{language}")
        yield from pages(portal, f"resumed/{language}")
    portal.environ = settings | {"FEEDS_ENTRIES": "50"}
    for zone in ZONES:
        portal.environ["FEEDS_TIMEZONE"] = zone
        for form in FORMATS:
            yield f"{zone}.{form}", portal.client().get(f"/releases.{form}").data
    # Numbers with separators.
    portal.sql("UPDATE selection SET count = 1234567 + id")
    for language in ("lv", "en", "de-CH"):
        portal.environ["FEEDS_LANGUAGE"] = language
        yield f"many/{language}/", portal.client().get("/").data


@pytest.mark.slow
def test_documents_are_written_as_their_version_says(
    another: Callable[..., Portal], request: pytest.FixtureRequest
) -> None:
    made = dict(notices(another())) | dict(documents(another(FEEDS_ENTRIES="5")))
    write = request.config.getoption("--write-golden")
    check("documents", version.VERSION, "feeds/documents/version.py", made, write=write)
