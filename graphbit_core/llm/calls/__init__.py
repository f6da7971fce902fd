"""One call of one endpoint: over the kernel, or of a model in this process."""
