"""The first tested limit that a growing fleet meets, of Kubernetes, Argo CD, the gateway and the certificates. Pure.

What the software has been tested with is no wall: beyond it nobody has looked. What each company brings is counted in
its render, so another `base/` meets other limits first.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from generator.capacity.load import Companies
from generator.capacity.room import MOST_NAMESPACES
from generator.fleet.model import Platform
from generator.kube.lenient import Object, mapping, mappings, spec_of, string
from generator.render.rendered import Rendered

_KUBERNETES = "https://github.com/kubernetes/community/blob/main/sig-scalability/configs-and-limits/thresholds.md"
_SETS = "https://github.com/argoproj/argo-cd/pull/24690"
_LISTENERS = "https://gateway-api.sigs.k8s.io/reference/spec/#gatewayspec"
_CERTIFICATES = "https://letsencrypt.org/docs/rate-limits/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A limit and how near the fleet is to it.

    Attributes:
        name: What is bounded.
        limit: How much has been tested, or is allowed.
        used: How much the fleet has.
        companies: With how many companies like these the limit is reached; None when more of them use no more.
        source: Where the limit is told.
    """

    name: str
    limit: int
    used: int
    companies: int | None
    source: str


def bounds(platform: Platform, rendered: Iterable[Rendered], companies: Companies) -> tuple[Bound, ...]:
    """Return every limit, the first that is met first.

    Args:
        platform: The provider's numbers.
        rendered: Every company.
        companies: What they put on the nodes.
    """
    fleet = tuple(rendered)
    found = tuple(_bounds(platform, fleet, companies))
    return tuple(sorted(found, key=lambda bound: (bound.companies is None, bound.companies or 0, bound.name)))


def _bounds(platform: Platform, fleet: tuple[Rendered, ...], companies: Companies) -> Iterator[Bound]:
    number = len(fleet)
    kinds = Counter(obj["kind"] for item in fleet for obj in item.objects)
    pods = companies.levels.maximum.count
    growing = (
        ("namespaces of a cluster", MOST_NAMESPACES, kinds["Namespace"]),
        ("Services of a cluster", 10_000, kinds["Service"]),
        ("pods of a cluster, with every autoscaler at its maximum", 150_000, pods),
    )
    for name, limit, used in growing:
        yield Bound(name=name, limit=limit, used=used, companies=_at(limit, used, number), source=_KUBERNETES)
    shards = Counter(item.shard for item in fleet)
    yield Bound(
        name=f"Applications of an ApplicationSet, of {platform.argocd.shards} sets",
        limit=5_000,
        used=max(shards.values(), default=0),
        companies=5_000 * platform.argocd.shards,
        source=_SETS,
    )
    certificates = sum(_certificates(item.objects) for item in fleet)
    yield Bound(
        name="certificates of a domain in a week, for companies that come in it",
        limit=50,
        used=certificates,
        companies=_at(50, certificates, number),
        source=_CERTIFICATES,
    )
    for gateway, sections in _listeners(fleet).items():
        used = len(sections)
        companies_at = _at(64, used, number) if used > 1 else None
        yield Bound(name=f"listeners of {gateway}", limit=64, used=used, companies=companies_at, source=_LISTENERS)


def _at(limit: int, used: int, number: int) -> int | None:
    """Return with how many companies a limit is reached when each further one uses what these do on average."""
    return limit * number // used if used else None


def _certificates(objects: Iterable[Object]) -> int:
    """Count the certificates that a company asks for: those of its Ingresses, and those that it names itself."""
    count = 0
    for obj in objects:
        if obj["kind"] == "Certificate":
            count += 1
        elif obj["kind"] == "Ingress":
            count += len({string(tls.get("secretName")) for tls in mappings(spec_of(obj).get("tls"))})
    return count


def _listeners(fleet: Iterable[Rendered]) -> Mapping[str, set[str]]:
    """Return the listeners that routes name, by their Gateway."""
    found: dict[str, set[str]] = {}
    for item in fleet:
        for route in item.of_kind("HTTPRoute"):
            for parent in mappings(mapping(spec_of(route)).get("parentRefs")):
                gateway = f"Gateway {string(parent.get('namespace'))}/{string(parent.get('name'))}"
                found.setdefault(gateway, set()).add(string(parent.get("sectionName")))
    return found
