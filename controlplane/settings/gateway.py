"""A process that carries traffic alone: it reads the secret and the addresses, nothing else."""

from controlplane.settings.base import *
