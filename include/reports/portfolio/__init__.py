"""The portfolio of a period, all frameworks together, as PDF, one HTML file and JSON."""
