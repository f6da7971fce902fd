"""The kernel as the rest of the package sees it; the only place that imports ``_native``."""
