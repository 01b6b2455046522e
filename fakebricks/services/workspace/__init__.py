"""The workspace tree: the folders that experiments live in."""
