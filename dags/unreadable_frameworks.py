"""Makes no DAG: shows in Airflow which frameworks could not become one, and why.

Airflow switches off every DAG of a file that has an import error. So the frameworks that can't be
read are told here, and assessments.py keeps the DAGs of all others.
"""

from __future__ import annotations

from include.errors import InputError
from include.frameworks.assessed import assessed_frameworks
from include.settings import load_settings

_, _problems = assessed_frameworks(load_settings())
if _problems:
    raise InputError("\n".join(["not every framework has a DAG:", *map(str, _problems)]))
