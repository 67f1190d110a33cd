"""Starts, watches and stops the whole product on one machine, on 127.0.0.1 only."""
