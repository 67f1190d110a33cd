"""The EC2 reads that compliance needs, from the estate; everything else is moto's."""

from __future__ import annotations

from include.local_aws.services.ec2.describe import handlers

__all__ = ["handlers"]
