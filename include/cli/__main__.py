"""``python -m include.cli``: what the launcher runs."""

from include.cli.main import run

if __name__ == "__main__":
    run()
