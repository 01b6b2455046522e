"""MLflow tracking: experiments, runs, logged models, artifacts."""
