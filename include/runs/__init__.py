"""One assessment run: its plan, where its results lie, and who is told."""
