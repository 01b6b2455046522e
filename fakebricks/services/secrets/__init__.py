"""Secrets: scopes, the values in them, and who may read, write and manage which."""
