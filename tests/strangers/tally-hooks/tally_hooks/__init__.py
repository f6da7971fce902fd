"""Counts how often each component is called."""
