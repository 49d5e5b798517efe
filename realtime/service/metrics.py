"""``GET /metrics``: the engine's counters for Prometheus, read when asked and not kept twice."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from ..engine import Engine


class EngineCollector(Collector):
    """Turns an engine's state into metrics.

    Args:
        engine: To read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics as of now."""
        yield GaugeMetricFamily("tectum_ready", "Whether plugins are warm and sessions are taken.", self._engine.ready)
        yield GaugeMetricFamily("tectum_sessions", "Open sessions.", len(self._engine.sessions))
        yield GaugeMetricFamily("tectum_sessions_max", "Session limit.", self._engine.settings.max_sessions)
        yield CounterMetricFamily("tectum_sessions_opened", "Sessions opened.", self._engine.sessions_opened)
        yield from self._plugins()

    def _plugins(self) -> Iterator[Metric]:
        steps = SummaryMetricFamily("tectum_step_seconds", "Wall time of a batched step.", labels=["plugin"])
        rows = CounterMetricFamily("tectum_hops", "Hops stepped, over all sessions.", labels=["plugin"])
        faults = CounterMetricFamily("tectum_plugin_faults", "Sessions a plugin was disabled for.", labels=["plugin"])
        stalls = CounterMetricFamily("tectum_plugin_stalls", "Plugin calls that were given up.", labels=["plugin"])
        misses = CounterMetricFamily("tectum_deadline_misses", "Hops whose result came too late.", labels=["plugin"])
        dropped = CounterMetricFamily("tectum_dropped_hops", "Hops that were never stepped.", labels=["plugin"])
        lanes = GaugeMetricFamily("tectum_plugin_sessions", "Sessions that use a plugin.", labels=["plugin"])
        for name, batcher in self._engine.batchers.items():
            steps.add_metric([name], count_value=batcher.steps, sum_value=batcher.busy_s)
            rows.add_metric([name], batcher.rows)
            faults.add_metric([name], batcher.faults)
            stalls.add_metric([name], batcher.stalls)
            misses.add_metric([name], batcher.deadline_misses)
            dropped.add_metric([name], batcher.dropped_hops)
            lanes.add_metric([name], batcher.num_lanes)
        yield from (steps, rows, faults, stalls, misses, dropped, lanes)


def render(engine: Engine) -> bytes:
    """Returns the metrics in Prometheus's text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(EngineCollector(engine))
    return generate_latest(registry)
