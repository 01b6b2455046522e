"""SCIM 2.0: users, groups and service principals as databricks-sdk and Terraform's provider speak it."""
