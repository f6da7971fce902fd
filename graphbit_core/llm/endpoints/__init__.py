"""Whom a client may ask: its endpoints, which of them is asked, and how they did."""
