"""What the product knows: plain Python, free of Airflow; each part testable by itself."""
