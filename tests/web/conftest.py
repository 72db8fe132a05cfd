"""Portals whose service checks the store rarely or often."""

import pytest

from tests.portal import Portal, page


@pytest.fixture
def rarely_checked(portal: Portal) -> Portal:
    """Return a portal of two categories whose service checks the store once a minute."""
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    portal.environ["FEEDS_REVISION_TTL"] = "60"
    return portal


@pytest.fixture
def often_checked(portal: Portal) -> Portal:
    """Return a portal of two categories whose service checks the store once a second."""
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    portal.environ["FEEDS_REVISION_TTL"] = "1"
    return portal
