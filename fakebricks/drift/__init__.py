"""Library drift: what becomes of a model that is served or loaded with other libraries than it was trained with."""
