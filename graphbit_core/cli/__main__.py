"""``python -m graphbit_core.cli``."""

import sys

from graphbit_core.cli import main

sys.exit(main())
