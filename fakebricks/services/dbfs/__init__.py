"""The DBFS root of a workspace."""
