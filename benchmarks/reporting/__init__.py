"""What the benchmark of reports consists of."""
