"""Monitoring: profiles of tables over time, and how they drift."""
