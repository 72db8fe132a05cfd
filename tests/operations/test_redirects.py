"""Old addresses redirect to URLs of this service."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portal import Portal, command, page
from tests.visible import revisions

pytestmark = pytest.mark.engines("sqlite", reason="the statements are the same on both")

BASE = "https://feeds.example.org"
OLD = "/rss.php?cat=12"


@pytest.fixture
def culture(portal: Portal) -> Portal:
    """Return a portal of one release in one category."""
    return portal.imported(page("A", "Kultūra"))


def redirect(portal: Portal, location: str) -> str | None:
    answer = portal.client().get(location)
    if answer.status_code != 301:
        return None
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    return answer.headers["Location"].removeprefix(BASE)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", "/"),
        (BASE, "/"),
        ("/releases.json", "/releases.json"),
        ("/categories/kultura", "/categories/kultura"),
        ("/categories/kultura.rss", "/categories/kultura.rss"),
        (f"{BASE}/categories/kultura.atom", "/categories/kultura.atom"),
        ("/releases/2010/05/04/a", "/releases/2010/05/04/a"),
    ],
)
def test_an_old_address_redirects_to_its_target(
    culture: Portal, target: str, expected: str
) -> None:
    before = revisions(culture)
    assert redirect(culture, OLD) is None
    ran = culture.feeds("address", "add", OLD, target)
    assert (ran.code, ran.out, ran.err) == (0, "Added.\n", "")
    assert redirect(culture, OLD) == expected
    assert culture.client().head(OLD).status_code == 301
    assert culture.client().post(OLD).status_code == 404
    assert culture.feeds("address", "list").out == f"{OLD}\t{expected}\n"
    assert culture.feeds("address", "add", OLD, target).out == "This redirect already exists.\n"
    assert culture.feeds("address", "remove", OLD).out == "Removed.\n"
    assert culture.feeds("address", "remove", OLD).out == "There was no such redirect.\n"
    assert redirect(culture, OLD) is None
    # A redirect changes no document.
    assert revisions(culture) == before


@pytest.mark.engines("sqlite", "postgresql", reason="the store compares them")
def test_the_query_must_match_exactly_and_the_path_after_decoding(culture: Portal) -> None:
    culture.feeds("address", "add", "/vecā lapa.php?a=%41&b=ā", "/")
    culture.feeds("address", "add", "/bare.html?", "/releases.rss")
    for same in ("/vec%C4%81%20lapa.php?a=%41&b=%C4%81", "/vec%c4%81%20%6capa.php?a=%41&b=%C4%81"):
        assert redirect(culture, same) == "/"
    for other in ("/vec%C4%81%20lapa.php", "/vec%C4%81%20lapa.php?b=%C4%81&a=%41", "/bare.htm"):
        assert redirect(culture, other) is None
    # A query that belongs to no old address is ignored.
    assert redirect(culture, "/bare.html?utm=1") == "/releases.rss"
    assert redirect(culture, f"/bare.html?{'x' * 3000}") == "/releases.rss"


def test_an_address_of_this_service_with_a_query_can_be_redirected(culture: Portal) -> None:
    client = culture.client()
    for address in ("/", "/releases.atom", "/categories/kultura"):
        assert client.get(address).status_code == 200
        assert culture.feeds("address", "add", f"{address}?feed=rss2", "/releases.rss").code == 0
        assert redirect(culture, f"{address}?feed=rss2") == "/releases.rss"
        assert client.get(f"{address}?feed=rss2").status_code == 301
        kept = client.get(address)
        assert client.get(f"{address}?feed=atom").data == kept.data
        with culture.unavailable():
            # The redirect cannot be looked up, so the cached document is served.
            assert client.get(f"{address}?feed=rss2").data == kept.data
    with culture.unavailable():
        assert client.get("/nothing").status_code == 503
        assert client.get("/healthz?x=1").status_code == 200


@pytest.mark.engines("sqlite", "postgresql", reason="each is unavailable in its own way")
def test_a_store_that_is_unavailable_at_the_lookup_is_not_an_error(culture: Portal) -> None:
    culture.environ["FEEDS_REVISION_TTL"] = "60"
    client = culture.client()
    kept = client.get("/")
    with culture.unavailable():
        assert client.get("/?feed=rss2").data == kept.data


def test_a_redirect_follows_a_rename_and_answers_410_for_a_withdrawn_release(
    culture: Portal,
) -> None:
    culture.feeds("address", "add", OLD, "/categories/kultura.rss")
    culture.feeds("address", "add", "/a.html", "/releases/2010/05/04/a")
    culture.feeds("categories", "rename", "Kultūra", "Māksla")
    assert redirect(culture, OLD) == "/categories/maksla.rss"
    assert culture.feeds("address", "add", OLD, "/categories/kultura.rss").out == (
        "This redirect already exists.\n"
    )
    culture.feeds("withdraw", "2010/05/04/a")
    gone = culture.client().get("/a.html")
    assert (gone.status_code, gone.content_type) == (410, "text/html; charset=utf-8")
    assert "<h1>Šī preses relīze ir atsaukta</h1>" in gone.text


def test_old_addresses_begin_at_the_root_of_the_host(
    another: Callable[..., Portal],
) -> None:
    portal = another(FEEDS_BASE_URL="https://example.org/feeds").imported(page("A", "Kultūra"))
    targets = ("/releases.rss", "/feeds/releases.rss", "https://example.org/feeds/releases.rss")
    for number, target in enumerate(targets):
        for old in (f"/{number}.php", f"/?feed={number}", f"/feeds/{number}"):
            assert portal.feeds("address", "add", old, target).code == 0
            found = portal.client().get(old)
            assert found.status_code == 301
            assert found.headers["Location"] == "https://example.org/feeds/releases.rss"
    beyond = portal.feeds("address", "add", "/x", "https://example.org/feeds/feeds/releases.rss")
    assert beyond.code == 1
    assert portal.feeds("address", "add", "/releases.rss", "/releases.atom").code == 0
    assert portal.feeds("address", "add", "/feeds/releases.rss", "/releases.atom").code == 1


def test_a_base_path_that_equals_a_route_does_not_change_targets(
    another: Callable[..., Portal], tmp_path: Path
) -> None:
    portal = another(FEEDS_BASE_URL="https://example.org/releases").imported(page("A", "Kultūra"))
    for number, target in enumerate(("/releases.rss", "/categories/kultura", "/")):
        assert portal.feeds("address", "add", f"/{number}", target).code == 0
    listed = portal.feeds("address", "list").out
    assert listed == "/0\t/releases.rss\n/1\t/categories/kultura\n/2\t/\n"
    (tmp_path / "listed").write_text(listed)
    ran = portal.feeds("address", "add", "--file", tmp_path / "listed")
    assert ran.out == "0 added, 3 unchanged, 0 refused.\n"


@pytest.fixture(scope="module")
def unchanging(shared: Callable[..., Portal]) -> Portal:
    """Return such a portal with one redirect."""
    portal = shared().imported(page("A", "Kultūra"))
    assert portal.feeds("address", "add", "/known", "/").code == 0
    return portal


@pytest.mark.parametrize(
    ("location", "target", "sentence"),
    [
        ("/", "/releases.rss", "/ is an address of this service"),
        ("/releases.rss?", "/releases.atom", "/releases.rss is an address of this service"),
        ("/categories/nav.atom/", "/", "/categories/nav.atom/ is an address of this service"),
        ("/healthz?x", "/", "/healthz?x is an address of this service"),
        ("rss.php", "/", "'rss.php' is not an old address"),
        ("/x#y", "/", "'/x#y' is not an old address"),
        ("/\ud800", "/", "'/\\ud800' is not an old address"),
        ("/" + "x" * 2000, "/", "'/xxx"),
        (OLD, "", "'' cannot be a target"),
        (
            OLD,
            "/categories/kultura+sports.atom",
            "'/categories/kultura+sports.atom' cannot be a target",
        ),
        (OLD, "/releases/archive/1.atom", "'/releases/archive/1.atom' cannot be a target"),
        (OLD, "https://other.example/", "'https://other.example/' cannot be a target"),
        (OLD, "/categories/nav.atom", "The target /categories/nav.atom does not exist"),
        (OLD, "/releases/2010/05/04/b", "The target /releases/2010/05/04/b does not exist"),
        ("/known", "/releases.rss", "/known already redirects elsewhere"),
    ],
)
def test_a_refused_redirect_is_not_added(
    unchanging: Portal, location: str, target: str, sentence: str
) -> None:
    ran = unchanging.feeds("address", "add", location, target)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(f"feeds: {sentence}")
    assert unchanging.feeds("address", "list").out == "/known\t/\n"


def test_no_route_of_this_service_can_be_redirected(culture: Portal) -> None:
    values = {"number": "1", "slug": "kultura", "slugs": "kultura+nav", "path": "2010/05/04/b"}
    values |= {"year": "2010", "month": "05", "day": "04"}
    rules = culture.client().application.url_map.iter_rules()
    routes = {re.sub(r"<(?:path:)?(\w+)>", lambda match: values[match[1]], str(r)) for r in rules}
    assert {"/", "/categories", "/feeds.opml", "/releases/archive/1"} < routes
    for route in routes:
        ran = culture.feeds("address", "add", route, "/")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"feeds: {route} is an address of this service")


@pytest.mark.slow
@pytest.mark.engines("sqlite", "postgresql", reason="one scenario of many rows")
def test_a_file_of_redirects_is_added_and_the_list_can_be_added_again(
    culture: Portal, tmp_path: Path
) -> None:
    file = tmp_path / "old.tsv"
    lines = (f"/rss.php?cat={n}\t/categories/kultura.rss" for n in range(1000))
    file.write_text("\ufeff# the old portal\r\n\r\n" + "\r\n".join(lines), encoding="utf-8")
    ran = culture.feeds("address", "add", "--file", file)
    assert (ran.code, ran.out) == (0, "1000 added, 0 unchanged, 0 refused.\n")
    file.write_text(culture.feeds("address", "list").out)
    ran = culture.feeds("address", "add", "--file", file)
    assert (ran.code, ran.out) == (0, "0 added, 1000 unchanged, 0 refused.\n")


def test_a_dash_means_standard_input(culture: Portal) -> None:
    arguments = ("address", "add", "--file", "-")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with command(culture, *arguments, **pipes) as process:
        printed = process.communicate("/a /\n/b /releases.rss\n")
    assert (process.returncode, printed[0]) == (0, "2 added, 0 unchanged, 0 refused.\n")
    assert redirect(culture, "/b") == "/releases.rss"


def test_refused_lines_are_reported_and_the_others_are_added(
    culture: Portal, tmp_path: Path
) -> None:
    file = tmp_path / "old.tsv"
    file.write_bytes(b"/a /\n/b\n\xff /\n/\xff /releases.rss\n")
    ran = culture.feeds("address", "add", "--file", file)
    assert (ran.code, ran.out) == (1, "2 added, 0 unchanged, 2 refused.\n")
    assert [line.partition(": refused: ")[0] for line in ran.err.splitlines()] == [
        f"{file}: line 2",
        f"{file}: line 3",
    ]
    # As a WSGI server passes it on; Flask's client would replace invalid UTF-8.
    sent = culture.client().get("/", environ_overrides={"PATH_INFO": "/\xff"})
    assert sent.headers["Location"] == f"{BASE}/releases.rss"
    assert redirect(culture, "/a") == "/"


def test_wrong_arguments_and_files_are_reported(culture: Portal, tmp_path: Path) -> None:
    missing = culture.feeds("address", "add", "--file", tmp_path / "none")
    assert (missing.code, missing.out) == (2, "")
    assert "cannot be read: No such file" in missing.err
    for arguments in ((), ("/a",), ("/a", "/", "--file", "x")):
        ran = culture.feeds("address", "add", *arguments)
        assert (ran.code, ran.out) == (1, "")
        assert (
            ran.err == "feeds: Give an old address and its target, or a --file with such lines.\n"
        )
    assert culture.feeds("address", "remove", "x").code == 1


LOCATIONS = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
SENT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@pytest.mark.engines("sqlite", "postgresql", reason="each database refuses other texts")
@pytest.mark.slow
@settings(max_examples=15)
@given(rest=LOCATIONS, sent=SENT)
def test_no_old_address_and_no_request_causes_an_error(
    culture: Portal, rest: str, sent: str
) -> None:
    ran = culture.feeds("address", "add", "--", f"/old{rest}", "/releases.rss")
    assert ran.code in {0, 1}
    assert (ran.out + ran.err).count("\n") == 1
    listed = [line.split("\t")[0] for line in culture.feeds("address", "list").out.splitlines()]
    client = culture.client()
    for location in listed:
        assert client.get(location).status_code == 301
    assert client.get(f"/old-{sent}").status_code in {301, 404}
    assert client.get(f"/?{sent}").status_code == 200
