"""A new version does not load, and nobody notices; or the endpoint stops serving while it is tried.

A version that does not load makes the update of the endpoint fail. The endpoint goes on serving the version before,
which is good for callers, and hides the failure from a pipeline that only looks whether the endpoint answers. What
tells is `config_update`, which says UPDATE_FAILED while `ready` stays READY.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.making import register
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/manage-serving-endpoints"
FIX = "Keep the version before in the endpoint's configuration until the update has ended with NOT_UPDATING."
RULE = "failed-update-keeps-serving/interrupted"
LOADER = "loader_module:"


@scenario(
    title="While an update fails, and afterwards, the version before answers",
    rules={RULE: "Callers get errors while the update fails, or afterwards."},
    source=SOURCE,
)
def failed_update_keeps_serving(deployment: Deployment) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    broken = {**endpoint.own(), "name": "broken", "entity_version": _broken_version(endpoint, deployment)}
    started = endpoint.update([broken])
    if not started.ok:
        raise NotApplicable(f"the endpoint cannot be updated now: {started.message}")
    during = endpoint.ask()
    state = endpoint.settled()["state"]
    if state["config_update"] != "UPDATE_FAILED":
        raise NotApplicable("a version that does not load cannot be made of this model")
    after = endpoint.ask()
    deployment.show(during.evidence("A request while the update was under way", "200, from the version before"))
    deployment.show(after.evidence("A request after the update has failed", "200, from the version before"))
    for when, answer in (("while an update fails", during), ("after an update has failed", after)):
        if not answer.ok:
            message = f"{deployment.endpoint} answers {answer.status} {when}: {answer.message}"
            told = (answer.evidence(f"A request {when}", "200, from the version before"),)
            deployment.found(Finding(RULE, message, fix=FIX, source=SOURCE, evidence=told))
            return


def _broken_version(endpoint: ServedEndpoint, deployment: Deployment) -> str:
    """The model once more, with a loader that is not there: what a laptop had and the requirements have not."""
    with TemporaryDirectory(prefix="fakebricks-contract-") as directory:
        root = Path(directory) / "model"
        shutil.copytree(deployment.directory, root)
        lines = (root / "MLmodel").read_text().splitlines(keepends=True)
        told = [f"{one.partition(LOADER)[0]}{LOADER} only_on_the_laptop\n" if LOADER in one else one for one in lines]
        (root / "MLmodel").write_text("".join(told))
        return register(endpoint.client, deployment.model, root)
