"""Finds, checks and loads components that other distributions offer."""
