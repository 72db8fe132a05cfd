"""Create the release store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("instant", sa.BigInteger(), nullable=False),
        sa.Column("page_size", sa.BigInteger(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("settings_digest", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("settings_revision", sa.BigInteger(), nullable=False),
        sa.Column("settings_changed", sa.BigInteger(), nullable=False),
        sa.Column("settings_token", sa.BigInteger(), nullable=False),
        sa.Column("list_token", sa.BigInteger(), nullable=False),
        sa.Column("list_changed", sa.BigInteger(), nullable=False),
        sa.Column("withdrawal", sa.BigInteger(), nullable=False),
        sa.Column("merge", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
    )
    op.create_table(
        "change_token",
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_change_token")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("announced", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("lifted", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("retracted", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("announced", name=op.f("uq_notice_announced")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_notice_entry_id")),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("permanent_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("states_id", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("richness", sa.Integer(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("authors", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("original", sa.Text(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_release_entry_id")),
        sa.UniqueConstraint("path", name=op.f("uq_release_path")),
        sa.UniqueConstraint("permanent_id", name=op.f("uq_release_permanent_id")),
    )
    op.create_index(
        "ix_release_withdrawn",
        "release",
        ["withdrawn"],
        sqlite_where=sa.text("withdrawn IS NOT NULL"),
        postgresql_where=sa.text("withdrawn IS NOT NULL"),
    )

    op.create_table(
        "selection",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("tail", sa.BigInteger(), nullable=False),
        sa.Column("tail_changed", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("previous_changed", sa.BigInteger(), nullable=True),
        sa.Column("previous_token", sa.BigInteger(), nullable=True),
        sa.Column("withdrawal", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selection")),
        sa.UniqueConstraint("feed_id", name=op.f("uq_selection_feed_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_selection_slug")),
    )
    op.create_index("ix_selection_count", "selection", ["count"])
    op.create_index("ix_selection_revision", "selection", ["revision"])
    op.create_index("ix_selection_tail", "selection", ["tail"])

    op.create_table(
        "redirect",
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("selection", sa.Integer(), nullable=True),
        sa.Column("release", sa.Integer(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name=op.f("fk_redirect_release")),
        sa.ForeignKeyConstraint(
            ["selection"], ["selection.id"], name=op.f("fk_redirect_selection")
        ),
        sa.PrimaryKeyConstraint("location", name=op.f("pk_redirect")),
    )
    op.create_index("ix_redirect_release", "redirect", ["release"])
    op.create_index("ix_redirect_selection", "redirect", ["selection"])

    op.create_table(
        "label",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("selection", sa.Integer(), nullable=False),
        sa.Column("archive_pages", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["selection"], ["selection.id"], name=op.f("fk_label_selection")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_label")),
    )
    op.create_index("ix_label_selection", "label", ["selection"])

    op.create_table(
        "listing",
        sa.Column("selection", sa.Integer(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name=op.f("fk_listing_release")),
        sa.ForeignKeyConstraint(["selection"], ["selection.id"], name=op.f("fk_listing_selection")),
        sa.PrimaryKeyConstraint(
            "selection", "published", "rank", "release", name=op.f("pk_listing")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_listing_release", "listing", ["release"])

    op.create_table(
        "source_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name=op.f("fk_source_key_release")),
        sa.PrimaryKeyConstraint("key", "release", name=op.f("pk_source_key")),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "permalink",
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name=op.f("fk_permalink_release")),
        sa.PrimaryKeyConstraint("location", "release", name=op.f("pk_permalink")),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "membership",
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("selection", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name=op.f("fk_membership_release")),
        sa.ForeignKeyConstraint(
            ["selection"], ["selection.id"], name=op.f("fk_membership_selection")
        ),
        sa.PrimaryKeyConstraint("release", "selection", name=op.f("pk_membership")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_membership_selection", "membership", ["selection"])

    op.create_table(
        "media_host",
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["release.id"], name=op.f("fk_media_host_release")),
        sa.PrimaryKeyConstraint("release", "host", name=op.f("pk_media_host")),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "archive_page",
        sa.Column("selection", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_published", sa.BigInteger(), nullable=False),
        sa.Column("last_rank", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("previous_changed", sa.BigInteger(), nullable=True),
        sa.Column("previous_token", sa.BigInteger(), nullable=True),
        sa.Column("withdrawal", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection"], ["selection.id"], name=op.f("fk_archive_page_selection")
        ),
        sa.PrimaryKeyConstraint("selection", "number", name=op.f("pk_archive_page")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_archive_page_revision", "archive_page", ["revision"])
    op.create_index(
        "ix_archive_page_selection",
        "archive_page",
        ["selection", "last_published", "last_rank"],
        unique=True,
    )
    op.create_index("ix_archive_page_size", "archive_page", ["size"])

    op.create_table(
        "month_count",
        sa.Column("selection", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection"], ["selection.id"], name=op.f("fk_month_count_selection")
        ),
        sa.PrimaryKeyConstraint("selection", "year", "month", name=op.f("pk_month_count")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop every table."""
    op.drop_table("month_count")
    op.drop_table("archive_page")
    op.drop_table("media_host")
    op.drop_table("membership")
    op.drop_table("permalink")
    op.drop_table("source_key")
    op.drop_table("listing")
    op.drop_table("label")
    op.drop_table("redirect")
    op.drop_table("selection")
    op.drop_table("release")
    op.drop_table("notice")
    op.drop_table("import_run")
    op.drop_table("change_token")
    op.drop_table("head")
