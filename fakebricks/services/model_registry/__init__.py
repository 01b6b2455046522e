"""Registered models and their versions in Unity Catalog."""
