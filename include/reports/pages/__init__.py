"""Small self-contained HTML pages: no script, no network, one style sheet; drawn from templates."""
