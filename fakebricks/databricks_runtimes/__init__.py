"""The libraries of the Databricks Runtimes for Machine Learning and of the serverless environments, as data."""
