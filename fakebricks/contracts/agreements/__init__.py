"""What consumers of a model rely on, in a file that they keep, and what of it a new version breaks."""

from fakebricks.contracts.agreements.agreement import Agreement, AgreementError
from fakebricks.contracts.agreements.signatures import breaking_changes
from fakebricks.contracts.agreements.verifying import verified

__all__ = ["Agreement", "AgreementError", "breaking_changes", "verified"]
