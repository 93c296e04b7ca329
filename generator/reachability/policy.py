"""What a NetworkPolicy allows: the semantics of `networking.k8s.io/v1`, exactly, over plain objects.

A policy is read once into frozen records (`read_policy`); everything behind that is pure functions of two
`Endpoint`s. The rules, from the API's own description of NetworkPolicySpec (Kubernetes 1.36):

- A pod that no policy selects in a direction is open in that direction. One that is selected is isolated, and
  the rules of all the policies that select it add up. No rule denies.
- A connection needs both ends: egress at the source and ingress at the target (`connection`).
- `policyTypes` that are missing or empty mean Ingress, and Egress as well if there is an egress rule. A
  section whose type is not listed says nothing.
- A rule needs its peer and its port. Missing or empty `from`/`to` is every peer, in the cluster and outside;
  missing or empty `ports` is every port.
- In one peer, `namespaceSelector` and `podSelector` are ANDed; a `podSelector` alone means the policy's own
  namespace; `ipBlock` stands alone.
- In a port, the protocol defaults to TCP; no `port` is every port of the protocol; `endPort` makes a range; a
  name is looked up among the container ports of the connection's *destination* with the same protocol.
- A selector's requirements are ANDed; an empty one selects everything; `NotIn` holds where the label is
  absent.

What the API does not settle is decided so that a proof of isolation stays sound: an `ipBlock` that covers
addresses of pods is taken to reach them (network plugins differ), and a pod on the host network is taken to
escape its policies. Traffic between a pod and its own node is always allowed, other protocols than the three
are undefined, and both are the network plugin's part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from generator.reachability.ranges import EVERY_PACKET, NOTHING, Ranges, network, packets, union

T = TypeVar("T")

HOST_NETWORK = "the pod is on the host network, where policies do not bind"


class UnreadableError(ValueError):
    """An object that the Kubernetes API would refuse, or whose meaning this evaluator does not know."""


class Direction(StrEnum):
    """The two directions of a policy, as `policyTypes` spells them."""

    INGRESS = "Ingress"
    EGRESS = "Egress"


class Operator(StrEnum):
    """The operators of a label selector's requirement."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label; `matchLabels` are `In` requirements with one value."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet the condition; an absent label meets `NotIn` and `DoesNotExist`."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None


@dataclass(frozen=True, slots=True)
class Selector:
    """Requirements that are all to hold; none of them selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def may_match(self, labels: Mapping[str, str] | None) -> bool:
        """Whether the selector matches the labels, or could match labels that are not known (None)."""
        return labels is None or all(requirement.holds(labels) for requirement in self.requirements)

    def must_match(self, labels: Mapping[str, str] | None) -> bool:
        """Whether the selector matches the labels, whatever they are where they are not known (None)."""
        return not self.requirements or (labels is not None and self.may_match(labels))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection as policies see it: the pods of one template, or addresses outside the cluster.

    Attributes:
        name: What people call it: `Deployment/wiki`, `203.0.113.0/24`.
        namespace: Name of the pod's namespace; None outside the cluster.
        namespace_labels: All labels of that namespace.
        labels: All labels of the pod; None for a pod of unknown labels, which stands for every pod there
            could be.
        ports: Numbers behind each (protocol, port name) of the containers; None where they are not known.
        addresses: Where the endpoint may be found. An `ipBlock` matches if it shares an address with them:
            leave them empty to ask what selectors alone allow.
        host_network: The pod lives on its node's network.
    """

    name: str
    namespace: str | None = None
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] | None = field(default_factory=dict)
    ports: Mapping[tuple[str, str], Ranges] | None = field(default_factory=dict)
    addresses: Ranges = NOTHING
    host_network: bool = False

    def resolve(self, port: tuple[str, str]) -> Ranges:
        """The packets that a (protocol, port name) means at this endpoint; nothing if it has no such port."""
        return packets(port[0]) if self.ports is None else self.ports.get(port, NOTHING)


@dataclass(frozen=True, slots=True)
class Peer:
    """One item of `from` or `to`.

    Attributes:
        namespaces: Which namespaces; None is the policy's own.
        pods: Which pods in them.
        block: The addresses of an `ipBlock` without its exceptions; then the selectors mean nothing.
        text: The block as written, for messages.
    """

    namespaces: Selector | None = None
    pods: Selector = Selector()
    block: Ranges | None = None
    text: str = ""

    def may_match(self, own_namespace: str, other: Endpoint) -> bool:
        """Whether the endpoint is this peer of a policy in `own_namespace`."""
        if self.block is not None:
            return self.block.meets(other.addresses)
        if other.namespace is None:
            return False
        if self.namespaces is None:
            return other.namespace == own_namespace and self.pods.may_match(other.labels)
        return self.namespaces.may_match(other.namespace_labels) and self.pods.may_match(other.labels)


@dataclass(frozen=True, slots=True)
class Rule:
    """One item of `ingress` or `egress`.

    Attributes:
        peers: Any of them will do; none at all is everybody.
        numbered: The packets of all ports given by number, range or protocol.
        named: (protocol, name) of the ports given by name.
    """

    peers: tuple[Peer, ...]
    numbered: Ranges
    named: tuple[tuple[str, str], ...] = ()

    def allows(self, own_namespace: str, other: Endpoint, destination: Endpoint) -> Ranges:
        """The packets this rule lets pass between a selected pod and `other`, towards `destination`."""
        if self.peers and not any(peer.may_match(own_namespace, other) for peer in self.peers):
            return NOTHING
        if not self.named:
            return self.numbered
        return union((self.numbered, *(destination.resolve(port) for port in self.named)))


@dataclass(frozen=True, slots=True)
class Policy:
    """One NetworkPolicy.

    Attributes:
        namespace: Where it is; it selects pods of this namespace alone.
        name: Its name.
        pods: Which pods of the namespace it selects.
        ingress: The rules for incoming connections; None if the policy says nothing about them.
        egress: The same for outgoing ones.
    """

    namespace: str
    name: str
    pods: Selector
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None

    def rules(self, direction: Direction) -> tuple[Rule, ...] | None:
        """The rules of a direction; None if the policy does not isolate in it."""
        return self.ingress if direction is Direction.INGRESS else self.egress


@dataclass(frozen=True, slots=True)
class Grant:
    """Why one end allows a connection.

    Attributes:
        direction: Which end: Egress at the source, Ingress at the target.
        policy: Name of the policy; None if no policy isolates the pod.
        rule: Index of the rule in the policy's section of that direction; None without a policy.
        reason: A sentence part for people where no policy is to be named.
    """

    direction: Direction
    policy: str | None = None
    rule: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        if self.policy is None:
            return self.reason
        return f"NetworkPolicy/{self.policy} {self.direction.lower()}[{self.rule}]"


def allowed(policies: Sequence[Policy], direction: Direction, subject: Endpoint, other: Endpoint) -> Ranges:
    """The packets that the policies of one end let pass.

    Args:
        policies: All policies of the subject's namespace (others are passed over).
        direction: Ingress if the subject is the target, Egress if it is the source.
        subject: The pod whose policies are asked.
        other: The other end.

    Returns:
        Packets by destination port. For a pod of unknown labels, everything that a pod of any labels may do.
    """
    return union(chosen for _, chosen in _contributions(policies, direction, subject, other))


def connection(
    source: Endpoint,
    destination: Endpoint,
    source_policies: Sequence[Policy] = (),
    destination_policies: Sequence[Policy] = (),
) -> Ranges:
    """The packets that pass from one endpoint to another: egress at the source and ingress at the target.

    The two ends are different pods, also where both are of one template: a pod always reaches itself.
    """
    outgoing = allowed(source_policies, Direction.EGRESS, source, destination)
    return outgoing and outgoing & allowed(destination_policies, Direction.INGRESS, destination, source)


def grants(
    policies: Sequence[Policy], direction: Direction, subject: Endpoint, other: Endpoint, wanted: Ranges
) -> tuple[Grant, ...]:
    """The rules at one end that let any of the wanted packets pass: the evidence for `allowed`."""
    return tuple(grant for grant, chosen in _contributions(policies, direction, subject, other) if chosen.meets(wanted))


def _contributions(
    policies: Sequence[Policy], direction: Direction, subject: Endpoint, other: Endpoint
) -> Iterator[tuple[Grant, Ranges]]:
    """Each reason why one end lets packets pass, with these packets."""
    if subject.namespace is None:
        yield Grant(direction, reason="addresses outside the cluster have no policies"), EVERY_PACKET
        return
    if subject.host_network:
        yield Grant(direction, reason=HOST_NETWORK), EVERY_PACKET
        return
    destination = subject if direction is Direction.INGRESS else other
    isolated = False
    for policy in policies:
        rules = policy.rules(direction)
        if rules is None or policy.namespace != subject.namespace or not policy.pods.may_match(subject.labels):
            continue
        isolated = isolated or policy.pods.must_match(subject.labels)
        for index, rule in enumerate(rules):
            if chosen := rule.allows(policy.namespace, other, destination):
                yield Grant(direction, policy.name, index), chosen
    if not isolated:
        yield Grant(direction, reason=f"no NetworkPolicy isolates it for {direction}"), EVERY_PACKET


def read_policy(manifest: Mapping[str, Any]) -> Policy:
    """Read a NetworkPolicy object.

    Args:
        manifest: The whole object, as YAML or JSON gave it. A field set to null counts as absent, as it does
            for the API server.

    Raises:
        UnreadableError: A field that the API would refuse, or one unknown to Kubernetes 1.36: a wrongly spelt
            `from`, if dropped, would be an empty one, which is everybody.
    """
    metadata = _mapping(manifest.get("metadata"), "metadata")
    namespace, name = metadata.get("namespace"), metadata.get("name")
    if not isinstance(namespace, str) or not isinstance(name, str):
        raise UnreadableError("metadata: a NetworkPolicy needs a name and a namespace")
    spec = _fields(manifest.get("spec"), "spec", "podSelector", "policyTypes", "ingress", "egress")
    ingress = tuple(_items(spec.get("ingress"), "spec.ingress", _rule("from")))
    egress = tuple(_items(spec.get("egress"), "spec.egress", _rule("to")))
    types = _policy_types(spec.get("policyTypes"), has_egress=bool(egress))
    return Policy(
        namespace=namespace,
        name=name,
        pods=read_selector(spec.get("podSelector"), "spec.podSelector"),
        ingress=ingress if Direction.INGRESS in types else None,
        egress=egress if Direction.EGRESS in types else None,
    )


def read_selector(manifest: object, path: str = "selector") -> Selector:
    """Read a label selector; null is the empty one, so a caller to whom absence means something asks first.

    Raises:
        UnreadableError: No label selector; `path` says where.
    """
    fields = _fields(manifest, path, "matchLabels", "matchExpressions")
    labels = [
        Requirement(key, Operator.IN, frozenset([_text(value, f"{path}.matchLabels.{key}")]))
        for key, value in _mapping(fields.get("matchLabels"), f"{path}.matchLabels").items()
    ]
    expressions = _items(fields.get("matchExpressions"), f"{path}.matchExpressions", _requirement)
    return Selector((*labels, *expressions))


def _requirement(manifest: object, path: str) -> Requirement:
    fields = _fields(manifest, path, "key", "operator", "values")
    values = frozenset(_items(fields.get("values"), f"{path}.values", _text))
    name = _text(fields.get("operator"), f"{path}.operator")
    if name not in list(Operator):
        raise UnreadableError(f"{path}.operator: {name!r} is not one of {', '.join(Operator)}")
    operator = Operator(name)
    if bool(values) is not (operator in (Operator.IN, Operator.NOT_IN)):
        raise UnreadableError(f"{path}.values: In and NotIn need values, Exists and DoesNotExist take none")
    return Requirement(_text(fields.get("key"), f"{path}.key"), operator, values)


def _policy_types(manifest: object, *, has_egress: bool) -> frozenset[Direction]:
    names = list(_items(manifest, "spec.policyTypes", _text))
    if not names:
        return frozenset(Direction) if has_egress else frozenset([Direction.INGRESS])
    try:
        return frozenset(Direction(name) for name in names)
    except ValueError:
        raise UnreadableError(f"spec.policyTypes: {names!r} holds more than Ingress and Egress") from None


def _rule(peers_field: str) -> Callable[[object, str], Rule]:
    def read(manifest: object, path: str) -> Rule:
        fields = _fields(manifest, path, peers_field, "ports")
        ports = list(_items(fields.get("ports"), f"{path}.ports", _port))
        return Rule(
            peers=tuple(_items(fields.get(peers_field), f"{path}.{peers_field}", _peer)),
            numbered=union(p for p in ports if isinstance(p, Ranges)) if ports else EVERY_PACKET,
            named=tuple(p for p in ports if not isinstance(p, Ranges)),
        )

    return read


def _port(manifest: object, path: str) -> Ranges | tuple[str, str]:
    """Read one port: its packets, or (protocol, name) if it goes by name."""
    fields = _fields(manifest, path, "protocol", "port", "endPort")
    protocol = _text(fields.get("protocol") or "TCP", f"{path}.protocol")
    port, end = fields.get("port"), fields.get("endPort")
    if end is not None and (port is None or isinstance(port, str)):
        raise UnreadableError(f"{path}.endPort: needs a port given by number")
    for number in (port, end):
        if isinstance(number, bool) or not isinstance(number, int | str | None):
            raise UnreadableError(f"{path}: {number!r} is no port")
    try:
        every = packets(protocol)
        if isinstance(port, str):
            return protocol, port
        return every if port is None else packets(protocol, port, port if end is None else end)
    except ValueError as error:
        raise UnreadableError(f"{path}: {error}") from None


def _peer(manifest: object, path: str) -> Peer:
    fields = _fields(manifest, path, "ipBlock", "namespaceSelector", "podSelector")
    block, namespaces, pods = (fields.get(k) for k in ("ipBlock", "namespaceSelector", "podSelector"))
    if block is None:
        if namespaces is None and pods is None:
            raise UnreadableError(f"{path}: must specify a peer")
        return Peer(
            None if namespaces is None else read_selector(namespaces, f"{path}.namespaceSelector"),
            read_selector(pods, f"{path}.podSelector"),
        )
    if namespaces is not None or pods is not None:
        raise UnreadableError(f"{path}: may not specify both ipBlock and another peer")
    return _block(block, f"{path}.ipBlock")


def _block(manifest: object, path: str) -> Peer:
    fields = _fields(manifest, path, "cidr", "except")
    text = _text(fields.get("cidr"), f"{path}.cidr")
    cidr = _network(text, f"{path}.cidr")
    exceptions = list(_items(fields.get("except"), f"{path}.except", _network))
    for index, exception in enumerate(exceptions):
        if exception - cidr or exception == cidr:
            raise UnreadableError(f"{path}.except[{index}]: must be a strict subset of cidr")
    return Peer(block=cidr - union(exceptions), text=text)


def _network(value: object, path: str) -> Ranges:
    text = _text(value, path)
    try:
        return network(text)
    except ValueError as error:
        raise UnreadableError(f"{path}: {error}") from None


def _fields(value: object, path: str, *known: str) -> Mapping[str, Any]:
    fields = _mapping(value, path)
    for key in fields:
        if key not in known:
            raise UnreadableError(f"{path}.{key}: unknown field, {path} has {', '.join(known)}")
    return fields


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UnreadableError(f"{path}: a mapping is needed, not {value!r}")
    return value


def _items(value: object, path: str, read: Callable[[object, str], T]) -> Iterator[T]:
    if value is None:
        return
    if not isinstance(value, list):
        raise UnreadableError(f"{path}: a list is needed, not {value!r}")
    for index, item in enumerate(value):
        yield read(item, f"{path}[{index}]")


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise UnreadableError(f"{path}: a string is needed, not {value!r}")
    return value
