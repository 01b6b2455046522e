"""MLflow's own verdict on a request: its scoring server's code, with a model that answers whatever it is given."""

from __future__ import annotations

import json
import logging
from typing import Any

from mlflow.models import Model, ModelSignature
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import invocations


class _Silent:
    """A model that looks at nothing."""

    def predict(self, data: Any, params: Any = None) -> list[int]:
        return [1]


def refusal(signature: ModelSignature, payload: Any) -> str | None:
    """Why MLflow refuses the request; None where it accepts it."""
    flavors = {"python_function": {"loader_module": "none", "env": "none"}}
    model = PyFuncModel(model_meta=Model(signature=signature, flavors=flavors), model_impl=_Silent())
    body = json.dumps(payload, allow_nan=False).encode()
    logging.disable(logging.WARNING)  # it warns of columns and params that it drops
    try:
        answer = invocations(body, "application/json", model, model.metadata.get_input_schema())
    except Exception as error:  # noqa: BLE001 - what is none of MLflow's own becomes a 500 in its server: refused too
        return f"{type(error).__name__}: {error}"
    finally:
        logging.disable(logging.NOTSET)
    return None if answer.status == 200 else answer.response
