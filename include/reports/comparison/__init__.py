"""A comparison of two results as text for a terminal, as one HTML file and as JSON."""
