"""The wiring. Puts the rooms together; decides nothing."""

from controlplane.celery import app as celery_app

__all__ = ["celery_app"]
