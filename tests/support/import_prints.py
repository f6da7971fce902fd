"""Prints when it is imported."""

print("hello from an import")
