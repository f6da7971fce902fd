"""The ``graphbit`` command."""
