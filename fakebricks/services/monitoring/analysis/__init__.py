"""From rows to metrics: SQL reads and cuts the rows, and the numbers are computed of them."""
