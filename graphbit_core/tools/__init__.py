"""Functions that a model may ask for."""
