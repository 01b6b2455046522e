"""Jobs: their definitions, which are kept and not run."""
