"""Archive pages: what they hold, what follows the last of them, and which changed when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. No store has fences yet: all that it lists follows the last one."""
    op.add_column(
        "selection", sa.Column("tail", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.execute("UPDATE selection SET tail = count")
    op.create_index(op.f("ix_selection_tail"), "selection", ["tail"])
    op.create_index(op.f("ix_selection_revision"), "selection", ["revision"])
    op.add_column("page", sa.Column("size", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(op.f("ix_page_size"), "page", ["size"])
    op.create_index(op.f("ix_page_revision"), "page", ["revision"])
    op.create_index(
        op.f("ix_page_selection"), "page", ["selection", "last_published", "last_rank"], unique=True
    )


def downgrade() -> None:
    """Undo it: fences are cut anew by the next upgrade's first change."""
    op.drop_index(op.f("ix_page_selection"), "page")
    op.drop_index(op.f("ix_page_revision"), "page")
    op.drop_index(op.f("ix_page_size"), "page")
    op.execute("DELETE FROM page")
    op.drop_column("page", "size")
    op.drop_index(op.f("ix_selection_revision"), "selection")
    op.drop_index(op.f("ix_selection_tail"), "selection")
    op.drop_column("selection", "tail")
