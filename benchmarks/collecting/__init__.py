"""What collecting evidence costs, measured side by side in one run; see benchmarks/collect.py."""
