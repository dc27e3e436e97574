"""Sparkplug B 3.0: ``spBv1.0/{group}/{type}/{edge}[/{device}]``.

Births name every metric and give it an alias; data carry aliases only, so a reader needs memory. When that memory has
a hole (no birth seen, an alias that no birth named, a gap in ``seq``) the reader asks the edge node to be born again.
Data that can't be named are refused together with the request; data after a mere gap are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.formats.sparkplug_payload import Metric, Payload, parse, rebirth_payload, signed
from ingest.formats.uplink import Command, FormatError, Uplink, from_epoch

NAMESPACE = "spBv1.0"

MAX_NODES = 4096
MAX_METRICS = 10_000  # named by the births of one edge node

_BIRTHS = frozenset({"NBIRTH", "DBIRTH"})
_MESSAGES = _BIRTHS | {"NDATA", "DDATA", "NDEATH", "DDEATH"}
_COMMANDS = frozenset({"NCMD", "DCMD"})
_ASK_EVERY = 20  # holes between two requests to a node that does not answer
_SEQ_WRAP = 256
# Metrics about the edge node itself, not about anything it measures.
_HOUSEKEEPING = ("bdSeq", "Node Control/", "Node Info/", "Device Control/", "Properties/")


@dataclass(slots=True)
class _Node:
    """What is remembered of one edge node; ``names`` is alias → name and datatype, its devices' included."""

    born: bool = False
    seq: int | None = None
    holes: int = 0
    names: dict[int, tuple[str, int]] = field(default_factory=dict)

    def follow(self, seq: int | None) -> bool:
        """Note the sequence number; whether everything up to it was seen. A repeated message is no gap."""
        last, self.seq = self.seq, seq if seq is not None else self.seq
        if not self.born:
            return False
        return seq is None or last is None or seq in (last, (last + 1) % _SEQ_WRAP)

    def asks(self) -> bool:
        """Note a hole; whether to ask for a rebirth because of it."""
        self.holes += 1
        return self.holes % _ASK_EVERY == 1

    def learn(self, metrics: Sequence[Metric]) -> None:
        for metric in metrics:
            if metric.name and metric.alias is not None:
                if len(self.names) >= MAX_METRICS and metric.alias not in self.names:
                    raise FormatError(f"births name more than {MAX_METRICS} metrics")
                self.names[metric.alias] = (metric.name, metric.datatype)

    def named(self, metric: Metric) -> tuple[str, int] | None:
        """Name and datatype of a metric, None when no birth said them."""
        known = self.names.get(metric.alias) if metric.alias is not None else None
        if metric.name:
            return metric.name, metric.datatype or (known[1] if known else 0)
        return (known[0], metric.datatype or known[1]) if known else None


class SparkplugReader:
    """Reads messages in the order of their arrival, remembering what the births said.

    Bounded: at most ``MAX_NODES`` edge nodes (the one born first is forgotten first) of ``MAX_METRICS`` metrics.
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, str], _Node] = {}

    def read(self, topic: str, payload: bytes) -> Sequence[Uplink | Command]:
        """The uplinks of one message and, after a gap, the rebirth request; FormatError."""
        parts = topic.split("/")
        if parts[0] == NAMESPACE and len(parts) > 2 and (parts[1] == "STATE" or parts[2] in _COMMANDS):
            return ()
        if not _is_message(parts):
            raise FormatError(f"topic is not {NAMESPACE}/GROUP/TYPE/EDGE[/DEVICE]")
        key, kind = (parts[1], parts[3]), parts[2]
        if kind == "NDEATH":
            self._nodes.pop(key, None)
            return ()
        message = parse(payload)
        node = self._node(key, afresh=kind == "NBIRTH")
        whole = node.follow(message.seq)
        if kind in _BIRTHS:
            node.learn(message.metrics)
        rebirth = Command(f"{NAMESPACE}/{key[0]}/NCMD/{key[1]}", rebirth_payload)
        request = () if whole or not node.asks() else (rebirth,)
        if kind == "DDEATH":
            return request
        fields = _fields(node, message)
        if fields is None:
            node.born = False
            wanted = request or ((rebirth,) if whole and node.asks() else ())
            raise FormatError("data under aliases that no birth named: the edge node must be born again", wanted)
        device = "/".join((parts[1], *parts[3:]))
        also = tuple(parts[4:])
        return (*(_uplink(device, also, at, found) for at, found in fields.items()), *request)

    def _node(self, key: tuple[str, str], *, afresh: bool) -> _Node:
        if afresh:
            self._nodes.pop(key, None)
        node = self._nodes.get(key)
        if node is None:
            if len(self._nodes) >= MAX_NODES:
                del self._nodes[next(iter(self._nodes))]
            node = self._nodes[key] = _Node(born=afresh)
        return node


def _is_message(parts: list[str]) -> bool:
    if parts[0] != NAMESPACE or len(parts) < 4 or parts[2] not in _MESSAGES or not all(parts):
        return False
    return len(parts) == (5 if parts[2].startswith("D") else 4)


def _fields(node: _Node, message: Payload) -> dict[int | None, dict[str, Any]] | None:
    """Values by time and name; None when one can't be named.

    Metrics flagged historical were buffered and keep their own times. The others are what holds now, and some encoders
    repeat an unchanged one under its old time: together they are one sample, of the newest time among them.
    """
    groups: dict[int | None, dict[str, Any]] = {}
    current: dict[str, Any] = {}
    newest: int | None = None
    for metric in message.metrics:
        named = node.named(metric)
        if named is None:
            return None
        name, datatype = named
        if metric.value is None or name.startswith(_HOUSEKEEPING):
            continue
        at = message.timestamp if metric.timestamp is None else metric.timestamp
        value = signed(metric.value, datatype)
        if metric.historical:
            groups.setdefault(at, {})[name] = value
        else:
            current[name] = value
            newest = at if newest is None or (at is not None and at > newest) else newest
    if current:
        groups.setdefault(newest, {}).update(current)
    return groups


def _uplink(device: str, also: tuple[str, ...], at: int | None, fields: dict[str, Any]) -> Uplink:
    return Uplink(device, also=also, time=None if at is None else from_epoch(at, "timestamp"), fields=fields)
