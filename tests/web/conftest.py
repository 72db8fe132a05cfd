"""Portals whose service looks at the store seldom."""

import pytest

from tests.portal import Portal, page


@pytest.fixture
def patient(portal: Portal) -> Portal:
    """Return a portal of two categories whose service looks at the store once a minute."""
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    portal.environ["FEEDS_REVISION_TTL"] = "60"
    return portal


@pytest.fixture
def brisk(portal: Portal) -> Portal:
    """Return a portal of two categories whose service looks at the store once a second."""
    portal.imported(page("A", "Kultūra"), page("B", "Sports"))
    portal.environ["FEEDS_REVISION_TTL"] = "1"
    return portal
