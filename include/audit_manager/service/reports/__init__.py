"""Assessment reports: asked for, built in the background, signed, validated."""
