"""Providers of external models: what a test says instead of OpenAI, Anthropic and the others.

Real: nothing leaves the machine. A query is answered by the callable that the test gave for its endpoint, else for its
served entity, its model or its provider, in this order; where there is none, it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakebricks.wire.errors import NotImplementedByFakebricks

Provider = Callable[[dict[str, Any]], Any]
"""Takes a request in OpenAI's shape, and returns an answer; see `Providers.add`."""


class ModelProviderError(Exception):
    """What a provider raises to answer with an error, as the real one would.

    Attributes:
        status: of its HTTP answer, 400 or more.
        body: of its answer.
    """

    def __init__(self, status: int, message: str = "", *, body: dict[str, Any] | None = None) -> None:
        super().__init__(message or f"the provider answered {status}")
        self.status = status
        self.body = body if body is not None else {"message": str(self)}


class Providers:
    """The providers of one workspace. They are code and not data: a snapshot does not have them."""

    def __init__(self) -> None:
        self._by_name: dict[str, Provider] = {}

    def add(self, name: str, provider: Any) -> None:
        """Let queries be answered by a callable, in place of the one of that name.

        Args:
            name: of an endpoint, a served entity, a model (`gpt-4o`), or a provider (`openai`). If it is that of an
                endpoint of the platform's own, `databricks-...`, then there is one.
            provider: takes the request, and returns text (or several texts) for a chat or a completion, a vector or
                several for embeddings, or a dict in the shape of OpenAI's answers, which is completed; or an iterator
                of texts or of OpenAI's chunks.

        Raises:
            TypeError: it cannot be called.
        """
        if not callable(provider):
            message = f"the provider of {name!r} must be callable with a request, not {provider!r}"
            raise TypeError(message)
        self._by_name[name] = provider

    def has(self, name: str) -> bool:
        """Whether there is one of that name."""
        return name in self._by_name

    def names(self) -> list[str]:
        """The names of all."""
        return list(self._by_name)

    def find(self, *names: str) -> Provider:
        """The provider of the first name that has one.

        Raises:
            NotImplementedByFakebricks: none of them has.
        """
        found = next((self._by_name[name] for name in names if name in self._by_name), None)
        if found is None:
            asked = ", ".join(repr(name) for name in dict.fromkeys(names))
            raise NotImplementedByFakebricks(
                "fakebricks calls no provider of external models, for nothing leaves the machine. Give one to the "
                f"workspace: workspace.model_provider(name, callable), where the name is one of {asked}."
            )
        return found
