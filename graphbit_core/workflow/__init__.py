"""Workflows: building, checking, compiling and running them."""
