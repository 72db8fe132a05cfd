"""What arguments of the command line can be, beyond what click knows."""

from datetime import UTC, datetime

import click

from feeds.errors import RefusedError


class InstantParamType(click.ParamType[datetime]):
    """An instant with its zone, such as ``2022-03-01T12:00:00+02:00``."""

    name = "INSTANT"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read RFC 3339 text."""
        del param, ctx
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise RefusedError(
            f"--since {value} is no instant with its zone: write it like 2022-03-01T12:00:00+02:00."
        )
