"""MLflow tracking: experiments, runs and what is logged to them, logged models, and the search over all of these."""
