"""Plain data that crosses every layer: no behaviour beyond construction, no I/O."""
