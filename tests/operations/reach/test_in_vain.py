"""Addresses that are requested in vain, and what mends them."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.access_logs import Line, escaped, found, reached, write
from tests.portal import Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="a log does not depend on the engine")

KULTURA = "/categories/kultura"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """Return a portal with a category that had another name, and two releases of one title."""
    portal = Portal(tmp_path_factory.mktemp("moved")).made()
    portal.imported(
        page("Tilts", "Kultūra"),
        page("Ezers", "Kultūra"),
        page("Ezers", "Kultūra", "2011-01-01 10:00:00"),
    )
    for names in (("Kultūra", "Māksla"), ("Māksla", "Kultūra")):
        assert portal.feeds("categories", "rename", *names).code == 0
    return portal


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/feed/", "/releases.rss"),
        ("/feed", "/releases.rss"),
        ("/rss", "/releases.rss"),
        ("/rss.xml", "/releases.rss"),
        ("/feeds/news.xml", "/releases.rss"),
        ("/index.rdf", "/releases.rss"),
        ("/atom.xml", "/releases.atom"),
        ("/feed/atom/", "/releases.atom"),
        ("/feed.json", "/releases.json"),
        ("/old/?feed=rss2", None),
        ("/rss.php", "/releases.rss"),
        ("/backend.php", "/releases.rss"),
        ("/?feed=rss2", "/releases.rss"),
        ("/index.php?feed=atom", "/releases.atom"),
        ("/index.php?format=feed&type=atom", "/releases.atom"),
        ("/index.php?format=feed", "/releases.rss"),
        ("/category/kultura/feed/", f"{KULTURA}.rss"),
        ("/category/Kult%C5%ABra/feed/atom/", f"{KULTURA}.atom"),
        ("/category/kultura.xml", f"{KULTURA}.rss"),
        ("/kultura/rss", f"{KULTURA}.rss"),
        ("/?feed=rss2&category_name=kultura", f"{KULTURA}.rss"),
        ("/category/maksla/feed/", f"{KULTURA}.rss"),
        ("/category/kultura/", KULTURA),
        ("/category/nothing/feed/", None),
        ("/category/nothing/", None),
        ("/categories/nothing.rss", None),
        ("/comments/feed/", None),
        ("/2010/05/some-post/feed/", None),
        ("/news/tilts.html", "/releases/2010/05/04/tilts"),
        ("/tilts/", "/releases/2010/05/04/tilts"),
        ("/tilts?id='%20$(x)", "/releases/2010/05/04/tilts"),
        ("/ezers/", None),
        ("/wp-login.php", None),
        ("/%E2%9C%93", None),
    ],
)
def test_the_line_that_mends_an_address_is_printed_and_mends_it(
    moved: Portal, address: str, target: str | None
) -> None:
    log = write(moved, [Line(path=address, status=404).combined()] * 3)
    (vain,) = found(moved, log)["in_vain"]
    assert (vain["requests"], vain["status"], vain["target"]) == (3, 404, target)
    out = moved.feeds("reach", log).out
    assert f"  3 × {vain['address']} (404)\n" in out
    lines = [shlex.split(line) for line in out.splitlines() if "feeds address add" in line]
    assert len(lines) == bool(target)
    for name, *arguments in lines:
        assert name == "feeds"
        ran = moved.feeds(*arguments)
        assert (ran.code, ran.out) == (0, "Added.\n")
        answer = moved.client().get(address)
        location = f"https://feeds.example.org{target}"
        assert (answer.status_code, answer.headers["Location"]) == (301, location)


PARTS = st.sampled_from(
    [
        "",
        "feed",
        "rss.xml",
        "atom",
        "index.php",
        "category",
        "Kultūra",
        "tilts",
        "ezers.html",
        "'",
        "#",
    ]
) | st.text(max_size=5)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(PARTS, max_size=4), PARTS, st.sampled_from(["", "feed=", "category_name="]))
def test_every_line_that_is_printed_can_be_run(
    moved: Portal, parts: list[str], last: str, parameter: str
) -> None:
    path = f"/{'/'.join(parts)}?{parameter}{last}"
    log = write(moved, [Line(path=escaped(path), status=404).feeds()])
    for line in moved.feeds("reach", log).out.splitlines():
        if "feeds address add" in line:
            arguments = shlex.split(line)[1:]
            assert moved.feeds(*arguments).out == "Added.\n"
            assert moved.feeds("address", "remove", arguments[2]).out == "Removed.\n"


def test_an_address_that_was_mended_since_is_named_so(suspended: Portal) -> None:
    log = write(suspended, [Line(path="/rss", status=404).combined()])
    suspended.feeds("address", "add", "/rss", "/releases.atom")
    (vain,) = found(suspended, log)["in_vain"]
    assert (vain["target"], vain["mended"]) == (None, True)
    assert "  1 × /rss (404): redirected by now\n" in suspended.feeds("reach", log).out


@pytest.mark.engines("sqlite", "postgresql", reason="it searches the paths of all releases")
def test_an_address_is_mended_from_either_engine(suspended: Portal) -> None:
    lines = [Line(path="/news/tilts", status=404), Line(path="/rss", status=404)]
    targets = {one["target"] for one in reached(suspended, lines)["in_vain"]}
    assert targets == {"/releases/2010/05/04/tilts", "/releases.rss"}


def test_the_logged_path_is_decoded_once(suspended: Portal) -> None:
    """So nginx and gunicorn log it; Apache logs it as it was sent."""
    line = Line(path="/100%25/k%C4%81ds", status=404)
    decoded = Line(path="/100%/kāds", status=404)
    lines = [line.combined(), Line(path=escaped("/100%/kāds"), status=404).feeds()]
    gunicorn = decoded.gunicorn().replace("kāds", "kāds".encode().decode("latin-1"))
    in_vain = found(suspended, write(suspended, [*lines, gunicorn]))["in_vain"]
    assert [(one["address"], one["requests"]) for one in in_vain] == [("/100%25/k%C4%81ds", 3)]
    ascii_only = Line(path='/a"\\b c', status=404).gunicorn().replace('a"', 'a\\"')
    (vain,) = found(suspended, write(suspended, [ascii_only]))["in_vain"]
    assert vain["address"] == "/a%22%5Cb%20c"


def test_addresses_are_sorted_by_their_number(suspended: Portal) -> None:
    lines = [Line(path="/b", status=404)] * 2 + [Line(path="/a", status=410)]
    lines += [Line(path=f"/{'x' * 2000}", status=404), Line(path="*", status=404)]
    in_vain = reached(suspended, lines)["in_vain"]
    assert [(one["address"], one["status"]) for one in in_vain] == [("/b", 404), ("/a", 410)]


def test_an_address_that_is_asked_for_often_is_kept_among_many(suspended: Portal) -> None:
    lines = [Line(path="/often", status=404)] * 3
    lines += [Line(path=f"/rare/{number}", status=404) for number in range(20_010)]
    result = reached(suspended, lines)
    assert result["in_vain"][0]["address"] == "/often"
    assert result["in_vain"][0]["requests"] == 3
    assert (len(result["in_vain"]), result["in_vain_too_low_by"]) == (50, 1)
    out = suspended.feeds("reach", suspended.folder / "access.log").out
    assert "the most frequent first (each count may be too low by 1):" in out
