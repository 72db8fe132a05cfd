"""Pages and style sheets, checked by validators of HTML and CSS."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import html

from feeds.domain import Attachment
from tests.portal import Portal, page
from tests.web.test_category_list import listing
from tests.web.test_media import PICTURE, give

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")

VALIDATORS = Path(__file__).parents[1] / "validators"
BASE = "https://feeds.example.org"
# So many that the index has initials.
BRANCHES = [f"{letter} nozare {n}" for letter in "ABĒŠ" for n in range(11)]
BODY = """
<h2>Programma</h2><p>Ieeja <b>brīva</b> & <a href="https://a.example/?b=1&c=2">bez maksas</a>.
<h3>Kad</h3><ol><li>No rīta<ul><li>tilts</li><li>ceļš</li></ul></li><li>Vakarā</li></ol>
<blockquote><p>“Beidzot!” Un <q>jā</q></p></blockquote><hr><pre>1 &lt; 2  m</pre>
<dl><dt>Kur</dt><dd>Liepkalnē</dd></dl>
<table><thead><tr><th>Gads</th><th>Tilti</th></tr></thead>
<tbody><tr><td>2009</td><td rowspan="2">1</td></tr><tr><td>2010</td></tr></tbody></table>
"""
FIGURE = """
<p>Attēls <img src="https://a.example/?a&amp;b" alt="&lt;img src=&quot;x&quot;>" width="9"></p>
<figure><a href="https://a.example/"><img src="https://a.example/b" alt="Tilts"></a>
<figcaption>Tilts <b>Ā</b></figcaption></figure>
"""
RELEASES = (
    {"title": "Jauns tilts " * 20, "body_html": BODY, "categories": ["Kultūra", "Sports"]},
    {"title": "Ein <b> & Fest", "body": "Um 12.", "language": "de", "url": "https://a.lv/?b&c"},
    {"title": "Viss", "body": "www.a.lv", "website": "a.lv/?b&c", "categories": BRANCHES},
)
# A text in a style sheet, with all characters that could end it there.
WORDS = r"""
msgid "View the releases as a page"
msgstr "\"A\\B\";\n/* "
"""


LARGE = (
    "/",
    "/categories/list/2?category=anozare-0&category=vnozare-30",
    "/categories/list/1?name=nozare+1&category=anozare-0",
    "/categories/list/1?name=<nav>",
)


def messages_of(program: str, config: str, *what: Path) -> str:
    """Return the messages of a validator."""
    script = VALIDATORS / "node_modules" / ".bin" / program
    if not script.exists():
        pytest.skip(f"needs {program}, which is absent: make test installs it")
    node = Path(sys.executable).with_name("node")
    ran = subprocess.run(
        [node, script, "--config", VALIDATORS / config, "--max-warnings=0", *what],
        capture_output=True,
        text=True,
        check=False,
    )
    text = ran.stdout + ran.stderr
    return text if ran.returncode == 0 else f"{program} ended with {ran.returncode}:\n{text}"


def written(path: Path, content: bytes) -> Path:
    """Write a file and create its folder."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def pages(client: FlaskClient) -> dict[str, bytes]:
    """Return each page that can be reached from the index through links, by its path."""
    found: dict[str, bytes] = {}
    pending = {"/"}
    while pending:
        path = pending.pop()
        response = client.get(path)
        assert response.status_code == 200, path
        found[path] = response.data
        # Links to other documents have a type.
        links = html.fromstring(response.data).xpath("//a[not(@type)]/@href")
        own = {link.removeprefix(BASE) for link in links if link.startswith(f"{BASE}/")}
        pending |= own - found.keys()
    return found


def errors(portal: Portal) -> dict[str, bytes]:
    """Return the page of each error, by its status."""
    withdrawn = "/releases/2010/05/04/liepkalne-atklaj-tiltu"
    portal.imported(page())
    assert portal.feeds("withdraw", withdrawn).code == 0
    client = portal.client()
    answers = [client.get("/nothing"), client.post("/"), client.get(withdrawn)]
    with portal.unavailable():
        answers.append(portal.client().get("/"))
    found = {str(answer.status_code): answer.data for answer in answers}
    assert list(found) == ["404", "405", "410", "503"]
    return found


@pytest.mark.slow
def test_every_page_of_every_state_is_valid_html(
    another: Callable[..., Portal], tmp_path: Path
) -> None:
    empty = another()
    active = another(FEEDS_ENTRIES="2", FEEDS_TITLE='"A" & <b>')
    active.imported(*(page(f"Spēle {n}", "Sports", f"{2003 + n}-05-04 12:00:00") for n in range(8)))
    lines = [json.dumps({"published": "2012-01-01 10:00:00", **one}) for one in RELEASES]
    assert active.feeds("import", active.write("all.jsonl", "\n".join(lines))).code == 0
    suspended = another(FEEDS_LANGUAGE="en", FEEDS_RIGHTS="")
    suspended.imported(page("A", "Kultūra"), page("B", "Sports", website=""))
    assert suspended.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00").code == 0
    media = give(
        another(),
        FIGURE,
        PICTURE,
        Attachment("https://a.example/<b>.pdf?a&b", "application/pdf", 7, "B & <b>"),
        Attachment("https://a.example/"),
    )
    media.sql("""UPDATE release SET authors = '["Anna & <b>", "Jānis"]', language = 'en'""")
    large = listing(another(), 301).client()
    states = {
        "empty": pages(empty.client()),
        "active": pages(active.client()),
        "suspended": pages(suspended.client()),
        "media": pages(media.client()),
        "errors": errors(empty),
        # Their links lead to a page of each category.
        "large": {path: large.get(path).data for path in LARGE},
    }
    assert b'class="initials"' in states["active"]["/"]
    assert {"/releases/archive/2", "/categories/sports/archive/1"} <= states["active"].keys()
    files = [
        written(tmp_path / state / f"{path.strip('/').replace('/', '_') or 'index'}.html", body)
        for state, shown in states.items()
        for path, body in shown.items()
    ]
    messages = messages_of("html-validate", ".htmlvalidate.mjs", *files)
    assert not messages, messages


@pytest.mark.slow
def test_every_style_sheet_is_valid_css(another: Callable[..., Portal], tmp_path: Path) -> None:
    words = tmp_path / "own.po"
    words.write_text(WORDS)
    client = another(FEEDS_CATALOGUE=str(words)).client()
    files = [
        written(tmp_path / str(number) / name, text.encode())
        for name in ("style.css", "feed.css")
        for number, text in enumerate(expanded(client.get(f"/{name}").text))
    ]
    messages = messages_of("stylelint", "stylelint.config.mjs", *files)
    assert not messages, messages


def expanded(sheet: str) -> Iterator[str]:
    """Yield a sheet once for each set of values of its properties, with these instead of var().

    Validators do not check declarations that contain var().
    """
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in re.findall(r"(--[\w-]+): ([^;]+);", sheet):
        values[name].append(value)
    for number in range(max(map(len, values.values()))):
        text = sheet
        for name, given in values.items():
            text = text.replace(f"var({name})", given[min(number, len(given) - 1)])
        yield text
