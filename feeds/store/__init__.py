"""The release store: tables, transactions, reads, writes, the change clock, the migrations.

Outside of this package only the domain's dataclasses are seen, never a row or a statement.
"""
