from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree, html

from tests.portal import BANNER, NO_CONTACT, Portal, page

pytestmark = pytest.mark.engines("sqlite", reason="pages do not depend on the engine")


def test_the_index_shows_announcement_categories_and_feeds(portal: Portal) -> None:
    portal.imported(page("Izstāde", category="Kultūra"), page("Spēle", category="Sports"))
    assert BANNER not in portal.client().get("/").text
    portal.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00")
    response = portal.client().get("/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    tree = html.fromstring(response.data)
    assert tree.get("lang") == "lv"
    (notice,) = tree.xpath("//*[@class='notice']")
    assert BANNER in notice.text_content()
    assert "kopš 2022. gada 1. marta" in notice.text_content()
    links = {a.get("href"): a.text_content() for a in tree.xpath("//a")}
    base = "https://feeds.example.org"
    assert links[f"{base}/categories/kultura"] == "Kultūra"
    assert links[f"{base}/categories/sports.rss"] == "RSS"
    assert links[f"{base}/releases/2010/05/04/izstade"] == "Izstāde"
    found = {
        (link.get("type"), link.get("href")) for link in tree.xpath("//link[@rel='alternate']")
    }
    assert found == {
        ("application/atom+xml", f"{base}/releases.atom"),
        ("application/rss+xml", f"{base}/releases.rss"),
        ("application/feed+json", f"{base}/releases.json"),
    }
    assert tree.xpath("//footer//*[@class='rights']")[0].text == "Copyright © 2007-2022 PRCentrs.Lv"


def test_an_empty_portal_has_an_index(portal: Portal) -> None:
    assert "Šeit vēl nav nevienas preses relīzes." in portal.client().get("/").text


def test_a_release_page_has_the_order_of_the_imported_page(portal: Portal, seed_page: Path) -> None:
    portal.feeds("import", seed_page)
    portal.feeds("suspend")
    address = "/releases/2007/11/27/integracijas-sekretariatam-aprit-5-gadi"
    tree = html.fromstring(portal.client().get(address).data)
    lines = [" ".join(text.split()) for text in tree.xpath("//body//text()") if text.strip()]
    order = [
        BANNER,
        "Sabiedrības integrācija",
        "Integrācijas sekretariātam aprit 5 gadi!",
        "Publicēts:",
        "2007. gada 27. novembris, 00:55",
        "Uzziņai",
        "http://www.integracija.gov.lv",
        NO_CONTACT,
        "Šīs preses relīzes adrese",
        "Copyright © 2007-2022 PRCentrs.Lv",
    ]
    places = [lines.index(line) for line in order]
    assert places == sorted(places)
    assert len(tree.xpath("//article/div[@class='body']/p")) == 12
    (field,) = tree.xpath("//main/div/input[@readonly]")
    assert field.get("value") == f"https://feeds.example.org{address}"
    assert (field.get("data-copy"), field.get("data-copied")) == ("Kopēt", "Nokopēts")


def test_a_release_page_shows_contact_website_and_feeds(portal: Portal) -> None:
    contact = "Preses relīzes iesniedzēja kontaktinformācija: Anna <b> Ozola, anna@example.lv"
    portal.imported(page("A", category="Kultūra", contact=contact, website="a.example.lv/?b=1&c"))
    text = portal.client().get("/releases/2010/05/04/a").text
    assert (
        "kontaktinformācija: Anna &lt;b&gt; Ozola, "
        '<a href="mailto:anna@example.lv">anna@example.lv</a></p>'
    ) in text
    assert 'href="http://a.example.lv/?b=1&amp;c"' in text
    assert 'title="PRCentrs.Lv: Kultūra (Atom)"' in text
    (item,) = portal.client().get("/releases.json").get_json()["items"]
    assert item["content_html"].endswith('<a href="mailto:anna@example.lv">anna@example.lv</a></p>')


def test_a_category_page_lists_its_releases(portal: Portal) -> None:
    portal.imported(page("Izstāde", category="Kultūra"), page("Spēle", category="Sports"))
    text = portal.client().get("/categories/kultura").text
    assert "<h1>Kultūra</h1>" in text
    assert "Izstāde" in text
    assert "Spēle" not in text
    assert 'href="https://feeds.example.org/categories/kultura.json"' in text


def test_the_contact_of_the_portal_is_on_every_page_and_in_every_feed(
    another: Callable[..., Portal],
) -> None:
    mailbox = "redakcija+pr@prcentrs.example.lv"
    portal = another(FEEDS_TITLE="PR & <co>").imported(page("A", "Kultūra"))
    before = {form: portal.client().get(f"/releases.{form}") for form in ("atom", "rss", "json")}
    portal.environ["FEEDS_CONTACT"] = mailbox
    client = portal.client()
    for address in ("/", "/releases/2010/05/04/a", "/releases/2010", "/nav"):
        (link,) = html.fromstring(client.get(address).data).xpath(
            "//footer//a[@href and contains(., '@')]"
        )
        assert (link.get("href"), link.text) == (f"mailto:{mailbox}", mailbox)
    after = {form: client.get(f"/releases.{form}") for form in before}
    assert all(after[form].headers["ETag"] != before[form].headers["ETag"] for form in before)
    atom = etree.fromstring(after["atom"].data)
    author = atom.find("{http://www.w3.org/2005/Atom}author")
    assert [(etree.QName(each).localname, each.text) for each in author] == [
        ("name", "PR & <co>"),
        ("email", mailbox),
        ("uri", "https://feeds.example.org/"),
    ]
    channel = etree.fromstring(after["rss"].data)[0]
    assert [each.text for each in channel.iter("managingEditor")] == [f"{mailbox} (PR & <co>)"]
    assert after["json"].get_json()["authors"] == [
        {"name": "PR & <co>", "url": f"mailto:{mailbox}"}
    ]
    for response in before.values():
        assert mailbox not in response.text


def test_titles_and_texts_are_escaped(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_TITLE="<b>Tituls</b> & co", FEEDS_RIGHTS="<i>")
    portal.imported(page("<script>alert(1)</script>", category="<u>"))
    portal.feeds("suspend", "--text", "<script>alert(2)</script>", "--title", "<em>")
    client = portal.client()
    for address in ("/", "/categories/u", "/releases/2010/05/04/script-alert-1-script"):
        text = client.get(address).text
        for raw in ("<script>", "alert(1)</", "<b>", "<i>", "<u>", "<em>"):
            assert raw not in text
        assert "&lt;b&gt;Tituls&lt;/b&gt;" in text


def test_a_portal_without_a_catalogue_is_in_english(another: Callable[..., Portal]) -> None:
    portal = another(FEEDS_LANGUAGE="et", FEEDS_RIGHTS="").imported(page())
    portal.feeds("suspend", "--since", "2022-03-01T12:00:00+02:00")
    text = portal.client().get("/").text
    assert "Suspended since March 1, 2022." in text
    assert '<html lang="en" dir="ltr">' in text
    assert 'lang="et" dir="auto">Liepkalnē atklāj tiltu</a>' in text
    assert 'class="rights"' not in text
    feed = portal.client().get("/releases.json").get_json()
    assert feed["description"] == "All press releases. Suspended."
    assert "rights" not in feed["_feed"]
    for form in ("atom", "rss"):
        document = portal.client().get(f"/releases.{form}").text
        assert "<rights>" not in document
        assert "<copyright>" not in document


def test_the_style_sheet_and_the_icon_of_a_page_are_served(portal: Portal) -> None:
    tree = html.fromstring(portal.client().get("/").data)
    for link in tree.xpath("//link[@rel='stylesheet' or @rel='icon']"):
        path = link.get("href").removeprefix("https://feeds.example.org")
        assert portal.client().get(path).status_code == 200
