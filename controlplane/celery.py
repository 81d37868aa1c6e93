"""The Celery application: which job modules exist. What is periodic says so at the job itself."""

import os
import pkgutil

from celery import Celery
from kombu.transport.redis import Channel

import worker_jobs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.development")

# What is left to do stands in Postgres, so no message needs to be put back by the broker's client;
# and its attempt to do so when Redis has died ends the whole worker.
Channel.do_restore = False

# Packages that jobs use; what they hold is not called by a message.
NOT_JOBS = {"adapters", "runtimes"}

app = Celery("controlplane")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = tuple(
    f"worker_jobs.{module.name}"
    for module in pkgutil.iter_modules(worker_jobs.__path__)
    if module.name not in NOT_JOBS
)
app.conf.beat_schedule = {}
