"""Statements are executed under the caller's grants, and change them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakebricks import Workspace, fake_workspace
from fakebricks.services.sql import SqlError
from fakebricks.services.unity_catalog.tables import Tables

BOB = "bob@acme.test"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with fake_workspace() as entered:
        yield entered


@pytest.fixture
def cards(workspace: Workspace) -> Workspace:
    workspace.user(BOB)
    workspace.sql("CREATE TABLE cards AS SELECT 1 AS id")
    workspace.sql(f"GRANT USE CATALOG ON CATALOG main TO `{BOB}`")
    workspace.sql(f"GRANT USE SCHEMA ON SCHEMA main.default TO `{BOB}`")
    return workspace


def as_bob(workspace: Workspace, statement: str) -> list[dict[str, object]]:
    with workspace.acting_as(BOB):
        return workspace.sql(statement).to_pylist()


def refusal(workspace: Workspace, statement: str) -> str:
    with pytest.raises(SqlError) as caught:
        as_bob(workspace, statement)
    assert caught.value.sql_state == "42501"
    return str(caught.value)


def denied(privilege: str, on: str) -> str:
    return (
        f"[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have {privilege} on {on}. SQLSTATE: 42501"
    )


@pytest.mark.parametrize(
    ("privilege", "statement"),
    [
        ("SELECT", "SELECT * FROM cards"),
        ("SELECT", "SELECT (SELECT max(id) FROM main.default.cards)"),
        ("SELECT", "WITH c AS (SELECT * FROM cards) SELECT * FROM c"),
        ("SELECT", "CREATE TABLE other AS SELECT * FROM cards"),
        ("MODIFY", "INSERT INTO cards VALUES (2)"),
        ("MODIFY", "TRUNCATE TABLE cards"),
        ("SELECT", "UPDATE cards SET id = 2"),
        ("SELECT", "DELETE FROM cards"),
        ("SELECT", "MERGE INTO cards t USING (SELECT 1 AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE"),
        ("MANAGE", "DROP TABLE cards"),
        ("MANAGE", "ALTER TABLE cards SET TBLPROPERTIES ('a' = 'b')"),
        ("MANAGE", "COMMENT ON TABLE cards IS 'mine'"),
        ("MANAGE", "COMMENT ON COLUMN cards.id IS 'mine'"),
        ("MANAGE", f"GRANT SELECT ON TABLE cards TO `{BOB}`"),
        ("SELECT", "DESCRIBE TABLE cards"),
        ("SELECT", "DESCRIBE HISTORY cards"),
        ("SELECT", "SHOW CREATE TABLE cards"),
        ("SELECT", "OPTIMIZE cards"),
    ],
)
def test_a_table_takes_privileges(cards: Workspace, privilege: str, statement: str) -> None:
    cards.sql(f"GRANT CREATE TABLE ON SCHEMA main.default TO `{BOB}`")
    before = cards.sql("SELECT * FROM cards").to_pylist()
    assert refusal(cards, statement) == denied(privilege, "Table 'main.default.cards'")
    assert cards.sql("SELECT * FROM cards").to_pylist() == before


def test_containers_take_privileges_first(workspace: Workspace) -> None:
    workspace.user(BOB)
    workspace.sql("CREATE TABLE cards AS SELECT 1 AS id")
    assert refusal(workspace, "SELECT * FROM cards") == denied("USE CATALOG", "Catalog 'main'")
    workspace.sql(f"GRANT USE CATALOG ON CATALOG main TO `{BOB}`")
    assert refusal(workspace, "SELECT * FROM cards") == denied("USE SCHEMA", "Schema 'main.default'")
    workspace.sql(f"GRANT USE SCHEMA, SELECT ON SCHEMA main.default TO `{BOB}`")
    assert as_bob(workspace, "SELECT * FROM cards") == [{"id": 1}]


def test_making_things_takes_privileges(cards: Workspace) -> None:
    schema = "Schema 'main.default'"
    assert refusal(cards, "CREATE TABLE mine (id INT)") == denied("CREATE TABLE", schema)
    assert refusal(cards, "CREATE VOLUME mine") == denied("CREATE VOLUME", schema)
    assert refusal(cards, "CREATE SCHEMA main.mine") == denied("CREATE SCHEMA", "Catalog 'main'")
    assert refusal(cards, "CREATE CATALOG mine").startswith("[INSUFFICIENT_PERMISSIONS]")
    assert refusal(cards, "DROP SCHEMA main.default CASCADE") == denied("MANAGE", schema)
    cards.sql(f"GRANT CREATE TABLE ON SCHEMA main.default TO `{BOB}`")
    as_bob(cards, "CREATE TABLE mine AS SELECT 1 AS id")
    assert cards._services[Tables].require("main.default.mine").owner == BOB


def test_listings_show_what_one_may_see(cards: Workspace) -> None:
    cards.sql("CREATE CATALOG hidden")
    assert as_bob(cards, "SHOW CATALOGS") == [{"catalog": "main"}]
    assert as_bob(cards, "SHOW TABLES") == []
    cards.sql(f"GRANT SELECT ON cards TO `{BOB}`")
    assert as_bob(cards, "SHOW TABLES") == [{"database": "default", "tableName": "cards", "isTemporary": False}]


def test_grants_are_given_shown_and_taken_back(cards: Workspace) -> None:
    cards.group("risk team", members=[BOB])
    cards.sql("GRANT SELECT, MODIFY ON TABLE cards TO `risk team`")
    assert as_bob(cards, "UPDATE cards SET id = 5") == [{"num_affected_rows": 1}]
    shown = cards.sql("SHOW GRANTS `risk team` ON TABLE cards").to_pylist()
    assert shown == [
        {"Principal": "risk team", "ActionType": action, "ObjectType": "TABLE", "ObjectKey": "main.default.cards"}
        for action in ("MODIFY", "SELECT")
    ]
    inherited = cards.sql(f"SHOW GRANTS `{BOB}` ON TABLE cards").to_pylist()
    assert [(row["ActionType"], row["ObjectType"]) for row in inherited] == [
        ("USE CATALOG", "CATALOG"),
        ("USE SCHEMA", "SCHEMA"),
    ]
    cards.sql("REVOKE ALL PRIVILEGES ON TABLE cards FROM `risk team`")
    cards.sql("REVOKE MODIFY, SELECT ON TABLE cards FROM `risk team`")
    assert refusal(cards, "SELECT * FROM cards") == denied("SELECT", "Table 'main.default.cards'")


@pytest.mark.parametrize(
    ("statement", "error_class"),
    [
        ("GRANT NOSUCH ON TABLE cards TO `bob@acme.test`", "INVALID_PARAMETER_VALUE"),
        ("GRANT SELECT ON TABLE cards TO `nobody@acme.test`", "PRINCIPAL_DOES_NOT_EXIST"),
        ("GRANT SELECT ON TABLE nosuch TO `bob@acme.test`", "TABLE_OR_VIEW_NOT_FOUND"),
        ("GRANT SELECT ON TABLE cards TO 'bob@acme.test'", "PARSE_SYNTAX_ERROR"),
        ("GRANT SELECT ON TABLE cards TO bob@acme.test", "PARSE_SYNTAX_ERROR"),
    ],
)
def test_grants_that_cannot_be(cards: Workspace, statement: str, error_class: str) -> None:
    with pytest.raises(SqlError) as caught:
        cards.sql(statement)
    assert caught.value.error_class == error_class


def test_functions_of_membership_protect_nothing_by_text(cards: Workspace) -> None:
    cards.sql(f"GRANT SELECT ON TABLE cards TO `{BOB}`")
    statement = "SELECT id FROM cards WHERE is_account_group_member('risk') OR current_user() = :name"
    with cards.acting_as(BOB):
        assert cards.sql(statement, name="') OR 1=1 --").num_rows == 0
        assert cards.sql(statement, name=BOB).num_rows == 1
