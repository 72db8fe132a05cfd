"""Alembic's entry point: runs the migrations on the connection of ``feeds.store.schema.version``.

The connection has already begun a transaction, so the whole upgrade is one, on SQLite too.
"""

from alembic import context

from feeds.store.schema.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    transaction_per_migration=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
