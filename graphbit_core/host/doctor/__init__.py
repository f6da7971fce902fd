"""What the doctor does: imports each plugin in a process of its own and looks closely."""

Told = tuple[str, str]
"""What is wrong, and what mends it."""
