"""External models: what is served by a provider elsewhere, for whom a test gives a Python callable here."""
