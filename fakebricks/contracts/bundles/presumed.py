"""What a bundle presumes to be there, made before it is deployed: catalogs, schemas, folders, secrets, people, groups.

A bundle does not say of these what they are, and in a fresh workspace they are not. Each gets a note, so that a name
that was mistyped is seen. Tables are not made: nobody knows their columns. What is in a secret is made up.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from fakebricks.contracts.bundles.bundle import Bundle, Resource
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.calling import Client, RefusedError, part
from fakebricks.contracts.findings import Finding, Severity

_UC = "/api/2.1/unity-catalog"
_THERE = ("system", "samples", "hive_metastore")
_CAPTURES = (("ai_gateway", "inference_table_config"), ("config", "auto_capture_config"))
_FULL_NAMES = {"table_name": 3, "baseline_table_name": 3, "output_schema_name": 2}
_SCIM = "/api/2.0/preview/scim/v2"
_SECRETS = "/api/2.0/secrets"
_SECRET = re.compile(r"\{\{\s*secrets/([\w.@-]+)/([\w.@-]+)\s*\}\}")
_MADE_UP = "made-up-for-this-check"
_GROUPS = ("users", "admins", "account users")


def presume(client: Client, bundle: Bundle) -> tuple[Finding, ...]:
    """Make what the bundle presumes and the workspace does not have.

    What the workspace refuses to have is left for the resources that need it to fail on.
    """
    own = {one.text("catalog_name") + "." + one.text("name") for one in bundle.of_kind("schemas")}
    findings: list[Finding] = []
    for catalog, schema, node in _schemas(bundle):
        findings += _catalog(client, catalog, node)
        if schema and f"{catalog}.{schema}" not in own:
            findings += _schema(client, catalog, schema, node)
    for folder, node in _folders(bundle):
        findings += _folder(client, folder, node)
    for scope, key, node in _secrets(bundle):
        findings += _secret(client, scope, key, node)
    for kind, name, node in _principals(bundle):
        findings += _principal(client, kind, name, node)
    return tuple(findings)


def _schemas(bundle: Bundle) -> Iterator[tuple[str, str, Node]]:
    """Catalogs, with schemas in them, and who names them."""
    for resource in bundle.resources:
        node = resource.node
        for within in (node, *(found for path in _CAPTURES if (found := node.at(*path)))):
            yield from _named(within, resource)
        for field, parts in _FULL_NAMES.items():
            yield from _of_full_name(node.at(field), parts)
        for entities, field in (("served_entities", "entity_name"), ("served_models", "model_name")):
            served = node.at("config", entities)
            for one in served.elements if served else ():
                yield from _of_full_name(one.at(field), 3)


def _named(within: Node, resource: Resource) -> Iterator[tuple[str, str, Node]]:
    catalog, schema = within.at("catalog_name"), within.at("schema_name")
    if catalog is not None and catalog.text:
        yield catalog.text, schema.text if schema and resource.kind != "schemas" else "", schema or catalog


def _of_full_name(node: Node | None, parts: int) -> Iterator[tuple[str, str, Node]]:
    names = node.text.split(".") if node else []
    if node is not None and len(names) == parts and all(names):
        yield names[0], names[1], node


def _catalog(client: Client, name: str, node: Node) -> list[Finding]:
    if name in _THERE or "${" in name:
        return []
    body = {"name": name}
    return _made(client, f"{_UC}/catalogs/{part(name)}", f"{_UC}/catalogs", body, _note(f"the catalog '{name}'", node))


def _schema(client: Client, catalog: str, name: str, node: Node) -> list[Finding]:
    if catalog in _THERE or "${" in name:
        return []
    full_name = f"{catalog}.{name}"
    body = {"catalog_name": catalog, "name": name}
    return _made(
        client, f"{_UC}/schemas/{part(full_name)}", f"{_UC}/schemas", body, _note(f"the schema '{full_name}'", node)
    )


def _folders(bundle: Bundle) -> Iterator[tuple[str, Node]]:
    """The folders of experiments; one that is named by no path from the root is left to fail."""
    for resource in bundle.of_kind("experiments"):
        name = resource.node.at("name")
        folder = posixpath.dirname(name.text.removeprefix("/Workspace")) if name else ""
        if name is not None and folder.startswith("/") and folder != "/":
            yield folder, name


def _folder(client: Client, folder: str, node: Node) -> list[Finding]:
    path = f"/api/2.0/workspace/get-status?path={part(folder)}"
    return _made(client, path, "/api/2.0/workspace/mkdirs", {"path": folder}, _note(f"the folder '{folder}'", node))


def _secrets(bundle: Bundle) -> Iterator[tuple[str, str, Node]]:
    """Secrets that endpoints refer to, as in `{{secrets/scope/key}}`."""
    for resource in bundle.of_kind("model_serving_endpoints"):
        for _, node in resource.node.scalars():
            for scope, key in _SECRET.findall(node.text):
                yield scope, key, node


def _secret(client: Client, scope: str, key: str, node: Node) -> list[Finding]:
    there = f"{_SECRETS}/get?scope={part(scope)}&key={part(key)}"
    client.call("POST", f"{_SECRETS}/scopes/create", {"scope": scope})  # it may be there, with other secrets
    body = {"scope": scope, "key": key, "string_value": _MADE_UP}
    return _made(client, there, f"{_SECRETS}/put", body, _note(f"the secret '{scope}/{key}'", node))


def _principals(bundle: Bundle) -> Iterator[tuple[str, str, Node]]:
    for resource in bundle.resources:
        permissions, grants = resource.node.at("permissions"), resource.node.at("grants")
        for one in permissions.elements if permissions else ():
            for field in ("user_name", "group_name", "service_principal_name"):
                named = one.at(field)
                if named is not None and named.text:
                    yield field, named.text, named
        for one in grants.elements if grants else ():
            named = one.at("principal")
            if named is not None and named.text:
                yield "user_name" if "@" in named.text else "principal", named.text, named


def _principal(client: Client, kind: str, name: str, node: Node) -> list[Finding]:
    if name in _GROUPS or "${" in name:
        return []
    if kind == "service_principal_name" or (kind == "principal" and _is_uuid(name)):
        found, path, body = "ServicePrincipals", "applicationId", {"applicationId": name, "displayName": name}
    elif kind == "user_name":
        found, path, body = "Users", "userName", {"userName": name}
    else:
        found, path, body = "Groups", "displayName", {"displayName": name}
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    query = part(f'{path} eq "{quoted}"')
    try:
        if client.told("GET", f"{_SCIM}/{found}?filter={query}").get("Resources"):
            return []
        client.told("POST", f"{_SCIM}/{found}", body)
    except RefusedError:
        return []
    called = {"Users": "user", "Groups": "group", "ServicePrincipals": "service principal"}[found]
    return [_note(f"the {called} '{name}'", node)]


def _is_uuid(name: str) -> bool:
    return len(name) == 36 and name.count("-") == 4  # noqa: PLR2004 - the form of a UUID


def _made(client: Client, there: str, path: str, body: dict[str, str], note: Finding) -> list[Finding]:
    try:
        if client.has(there):
            return []
        client.told("POST", path, body)
    except RefusedError:
        return []
    return [note]


def _note(called: str, node: Node) -> Finding:
    return Finding(
        rule="bundle/presumed",
        message=f"The bundle presumes {called}, which was made for this check.",
        severity=Severity.NOTE,
        place=node.place,
    )
