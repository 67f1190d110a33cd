"""``report.html``: one self-contained file, readable offline, printed, and without scripts."""
