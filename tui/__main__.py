"""`python -m initscope.tui` is the `initscope` command."""

import sys

from initscope.tui.cli import main

sys.exit(main())
