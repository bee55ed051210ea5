"""`python -m calvingfront`."""

import sys

from calvingfront.cli import main

sys.exit(main())
