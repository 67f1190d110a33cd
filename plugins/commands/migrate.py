"""Makes or upgrades Airflow's metadata database; quicker than ``airflow db migrate``.

Run as ``python -m plugins.commands.migrate`` in the stack's environment.
"""

from __future__ import annotations


def main() -> None:
    """Create all tables in an empty database, else run the missing migrations."""
    from airflow.utils.db import initdb

    initdb()


if __name__ == "__main__":
    main()
