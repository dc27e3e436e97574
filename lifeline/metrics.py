"""The rooms' plain counters, as Prometheus reads them."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class StatsCollector(Collector):
    """Reads dataclasses of counters when asked: nothing is counted twice and the hot path stays free of this library.

    A whole number is a counter ``lifeline_SUBJECT_FIELD_total``; a float or a truth value may also fall, so it is a
    gauge. A name that ends in ``_s`` ends in ``_seconds`` here.
    """

    def __init__(self, stats: Mapping[str, Any]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """One metric for each field."""
        for subject, counts in self._stats.items():
            for field in dataclasses.fields(counts):
                value = getattr(counts, field.name)
                unit = "econds" if field.name.endswith("_s") else ""
                name = f"lifeline_{subject}_{field.name}{unit}"
                about = f"{type(counts).__name__}.{field.name}"
                if isinstance(value, int) and not isinstance(value, bool):
                    yield CounterMetricFamily(name, about, value=value)
                else:
                    yield GaugeMetricFamily(name, about, value=float(value))


class Metrics:
    """The metrics of one process: its rooms' counters, memory, processor time and open files."""

    def __init__(self, stats: Mapping[str, Any]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(StatsCollector(stats))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)
