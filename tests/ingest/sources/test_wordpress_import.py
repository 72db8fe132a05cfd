"""Post types and taxonomies of WordPress exports, their authors, and text beside blocks."""

import resource
import subprocess
from functools import partial

import pytest

from tests.ingest.sources.samples import media, meta, post, wxr
from tests.portal import Portal, command

pytestmark = pytest.mark.engines("sqlite", reason="sources are read before the store is")


def topic(name: str, taxonomy: str = "topic") -> str:
    return f'<category domain="{taxonomy}" nicename="x">{name}</category>'


EXPORT = wxr(
    post(number=1, kind="press-release", more=topic("Osta")),
    post(number=2, kind="press_release"),
    post(number=3, more=topic("Ziņas", "category") + topic("birka", "post_tag")),
    post(number=4, kind="page"),
    post(number=5, kind="nav_menu_item", more=topic("Izvēlne", "nav_menu")),
)


def passed_over(portal: Portal, *options: str) -> list[str]:
    """Import the export; return the lines about what was passed over."""
    ran = portal.feeds("import", portal.write("export.xml", EXPORT), *options)
    assert (ran.code, ran.err) == (0, "")
    return [line for line in ran.out.splitlines() if "passed over" in line]


def test_what_was_passed_over_is_named_with_the_options_that_take_it(portal: Portal) -> None:
    expected = [
        (
            "2 posts of other types were passed over: press-release (1), press_release (1)."
            " To import such posts instead, add"
            " --post-type press-release --post-type press_release."
        ),
        (
            "Taxonomies passed over: topic (1), post_tag (1). To use one for categories, add"
            " --taxonomy topic."
        ),
    ]
    assert passed_over(portal, "--dry-run") == expected
    assert passed_over(portal) == expected
    with portal.store.read() as snapshot:
        assert [category.name for category in snapshot.category_names()] == ["Ziņas"]


def test_chosen_types_and_taxonomies_replace_the_usual_ones(portal: Portal) -> None:
    assert passed_over(portal, "--post-type", "press-release", "--taxonomy", "topic") == [
        (
            "2 posts of other types were passed over: press_release (1), post (1). To import such"
            " posts instead, add --post-type press_release --post-type post."
        ),
        (
            "Taxonomies passed over: category (1), post_tag (1). To use one for categories, add"
            " --taxonomy category."
        ),
    ]
    with portal.store.read() as snapshot:
        assert [category.name for category in snapshot.category_names()] == ["Osta"]
        assert snapshot.everything().count == 1


def test_several_types_and_taxonomies_can_be_chosen(portal: Portal) -> None:
    options = ("post", "press_release", "press-release")
    chosen = [word for name in options for word in ("--post-type", name)]
    taxonomies = ("topic", "category", "post_tag")
    chosen += [word for name in taxonomies for word in ("--taxonomy", name)]
    assert passed_over(portal, *chosen) == []
    with portal.store.read() as snapshot:
        assert len(snapshot.category_names()) == 3
        assert snapshot.everything().count == 3


def test_one_post_of_another_type_is_named(portal: Portal) -> None:
    (line, *_) = passed_over(portal, "--post-type", "post", "--post-type", "press-release")
    assert line.startswith("1 post of another type was passed over: press_release (1). To import ")


@pytest.mark.parametrize("options", [("--post-type", "x"), ("--taxonomy", "x")])
def test_the_options_are_for_wordpress_alone(portal: Portal, options: tuple[str, str]) -> None:
    path = portal.write("export.xml", EXPORT)
    ran = portal.feeds("import", path, "--source", "feed", *options)
    assert ran.code == 1
    assert "--post-type and --taxonomy are for WordPress exports" in ran.err
    assert "--source feed" in ran.err
    assert portal.feeds("import", path, "--source", "wordpress", "--post-type", "x").code == 0


def test_many_types_are_not_all_counted(portal: Portal) -> None:
    export = wxr(*(post(number=n, kind=f"type-{n}", more=topic("a", f"t{n}")) for n in range(150)))
    ran = portal.feeds("import", portal.write("export.xml", export))
    assert "100 posts of other types were passed over: type-0 (1), type-1 (1)" in ran.out


@pytest.mark.engines("sqlite", reason="reading an export does not depend on the engine")
def test_text_beside_blocks_has_paragraphs(portal: Portal) -> None:
    body = (
        "Pirmā rinda\nOtrā rinda\n\nOtrā rindkopa\n\n<!-- wp:paragraph -->\n<p>Bloks</p>\n"
        "<!-- /wp:paragraph -->\n\nPēc bloka [unknown a=b]"
    )
    path = portal.write("export.xml", wxr(post(body).replace("īsi", "")))
    ran = portal.feeds("import", path)
    assert "the shortcode [unknown] is not known" in ran.out
    (item,) = portal.client().get("/releases.json").get_json()["items"]
    assert item["content_html"].replace("\n", "") == (
        "<p>Pirmā rinda<br>Otrā rinda</p><p>Otrā rindkopa</p><p>Bloks</p>"
        "<p>Pēc bloka [unknown a=b]</p>"
    )


@pytest.mark.engines("sqlite", reason="reading an export does not depend on the engine")
def test_guest_authors_have_their_names_wherever_their_profile_is(portal: Portal) -> None:
    profile = post("", meta("cap-user_login", "juris") + meta("cap-display_name", "Juris Kalns"))
    guest = profile.replace("type>post<", "type>guest-author<")
    nameless = guest.replace("juris", "cits").replace("Juris Kalns", " ").replace("Tilts]]", " ]]")
    term = (
        '<category domain="author" nicename="cap-juris">juris</category>'
        '<category domain="author" nicename="cap-cits">cits</category>'
        '<category domain="author" nicename="cap-anna">anna</category>'
    )
    path = portal.write("export.xml", wxr(post(more=term, number=2), guest, nameless))
    assert portal.feeds("import", path).code == 0
    (item,) = portal.client().get("/releases.json").get_json()["items"]
    assert [author["name"] for author in item["authors"]] == ["Juris Kalns", "cits", "Anna Ozola"]


@pytest.mark.engines("sqlite", reason="reading an export does not depend on the engine")
@pytest.mark.slow
def test_a_full_disk_under_the_temporary_file_is_one_sentence(portal: Portal) -> None:
    export = wxr(*(media(number, f"{number}-{'x' * 900}.jpg") for number in range(9000)), post())
    path = portal.write("export.xml", export)
    largest = 3_000_000
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (largest, largest))
    process = command(portal, "import", path, stdout=subprocess.DEVNULL, preexec_fn=limit)
    _, err = process.communicate()
    assert process.returncode == 2
    assert err.startswith(
        "feeds: The attachments of an export cannot be kept in a temporary file: "
    )
    assert err.count("\n") == 1
