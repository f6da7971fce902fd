"""Rules for what is behind HTTP: providers and embedders."""
