"""The ``./audit`` command."""
