"""The tables of this app. Django looks for them here."""

from apps.models.models.ai_models import AIModel
from apps.models.models.deployments import Deployment, MemoryMeasurement, Replica

__all__ = ["AIModel", "Deployment", "MemoryMeasurement", "Replica"]
