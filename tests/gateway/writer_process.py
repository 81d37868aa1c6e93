"""A usage writer in a process of its own, for tests that kill it."""

import threading

import django

django.setup()

from worker_jobs.usage import write_usage  # noqa: E402 - needs Django to be set up

if __name__ == "__main__":
    write_usage(threading.Event(), claim_after=0.2)
