"""Isolated Python environments: what a model was logged with, and building and running one like it beside this process.

Knows neither the workspace nor its services.
"""
