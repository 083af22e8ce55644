"""The figures of several workers, added up: what /metrics shows where more than one process serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from prometheus_client import Metric, generate_latest
from prometheus_client.registry import Collector

#: A metric: its name, what it says, its type, and its samples as name, labels and value.
Family = tuple[str, str, str, list[tuple[str, dict[str, str], float]]]
Figures = list[Family]

NONE: Final[Figures] = []
_CREATED: Final = "_created"
"""Samples of this ending are times: of several the first counts."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Figures).decode


def taken(collector: Collector) -> Figures:
    """Return the figures as they are now."""
    return [
        (metric.name, metric.documentation, metric.type, [(one.name, one.labels, one.value) for one in metric.samples])
        for metric in collector.collect()
    ]


def packed(figures: Figures) -> bytes:
    """Return figures as they go through a pipe."""
    return _encode(figures)


def unpacked(data: bytes) -> Figures:
    """Return figures that came through a pipe."""
    return _decode(data)


def added(parts: Iterable[Figures]) -> Figures:
    """Return the sum of figures; what only some of them have is as those have it.

    >>> one = [("a", "Things.", "counter", [("a_total", {"of": "x"}, 1.0)])]
    >>> added([one, one])
    [('a', 'Things.', 'counter', [('a_total', {'of': 'x'}, 2.0)])]
    """
    heads: dict[str, tuple[str, str]] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for figures in parts:
        for name, says, kind, samples in figures:
            heads.setdefault(name, (says, kind))
            sums = values.setdefault(name, {})
            for sample, labels, value in samples:
                key = (sample, tuple(labels.items()))
                if key not in sums:
                    sums[key] = value
                elif sample.endswith(_CREATED):
                    sums[key] = min(sums[key], value)
                else:
                    sums[key] += value
    return [
        (name, *head, [(sample, dict(labels), value) for (sample, labels), value in values[name].items()])
        for name, head in heads.items()
    ]


def lasting(figures: Figures) -> Figures:
    """Return what stays of a worker's figures when it has ended: what was counted, not what was so at that moment."""
    return [family for family in figures if family[2] != "gauge"]


def page(figures: Figures) -> bytes:
    """Return figures as Prometheus reads them."""
    return generate_latest(_Given(figures))


class _Given(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for name, says, kind, samples in self._figures:
            metric = Metric(name, says, kind)
            for sample, labels, value in samples:
                metric.add_sample(sample, labels, value)
            yield metric
