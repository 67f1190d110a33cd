"""Alembic migrations of the embedded Audit Manager's database, run when it is opened."""
