"""Small programs that run inside Airflow's Python, started by ``./audit``."""
