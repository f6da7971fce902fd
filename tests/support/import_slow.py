"""Takes long to import."""

import time

while time.process_time() < 1.5:
    pass
