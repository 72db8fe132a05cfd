"""Golden documents: every byte of each format in each state of the portal, and of its pages.

After a wanted change run ``pytest --write-golden``, read the difference, and raise
``feeds.documents.version.VERSION``.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from feeds.formats import FORMATS
from feeds.operations.suspend import resume, suspend
from tests.portal import START, Portal, page

GOLDEN = Path(__file__).parents[1] / "golden"
STATES = ("ordinary", "empty", "suspended", "resumed")

RELEASES = (
    page(
        "Muzejs „Kalve” & draugi: <jauna> izstāde",
        "Kultūra",
        "2011-03-27 02:59:59",
        'Izstādi rīko "Kalve" un biedrība.\nIeeja brīva.\n\nVairāk: www.kalve.example.lv '
        "vai muzejs@kalve.lv; 5 < 7 &amp; <script>alert(1)</script>\n\n"
        "Uzziņai:\nMuzejs dibināts 1922. gadā.",
        website="",
        contact="Preses relīzes iesniedzēja kontaktinformācija: Ilze Kalniņa, tālr. 6000 0000",
    ),
    page("Выставка в Риге", "Kultūra", "2010-12-31 23:59:59", "Открытие в субботу."),
    page("Skolēni stāda ozolus", "Vide", "2009-06-01 08:00:00", "Garš teikums par kokiem. " * 30),
)


@pytest.fixture
def shown(another: Callable[..., Portal]) -> Callable[[str], Portal]:
    def make(state: str) -> Portal:
        portal = another()
        if state != "empty":
            portal.imported_at(START, *RELEASES)
        if state in {"suspended", "resumed"}:
            since = START + timedelta(hours=1)
            suspend(portal.store, portal.settings, START + timedelta(days=1), since=since)
        if state == "resumed":
            resume(portal.store, portal.settings, START + timedelta(days=40))
        return portal

    return make


@pytest.mark.parametrize("state", STATES)
def test_the_documents_are_the_golden_ones(
    shown: Callable[[str], Portal], state: str, request: pytest.FixtureRequest
) -> None:
    client = shown(state).client()
    for form in FORMATS:
        document = client.get(f"/releases.{form}").data
        path = GOLDEN / f"{state}.{form}"
        if request.config.getoption("--write-golden"):
            path.write_bytes(document)
        assert document == path.read_bytes(), path


def test_the_pages_are_the_golden_ones(
    shown: Callable[[str], Portal], request: pytest.FixtureRequest
) -> None:
    client = shown("suspended").client()
    for name, address in {
        "index": "/",
        "category": "/categories/kultura",
        "release": "/releases/2011/03/27/muzejs-kalve-draugi-jauna-izstade",
        "missing": "/categories/nav",
    }.items():
        document = client.get(address).data
        path = GOLDEN / f"{name}.html"
        if request.config.getoption("--write-golden"):
            path.write_bytes(document)
        assert document == path.read_bytes(), path


@pytest.mark.parametrize("state", STATES)
def test_a_golden_atom_document_is_valid_by_rfc_4287(state: str, atom_schema: Path) -> None:
    schema = etree.RelaxNG(etree.parse(atom_schema))
    schema.assertValid(etree.parse(GOLDEN / f"{state}.atom"))
