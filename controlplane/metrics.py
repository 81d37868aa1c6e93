"""What Prometheus may read about the rows: how many are in which state."""

from collections.abc import Iterator

from django.apps import apps as django_apps
from django.db import DatabaseError
from django.db.models import Count
from prometheus_client.core import REGISTRY, GaugeMetricFamily
from prometheus_client.registry import Collector

from apps.core.models import StatefulModel


class RowsByState(Collector):
    """Counted when somebody asks, so that the numbers are never stale."""

    def describe(self) -> list[GaugeMetricFamily]:
        return [_rows()]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family, answers = _rows(), GaugeMetricFamily("hearth_database_up", "1 when it answers")
        try:
            for model in django_apps.get_models():
                if issubclass(model, StatefulModel):
                    _count(model, family)
        except DatabaseError:
            answers.add_metric([], 0)
        else:
            answers.add_metric([], 1)
            yield family
        yield answers


def _rows() -> GaugeMetricFamily:
    return GaugeMetricFamily("hearth_rows", "Rows by state", labels=["subject", "state"])


def _count(model: type[StatefulModel], family: GaugeMetricFamily) -> None:
    found = dict(model._default_manager.order_by().values_list("state").annotate(count=Count("pk")))
    for state in model.STATES.transitions:
        family.add_metric([model.SUBJECT, state], found.get(state, 0))


def register() -> None:
    """Once per process."""
    REGISTRY.register(RowsByState())
