"""Alembic's entry: run the migrations on the connection that ``feeds.store.schema`` hands over.

The whole upgrade is one transaction, SQLite's too: the connection has begun one already.
"""

from alembic import context

from feeds.store.schema.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
