"""The inputs of ``../shared/cases`` that are exports or pages come out as its README says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.portal import Portal

pytestmark = pytest.mark.engines("sqlite", reason="an import does not depend on the engine")

UPLOADS = "https://harbour.example/wp-content/uploads/2015/10"


@pytest.fixture
def imported(another: Callable[..., Portal]) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Import a case; return what is printed, and the items of the feed by their titles."""

    def run(number: str, *options: str) -> tuple[str, dict[str, Any]]:
        found = sorted((SHARED / "cases").glob(f"{number}-*"))
        if not found:
            pytest.skip("needs ../shared/cases, which is missing")
        portal = another(FEEDS_LANGUAGE="en")
        ran = portal.feeds("import", Path(found[0]), *options)
        assert ran.code == 0, ran.err
        items = portal.client().get("/releases.json").get_json()["items"]
        return ran.out, {item["title"]: item for item in items}

    return run


def test_pictures_galleries_and_media_of_wordpress(imported: Any) -> None:
    out, items = imported("01")
    crane, photo = items["New crane at quay 3"], items["Photo of the week"]
    captioned = (
        f'<figure><a href="{UPLOADS}/crane.jpg"><img src="{UPLOADS}/crane-768x512.jpg" '
        'alt="Crane lifting a container" width="300" height="200"></a>'
        "<figcaption>The crane on its first day</figcaption></figure>"
    )
    for shown in (
        captioned,
        '<a href="https://video.example/embed/abc123">',
        f'<img src="{UPLOADS}/crane.jpg"',
        f'<a href="{UPLOADS}/talk.mp3">',
        "<figcaption>Data sheet</figcaption>",
    ):
        assert shown in crane["content_html"]
    assert "[" not in crane["content_html"]
    assert crane["image"] == f"{UPLOADS}/crane.jpg"
    assert f'<img src="{UPLOADS}/gull.jpg" alt="A gull on a bollard">' in photo["content_html"]
    assert "the gallery's pictures 43 and 44 are not in the export" in out


def test_a_control_character_is_removed_and_counted(imported: Any) -> None:
    out, items = imported("10")
    assert list(items) == ["Fourth", "Third", "Second", "First"]
    assert items["Second"]["content_html"] == "<p>Two halves.</p>"
    assert "item 2: dropped or mended: 1 control character." in out


def test_paragraphs_around_a_table_and_a_list(imported: Any) -> None:
    _, items = imported("21")
    t1, t3 = (items[title]["content_html"].replace("\n", "") for title in ("T1", "T3"))
    table = "<table><tbody><tr><td>Fee</td><td>5</td></tr></tbody></table>"
    assert t1 == (
        f"<p>First paragraph.</p><p>Second paragraph.</p>{table}"
        "<p>Third paragraph.</p><p>Fourth,<br>with a line break.</p>"
    )
    assert t3 == (
        "<p>Intro <strong>bold</strong></p><ul><li>one</li></ul><p>After list.</p><p>Last.</p>"
    )


def test_links_and_pictures_of_a_saved_page(imported: Any) -> None:
    _, items = imported("24")
    content = items["Programme out"]["content_html"]
    assert '<a href="https://m.example/programme.pdf">the programme</a>' in content
    assert '<a href="http://www.m.example/">our site</a>' in content
    assert '<img src="https://m.example/a.jpg" alt="Poster: opening at six">' in content


def test_releases_in_a_post_type_and_a_taxonomy_of_their_own(imported: Any) -> None:
    out, items = imported("25")
    assert list(items) == ["Blog note"]
    assert "press-release (1), press_release (1)" in out
    assert "--post-type press-release" in out
    _, items = imported("25", "--post-type", "press-release", "--taxonomy", "press-topic")
    assert list(items) == ["New mayor elected"]
    assert items["New mayor elected"]["tags"] == ["Council"]
