"""What the process counts about itself, in the form Prometheus reads."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)

_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)  # seconds


class Counters:
    __slots__ = ("_buckets", "_seconds", "failures", "openings", "requests", "tokens")

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()  # endpoint, model, status
        self.tokens: Counter[tuple[str, str]] = Counter()  # model, direction
        self.failures: Counter[tuple[str, str]] = Counter()  # served by, cause
        self.openings: Counter[str] = Counter()  # served by
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def took(self, seconds: float) -> None:
        self._buckets[bisect_left(_BUCKETS, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "hearth_gateway_requests",
            "Requests by endpoint, model and status",
            labels=["endpoint", "model", "status"],
        )
        for (endpoint, model, status), count in list(self.requests.items()):
            requests.add_metric([endpoint, model, str(status)], count)
        yield requests
        tokens = CounterMetricFamily(
            "hearth_gateway_tokens", "Tokens by model and direction", labels=["model", "direction"]
        )
        for labels, count in list(self.tokens.items()):
            tokens.add_metric(list(labels), count)
        yield tokens
        failures = CounterMetricFamily(
            "hearth_gateway_upstream_failures",
            "Attempts that failed, by upstream and cause",
            labels=["upstream", "cause"],
        )
        for labels, count in list(self.failures.items()):
            failures.add_metric(list(labels), count)
        yield failures
        openings = CounterMetricFamily(
            "hearth_gateway_circuit_openings",
            "How often an upstream was taken out because it failed too often",
            labels=["upstream"],
        )
        for upstream, count in list(self.openings.items()):
            openings.add_metric([upstream], count)
        yield openings
        yield self._duration()

    def _duration(self) -> Metric:
        total = 0
        buckets: list[tuple[str, float]] = []
        for limit, count in zip((*map(str, _BUCKETS), "+Inf"), self._buckets, strict=True):
            total += count
            buckets.append((limit, total))
        family = HistogramMetricFamily(
            "hearth_gateway_request_seconds", "Whole requests, first byte in to last byte out"
        )
        family.add_metric([], buckets=buckets, sum_value=self._seconds)
        return family
