"""The WSGI way in, watched by the standard library's validator."""

from __future__ import annotations

import io
import json
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from fakebricks.wire.wsgi import wsgi_application


def ask(workspace, method: str, path: str, body: bytes = b"") -> tuple[str, dict[str, str], bytes]:
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_AUTHORIZATION": f"Bearer {workspace.token}",
        "HTTP_HOST": "ci.acme.test:8443",
        "wsgi.url_scheme": "https",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    started = []
    answer = validator(wsgi_application(workspace))(environ, lambda *said: started.append(said))
    content = b"".join(answer)
    answer.close()
    status, headers = started[0][:2]
    return status, dict(headers), content


def test_a_call_goes_through(workspace):
    status, _, body = ask(workspace, "GET", "/api/2.0/preview/scim/v2/Me")
    assert (status, json.loads(body)["userName"]) == ("200 OK", workspace.user_name)


def test_a_body_arrives_and_an_error_has_the_platforms_shape(workspace):
    status, _, body = ask(workspace, "POST", "/_fakebricks/clock/advance", b'{"minutes": "soon"}')
    assert status == "400 Bad Request"
    assert json.loads(body)["error_code"] == "INVALID_PARAMETER_VALUE"


def test_answers_name_the_host_that_the_client_reached(workspace):
    body = ask(workspace, "GET", "/.well-known/databricks-config")[2]
    assert json.loads(body)["oidc_endpoint"] == "https://ci.acme.test:8443/oidc"


def test_head_has_no_body(workspace):
    status, headers, body = ask(workspace, "HEAD", "/api/2.0/preview/scim/v2/Me")
    assert (status, body) == ("200 OK", b"")
    assert int(headers["content-length"]) > 0
