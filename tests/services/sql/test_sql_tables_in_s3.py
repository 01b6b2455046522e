"""SQL on tables in buckets of the test's own, which the engine in this process does not reach itself."""

from __future__ import annotations

import pytest

from fakebricks import fake_workspace

pytest.importorskip("pysail")
moto = pytest.importorskip("moto")


def test_statements_on_a_table_in_a_bucket() -> None:
    import boto3

    with fake_workspace(storage="s3") as workspace:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        boto3.client("s3", region_name="us-east-1", **keys).create_bucket(Bucket="acme-tables")
        workspace.sql("CREATE CATALOG lake MANAGED LOCATION 's3://acme-tables/lake'")
        made = workspace.sql("CREATE TABLE lake.default.t AS SELECT id, id * 10 AS x FROM range(3)")
        assert made.to_pylist() == [{"num_affected_rows": 3, "num_inserted_rows": 3}]
        location = workspace.sql("DESCRIBE DETAIL lake.default.t").to_pylist()[0]["location"]
        assert location.startswith("s3://acme-tables/lake/")
        workspace.sql("INSERT INTO lake.default.t VALUES (7, 7)")
        updated = workspace.sql("UPDATE lake.default.t SET x = 0 WHERE id IN (SELECT 1)")
        assert updated.to_pylist() == [{"num_affected_rows": 1}]
        merged = workspace.sql(
            "MERGE INTO lake.default.t t USING (SELECT 2 AS id UNION ALL SELECT 9) s ON t.id = s.id "
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"
        )
        assert merged.to_pylist()[0] == {
            "num_affected_rows": 2,
            "num_updated_rows": 0,
            "num_deleted_rows": 1,
            "num_inserted_rows": 1,
        }
        joined = "SELECT t.id, t.x FROM lake.default.t JOIN (SELECT 1 AS y) ON true ORDER BY id"
        assert workspace.sql(joined).to_pydict() == {"id": [0, 1, 7, 9], "x": [0, 0, 7, None]}
        assert workspace.sql("SELECT count(*) AS n FROM lake.default.t VERSION AS OF 1").to_pydict() == {"n": [3]}
