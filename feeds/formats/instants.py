"""Instants as Atom and JSON Feed write them."""

from datetime import UTC, datetime


def rfc3339(instant: datetime) -> str:
    """Return an instant in UTC as text (RFC 3339).

    elfeed and libmrss ignore an offset: an instant of the portal's zone would be in their future.
    """
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
