"""Traces of experiments, and what people and judges say of them."""
