"""Databricks Asset Bundles: read with file and line, and deployed into a workspace through its API.

    bundle = load_bundle("databricks.yml", target="prod")
    findings = deploy(bundle, workspace, model=Path("model"))

Real: what the Databricks CLI makes of the files, and what the workspace answers to it. Simulated: ids that variables
look up.
Not deployed, with a warning: types of resources that fakebricks does not have.
"""

from fakebricks.contracts.bundles.bundle import Bundle, Resource, load_bundle
from fakebricks.contracts.bundles.deploying import deploy
from fakebricks.contracts.bundles.errors import BundleError

__all__ = ["Bundle", "BundleError", "Resource", "deploy", "load_bundle"]
