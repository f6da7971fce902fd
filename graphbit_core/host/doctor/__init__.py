"""What the doctor does: imports each plugin in a process of its own and looks closely."""
