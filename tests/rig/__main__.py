"""`python -m tests.rig [NUMBER]`: machines to click through, until Ctrl-C."""

import signal
import sys

from tests.rig.base import KEY, PASSWORD, PERSON, why_not_here
from tests.rig.rig import rig


def main() -> int:
    missing = why_not_here()
    if missing:
        print(f"No machines can run here: {missing}.", file=sys.stderr)
        return 1
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with rig() as machines:
        for each in range(1, number + 1):
            machine = machines.up(f"desk-{each}")
            print(f"{machine.name}  {machine.address}  {machine.host_key()}", flush=True)
        print(
            f"User {PERSON}, password {PASSWORD}, or the key {KEY}. Ctrl-C ends them.", flush=True
        )
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main())
