"""The Celery application: which jobs exist and when the periodic ones run."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.development")

app = Celery("controlplane")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ("worker_jobs.periodic",)
app.conf.beat_schedule = {}
