"""What neither the call log nor an error may tell: tokens, client secrets, signatures of URLs, keys of providers.

Real: whatever looks like one that the fake makes is struck out, wherever it stands, so that a client that puts a token
in a path, a query or a wrong field finds it neither in the log nor in an answer's text. A token of another form, which
a test chose itself, is known only where it belongs: in the header, which is never logged. The keys of other providers
have every form; in a body, they are known by the fields that are for them, unless they refer to a secret.
"""

from __future__ import annotations

import re

STRUCK_OUT = "[REDACTED]"

_CREDENTIAL = re.compile(
    r"(?:dapi|dose)[0-9a-f]{32}"  # personal access tokens; client secrets
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+"  # OAuth access tokens
    r"|(?P<name>[Ss]ignature(?:=|%3D|\"\s*:\s*\")(?=[0-9a-f]{64})"  # signed URLs, of the workspace and of S3
    r"|X-Amz-Security-Token(?:=|%3D))[\w%+/=-]+"
)
_STRING = rb'"(?:[^"\\]|\\.)*+"?'  # its end may have been cut off
_KEY = re.compile(
    rb'(?P<name>"(?:\w*_plaintext|\w*_api_key|\w*_api_token|\w*client_secret|private_key|aws_(?:secret_)?access_key\w*)"'
    rb'\s*:\s*)(?!"\{\{secrets/)' + _STRING + rb'|(?P<auth>"(?:api_key_auth|bearer_token_auth)"\s*:\s*)'
    rb"\{(?:[^{}\"]|" + _STRING + rb")*+\}?"
)
_HINTS_OF_KEYS = (b"_plaintext", b"_api_", b"client_secret", b"private_key", b"aws_", b"_auth")
_IN_BYTES = re.compile(_CREDENTIAL.pattern.encode())
_HINTS = ("dapi", "dose", "eyJ", "ignature", "Security-Token")
_HINTS_IN_BYTES = tuple(hint.encode() for hint in _HINTS)
_OF_SIGNED_URLS = frozenset({"signature", "x-amz-credential", "x-amz-security-token", "x-amz-signature"})


def struck_out(text: str) -> str:
    """A text without the credentials in it.

    >>> struck_out("Token dapi0123456789abcdef0123456789abcdef does not exist.")
    'Token [REDACTED] does not exist.'
    """
    if not any(hint in text for hint in _HINTS):  # looking for them costs a tenth of what the expression does
        return text
    return _CREDENTIAL.sub(lambda found: (found["name"] or "") + STRUCK_OUT, text)


def struck_out_body(body: bytes) -> bytes:
    """A body without the credentials in it.

    >>> struck_out_body(b'{"openai_api_key_plaintext": "sk-1", "openai_api_key": "{{secrets/llm/openai}}"}')
    b'{"openai_api_key_plaintext": "[REDACTED]", "openai_api_key": "{{secrets/llm/openai}}"}'
    """
    if any(hint in body for hint in _HINTS_OF_KEYS):
        body = _KEY.sub(lambda found: (found["name"] or found["auth"]) + b'"%s"' % STRUCK_OUT.encode(), body)
    if not any(hint in body for hint in _HINTS_IN_BYTES):
        return body
    return _IN_BYTES.sub(lambda found: (found["name"] or b"") + STRUCK_OUT.encode(), body)


def struck_out_query(query: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """A query without the credentials in it."""
    return tuple((struck_out(name), _value(name, value)) for name, value in query)


def _value(name: str, value: str) -> str:
    return STRUCK_OUT if name.lower() in _OF_SIGNED_URLS else struck_out(value)
