"""Audit Manager: importing evidence within its quotas; ``service/`` is the embedded one."""
