"""Chat models and embedders, called through the kernel or in this process."""
