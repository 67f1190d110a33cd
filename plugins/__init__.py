"""What extends Airflow: timetable, hooks, operators, retry policy. Imports include/, never dags/."""
