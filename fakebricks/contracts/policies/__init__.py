"""Policies: rules over the calls that a test or a deployment made, and over the state that it left.

Real: what was called, and what there is. Inferred: which names mean an environment, and which runs are throwaway ones;
see `names`. Not seen: the files of models that travel by S3 (`storage="s3"`), and bodies beyond 64 KiB.
"""

from fakebricks.contracts.policies.choosing import POLICIES, BrokenPolicyError, Policies
from fakebricks.contracts.policies.policy import Broken, Policy
from fakebricks.contracts.policies.seen import PoliciesBlindError, Seen

__all__ = ["POLICIES", "Broken", "BrokenPolicyError", "Policies", "PoliciesBlindError", "Policy", "Seen"]
