"""What `make run` uses on one machine."""

from controlplane.settings.base import *
