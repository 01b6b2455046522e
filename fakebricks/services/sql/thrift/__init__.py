"""Thrift: the protocol by which databricks-sql-connector speaks to a warehouse unless it is told otherwise."""
