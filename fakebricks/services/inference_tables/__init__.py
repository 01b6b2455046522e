"""Inference tables: what a serving endpoint was asked and answered, as Delta."""
