"""Agents for tests of Model Serving: one of each kind that MLflow has, and what is not one."""

from __future__ import annotations

import atexit
import shutil
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from conftest import Rest
from serving_fixtures import register_files_in

CHAT_MODEL = """
import mlflow
from mlflow.types.llm import (
    ChatChoice, ChatChoiceDelta, ChatChunkChoice, ChatCompletionChunk, ChatCompletionResponse, ChatMessage
)

class Shouting(mlflow.pyfunc.ChatModel):
    def predict(self, context, messages, params):
        answer = ChatMessage(role="assistant", content=messages[-1].content.upper())
        return ChatCompletionResponse(choices=[ChatChoice(index=0, message=answer)], model="shouting")

    def predict_stream(self, context, messages, params):
        for word in messages[-1].content.split(" "):
            if word == "fail":
                raise ValueError("no such word")
            delta = ChatChoiceDelta(role="assistant", content=word.upper())
            yield ChatCompletionChunk(choices=[ChatChunkChoice(index=0, delta=delta)], model="shouting")

mlflow.models.set_model(Shouting())
"""

CHAT_AGENT = """
import mlflow

class Shouting(mlflow.pyfunc.ChatAgent):
    def predict(self, messages, context=None, custom_inputs=None):
        return {"messages": [{"role": "assistant", "content": messages[-1].content.upper(), "id": "1"}]}

    def predict_stream(self, messages, context=None, custom_inputs=None):
        for word in messages[-1].content.split(" "):
            yield {"delta": {"role": "assistant", "content": word.upper(), "id": "1"}}

mlflow.models.set_model(Shouting())
"""

RESPONSES_AGENT = """
import mlflow

def item(text):
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "m1", "status": "completed", "role": "assistant", "content": content}

def said(request):
    last = request.input[-1]
    return last["content"] if isinstance(last, dict) else last.content

class Shouting(mlflow.pyfunc.ResponsesAgent):
    def predict(self, request):
        return {"output": [item(said(request).upper())]}

    def predict_stream(self, request):
        text = said(request).upper()
        for word in text.split(" "):
            yield {"type": "response.output_text.delta", "item_id": "m1", "delta": word, "content_index": 0,
                   "output_index": 0}
        yield {"type": "response.output_item.done", "item": item(text), "output_index": 0}

mlflow.models.set_model(Shouting())
"""

LENGTHS = """
import mlflow

class Lengths(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if "prompt" in model_input:
            text = model_input["prompt"][0][::-1]
            return {"object": "text_completion", "choices": [{"index": 0, "text": text, "finish_reason": "stop"}]}
        texts = model_input["input"][0]
        data = [{"object": "embedding", "index": i, "embedding": [float(len(one))]} for i, one in enumerate(texts)]
        return {"object": "list", "data": data, "model": "lengths"}

mlflow.models.set_model(Lengths())
"""

PLAIN = """
import mlflow

class Plain(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        {body}

mlflow.models.set_model(Plain())
"""

KINDS = {"chat": CHAT_MODEL, "agent": CHAT_AGENT, "responses": RESPONSES_AGENT, "lengths": LENGTHS}
TASKS = {"chat": "agent/v1/chat", "agent": "agent/v2/chat", "responses": "agent/v1/responses"}


@cache
def saved_code(code: str) -> Path:
    """The files of a model that is that code."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import Array, DataType

    texts, text = Array(DataType.string), DataType.string
    inputs = [ColSpec(texts, "input", required=False), ColSpec(text, "prompt", required=False)]
    signature = ModelSignature(Schema([*inputs, ColSpec(text, "other", required=False)]), Schema([ColSpec(text)]))
    own = {} if "PythonModel" not in code else {"signature": signature}
    root = Path(mkdtemp(prefix="fakebricks-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / "code.py").write_text(code)
    untraced = getattr(mlflow.tracing, "context", lambda **_: nullcontext())  # to save an agent is to try it
    with warnings.catch_warnings(), untraced(enabled=False):
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(root / "model", python_model=str(root / "code.py"), pip_requirements=[], **own)
    return root / "model"


def saved_model(body: str, signature: Any) -> Path:
    """The files of a model with that signature, whose `predict` has that body."""
    import mlflow

    root = Path(mkdtemp(prefix="fakebricks-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / "code.py").write_text(PLAIN.format(body=body))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            root / "model", python_model=str(root / "code.py"), pip_requirements=[], signature=signature
        )
    return root / "model"


def deploy_in(workspace: Any, name: str, code: str = "", **more: Any) -> str:
    """Deploy a model on an endpoint: one of `KINDS`, or that code; the endpoint's name."""
    model = f"main.default.{name}"
    version = register_files_in(workspace, saved_code(code or KINDS[name]), name=model)
    config = {"served_entities": [{"entity_name": model, "entity_version": version}]}
    Rest(workspace).post("/api/2.0/serving-endpoints", name=name, config=config, **more)
    workspace.clock.advance(minutes=10)
    return name


@pytest.fixture
def serve(workspace) -> Callable[..., str]:
    """`deploy_in` the test's workspace."""
    return partial(deploy_in, workspace)
