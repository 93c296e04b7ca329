"""Sets of integers as sorted spans: the packet space and the address space of NetworkPolicies.

Both spaces are lines, so that one small algebra decides "every port" and "every address" exactly, without a
sample:

- *packets*: TCP, UDP and SCTP one after the other, 65,536 numbers each (`packets`, `EVERY_PACKET`);
- *addresses*: IPv6 first, IPv4 behind it (`network`, `EVERY_ADDRESS`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PROTOCOLS = ("TCP", "UDP", "SCTP")
_LAST_PORT = 65535
_PROTOCOL_SIZE = _LAST_PORT + 1
_V4_OFFSET = 1 << 128
_V4_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of integers.

    Attributes:
        spans: Inclusive (first, last) pairs, ascending, disjoint and never adjacent, so that equal sets are
            equal.
    """

    spans: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __or__(self, other: Ranges) -> Ranges:
        if not other.spans or self.spans == other.spans:
            return self
        if not self.spans:
            return other
        return _normal((*self.spans, *other.spans))

    def __and__(self, other: Ranges) -> Ranges:
        return Ranges(tuple(_common(self.spans, other.spans)))

    def __sub__(self, other: Ranges) -> Ranges:
        spans = list(self.spans)
        for low, high in other.spans:
            cut: list[tuple[int, int]] = []
            for first, last in spans:
                if high < first or last < low:
                    cut.append((first, last))
                    continue
                if first < low:
                    cut.append((first, low - 1))
                if high < last:
                    cut.append((high + 1, last))
            spans = cut
        return Ranges(tuple(spans))

    def meets(self, other: Ranges) -> bool:
        """Whether the two sets share an element."""
        return next(_common(self.spans, other.spans), None) is not None

    def split(self, borders: Iterable[Ranges]) -> list[Ranges]:
        """The set in pieces, each of which is wholly inside or wholly outside each of the others."""
        pieces = [self] if self else []
        for border in borders:
            pieces = [part for piece in pieces for part in (piece & border, piece - border) if part]
        return pieces


def union(sets: Iterable[Ranges]) -> Ranges:
    """The union of any number of sets."""
    return _normal(span for each in sets for span in each.spans)


def packets(protocol: str, first: int = 1, last: int = _LAST_PORT) -> Ranges:
    """The packets of one protocol to the ports `first` to `last` (by default all of them).

    Raises:
        ValueError: The protocol is none of NetworkPolicy's three, or the ports are no range within 1 to
        65535.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol {protocol!r} is not one of {', '.join(PROTOCOLS)}")
    if not 1 <= first <= last <= _LAST_PORT:
        raise ValueError(f"ports {first} to {last} are no range within 1 to {_LAST_PORT}")
    base = PROTOCOLS.index(protocol) * _PROTOCOL_SIZE
    return Ranges(((base + first, base + last),))


def network(text: str) -> Ranges:
    """The addresses of a CIDR; host bits are ignored, as Kubernetes ignores them.

    An IPv4-mapped IPv6 network counts as the IPv4 network in it: Go's net package, which most network plugins
    parse with, reads it so.

    Raises:
        ValueError: The text is not a CIDR with its prefix length.
    """
    if "/" not in text:
        raise ValueError(f"{text!r} has no prefix length")
    parsed = ipaddress.ip_network(text, strict=False)
    if isinstance(parsed, ipaddress.IPv6Network):
        if not parsed.subnet_of(_V4_MAPPED):
            return Ranges(((int(parsed[0]), int(parsed[-1])),))
        low = int(parsed[0]) - int(_V4_MAPPED[0])
        return Ranges(((_V4_OFFSET + low, _V4_OFFSET + low + parsed.num_addresses - 1),))
    return Ranges(((_V4_OFFSET + int(parsed[0]), _V4_OFFSET + int(parsed[-1])),))


def by_protocol(chosen: Ranges) -> Iterator[tuple[str, tuple[tuple[int, int], ...]]]:
    """The port ranges of a set of packets, a protocol at a time; protocols without a port are left out."""
    for index, protocol in enumerate(PROTOCOLS):
        base = index * _PROTOCOL_SIZE
        spans = _common(chosen.spans, ((base + 1, base + _LAST_PORT),))
        if ports := tuple((first - base, last - base) for first, last in spans):
            yield protocol, ports


def describe_ports(ports: tuple[tuple[int, int], ...]) -> str:
    """Port ranges as people write them: `53`, `80, 8000-8080`, `all`."""
    if ports == ((1, _LAST_PORT),):
        return "all"
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ports)


def describe_packets(chosen: Ranges) -> str:
    """A set of packets as people write it: `TCP 53, UDP 53`, `all ports`, `nothing`."""
    if chosen == EVERY_PACKET:
        return "all ports"
    parts = [f"{protocol} {describe_ports(ports)}" for protocol, ports in by_protocol(chosen)]
    return ", ".join(parts) or "nothing"


def _common(left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(left) and j < len(right):
        first = max(left[i][0], right[j][0])
        last = min(left[i][1], right[j][1])
        if first <= last:
            yield first, last
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1


def _normal(spans: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return Ranges(tuple(merged))


NOTHING = Ranges()
EVERY_PACKET = union(packets(protocol) for protocol in PROTOCOLS)
EVERY_ADDRESS = network("::/0") | network("0.0.0.0/0")
