"""`python -m mythmeter.cli`."""

import sys

from mythmeter.cli import main

sys.exit(main())
