"""K8S: what people find at a company's hosts: every path of them, for as long as an answer may take."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from generator import layout
from generator.findings.finding import Found, Place
from generator.fleet.states import STATES
from generator.kube.kustomization import FILE
from generator.kube.lenient import Object, mapping, mappings, sequence, spec_of, string, strings, whole
from generator.kube.pods import pod_spec
from generator.reading.schema import Path
from generator.render.rendered import Base, Rendered, identity
from generator.rules.relations import behind
from generator.rules.rule import Per, rule

_ROUTES: Final = ("HTTPRoute", "Ingress")
_CONDITIONS: Final = ("headers", "method", "queryParams")


@rule(
    "K8S027",
    per=Per.CLASS,
    title="a host answers at every path",
    why="A route for one path, method or header alone leaves 404 where the rest of the company's page was.",
    fix="Let one rule of the host match every path and ask nothing else; further rules may be narrower.",
    source="https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule",
)
def hosts_answer_at_every_path(rendered: Rendered) -> Iterator[Found]:
    """Of the rules for each host one takes whatever no other takes, and leaves its path as it is."""
    for route, path, fact, hint in _cut_off([*rendered.of_kind(*_ROUTES)]):
        yield rendered.found_at(route, path, fact, hint)


@hosts_answer_at_every_path.also(Per.GUARD)
def hosts_answer_in_every_state(base: Base) -> Iterator[Found]:
    """The same in each state, whether or not somebody is in it."""
    for probe in base.states:
        for route, _, fact, hint in _cut_off([obj for obj in probe.objects if obj["kind"] in _ROUTES]):
            file = f"{base.folders[0]}/{layout.STATES}/{STATES[probe.state].parts[0]}/{FILE}"
            yield Found(Place(file), f"as {probe.state} {fact}", hint, identity(route))


def _cut_off(routes: Sequence[Object]) -> Iterator[tuple[Object, Path, str, str]]:
    """Yield the routes of a host that does not answer everywhere, with where, why and what to do."""
    rules = [one for route in routes for one in _rules(route)]
    whole_hosts = {host for host, _, _, everything, _ in rules if everything}
    led = {host for host, _, _, _, leads in rules if leads}
    for route in routes:
        own = [one for one in rules if one[1] is route]
        for _, _, path, _, _ in [one for one in own if one[0] not in whole_hosts][:1]:
            fact = "no rule of this host takes every path as it is: the rest of the company's page is gone"
            yield route, path, fact, "add a rule for every path below /, without a condition"
        for _, _, path, _, _ in [one for one in own if one[0] in whole_hosts - led][:1]:
            fact = "every rule of this host sends people to the host itself: nobody gets an answer"
            yield route, path, fact, "lead one rule to a Service"


def _rules(route: Object) -> Iterator[tuple[str, Object, Path, bool, bool]]:
    """Yield each rule of each host of a route.

    Returns:
        The host, the route, where the rule stands, whether it takes every path as it is, and whether somebody answers.
    """
    spec = spec_of(route)
    for index, item in enumerate(mappings(spec.get("rules"))):
        path: Path = ("spec", "rules", index)
        if route["kind"] == "Ingress":
            paths = list(mappings(mapping(item.get("http")).get("paths")))
            everything = any(one.get("pathType") == "Prefix" and one.get("path") == "/" for one in paths)
            yield string(item.get("host")), route, path, everything, bool(paths)
            continue
        everything = any(map(_takes_all, tuple(mappings(item.get("matches"))) or ({},))) and not _is_one_page(item)
        for host in strings(spec.get("hostnames")):
            yield host, route, path, everything, _answers(item)


def _takes_all(match: Object) -> bool:
    path = {"type": "PathPrefix", "value": "/", **mapping(match.get("path"))}
    conditions = any(match.get(key) for key in _CONDITIONS)
    return path["type"] == "PathPrefix" and not str(path["value"]).strip("/") and not conditions


def _is_one_page(item: Object) -> bool:
    """Say whether a rule asks the pods for one page, whatever people ask for."""
    rewritten = (mapping(mapping(one.get("urlRewrite")).get("path")) for one in mappings(item.get("filters")))
    return any(path.get("type") == "ReplaceFullPath" for path in rewritten)


def _answers(item: Object) -> bool:
    """Say whether a rule leads to a Service, or to a host that is somebody else's."""
    redirected = (mapping(one.get("requestRedirect")) for one in mappings(item.get("filters")))
    return bool(sequence(item.get("backendRefs"))) or any(to.get("hostname") for to in redirected)


# --- for how long

_STEP: Final = re.compile(r"([0-9]+)(h|ms|m|s)")
_SECONDS: Final = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_PROBE_SECONDS: Final = 1
"""What Kubernetes takes for timeoutSeconds of a probe that states none."""


@rule(
    "K8S028",
    per=Per.CLASS,
    title="a route waits for an answer as long as the kubelet does",
    why="The pods count as ready while the Gateway gives up on them: people get 504, and nothing is Degraded.",
    fix="Write more, or 0s for no bound.",
    source="https://gateway-api.sigs.k8s.io/geps/gep-1742/",
)
def routes_wait_for_an_answer(rendered: Rendered) -> Iterator[Found]:
    """No timeout of a route is shorter than what a readiness probe of the pods behind it may take."""
    for route in rendered.of_kind("HTTPRoute"):
        workloads = [workload for _, _, workload in behind(route, rendered.objects)]
        patience = max(map(_patience, workloads), default=0)
        for index, item in enumerate(mappings(spec_of(route).get("rules"))):
            for key, text in mapping(item.get("timeouts")).items():
                if 0 < _seconds(str(text)) < patience:
                    fact = f"it gives up after {text}, and a readiness probe of the pods may take {patience} s"
                    hint = f"write {patience}s or more, or 0s for no bound"
                    yield rendered.found_at(route, ("spec", "rules", index, "timeouts", key), fact, hint)


def _patience(workload: Object) -> int:
    """Return for how many seconds the kubelet waits for an answer of a workload's pods."""
    containers = mappings(mapping(pod_spec(workload)).get("containers"))
    probes = (mapping(container.get("readinessProbe")) for container in containers)
    return max((whole(probe.get("timeoutSeconds"), _PROBE_SECONDS) for probe in probes if probe), default=0)


def _seconds(text: str) -> Decimal:
    """Return what a duration of the Gateway API is in seconds; what is none counts as no bound: K8S001 says so."""
    return sum((int(number) * _SECONDS[unit] for number, unit in _STEP.findall(text)), start=Decimal(0))
