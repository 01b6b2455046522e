"""Model Serving: endpoints that load a registered model and score it."""
