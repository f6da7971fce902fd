"""Runs the conformance classes of an installed plugin in processes of their own, and gives account of it."""
