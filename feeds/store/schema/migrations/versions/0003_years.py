"""Years: how many releases of each a selection shows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. Which year an instant lies in is known to the settings alone.

    Without their digest they count as changed, and what depends on them is made anew.
    """
    op.create_table(
        "year",
        sa.Column("selection", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection"], ["selection.id"], name=op.f("fk_year_selection_selection")
        ),
        sa.PrimaryKeyConstraint("selection", "year", name=op.f("pk_year")),
        sqlite_with_rowid=False,
    )
    op.execute("UPDATE head SET settings_digest = ''")


def downgrade() -> None:
    """Undo it."""
    op.drop_table("year")
