"""What extends Airflow: timetable, hooks, operators, retry policy."""
