"""Withdrawn releases: an index of these alone, by which they are listed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WITHDRAWN = sa.text("withdrawn IS NOT NULL")


def upgrade() -> None:
    """Make the change."""
    op.create_index(
        op.f("ix_release_withdrawn"),
        "release",
        ["withdrawn"],
        sqlite_where=_WITHDRAWN,
        postgresql_where=_WITHDRAWN,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index(op.f("ix_release_withdrawn"), "release")
