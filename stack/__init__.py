"""The ground: `make run` on one machine. Standard library only."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 — the Python that runs this is not yet chosen by us
    sys.exit("Hearth needs Python 3.11 or newer. Install it, or say `make run PYTHON=…`.")
