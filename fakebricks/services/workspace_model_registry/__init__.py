"""The workspace model registry: the legacy one, of each workspace, with stages and without Unity Catalog."""
