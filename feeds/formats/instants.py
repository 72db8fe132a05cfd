"""Instants as Atom and JSON Feed write them."""

from datetime import UTC, datetime


def rfc3339(instant: datetime) -> str:
    """Return an instant in UTC as text (RFC 3339).

    elfeed and libmrss ignore an offset: an instant of the portal's zone would be in their future.
    """
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
