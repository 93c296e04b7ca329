"""The step to the states of a company in `base/guard/states`, so that one can be suspended, leave and be purged. Pure.

Before it a guard had none. What a state switches off is read off base/: which workloads there are, what scales them,
which routes lead to them, and what the main one mounts. They are written into each guard that has none; a frozen one
with a record beside it stays what it was.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from generator import layout
from generator.kube.lenient import Object, mapping, mappings, spec_of, string
from generator.kube.pods import SCALED, pod_spec, pod_template
from generator.reading import yaml_objects
from generator.reading.yaml_writer import is_plain, scalar
from generator.upgrade.texts import Changes, Texts, data_of

_GUARD: Final = re.compile(rf"({layout.GUARD}|{layout.GUARDS}/[1-9][0-9]*)/")
_RELEASE: Final = re.compile(rf"{layout.BASE}/(?:edge|releases/[1-9][0-9]*)/")
_ROUTES: Final = {"HTTPRoute": "gateway", "Ingress": "ingress"}
_HEAD: Final = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n"


def is_done(texts: Texts) -> bool:
    """Say by the paths alone whether nothing is left to do.

    Args:
        texts: The files.
    """
    return not _without_states(texts.keys())


def _without_states(paths: Collection[str]) -> list[str]:
    """Return the guards that have no states, and that may still be written into."""
    guards = {match[1] for match in map(_GUARD.match, paths) if match}
    have = {path.partition(f"/{layout.STATES}/")[0] for path in paths if f"/{layout.STATES}/" in path}
    return sorted(guard for guard in guards - have if guard == layout.GUARD or layout.record(guard) not in paths)


def upgraded(texts: Texts) -> Changes:
    """Return the states of each guard that lacks them.

    Args:
        texts: The files; what cannot be read stays as it is, and is named when it is validated.
    """
    platform = data_of(layout.PLATFORM, texts.get(layout.PLATFORM, ""))
    service = string(mapping(platform.get("service")).get("workload"))
    files = [text for path, text in texts.items() if _RELEASE.match(path)]
    objects = [obj for text in files for obj in map(mapping, yaml_objects.objects_or_none(text))]
    if not any(pod_spec(obj) is not None and _name(obj) == service for obj in objects):
        return {}
    states = dict(_states(_What.of(objects, service)))
    return {
        f"{guard}/{layout.STATES}/{state}/kustomization.yaml": text
        for guard in _without_states(texts.keys())
        for state, text in states.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _What:
    """What states look at of everything that releases hold.

    Attributes:
        main: The workload that plans are counted in.
        others: All other workloads.
        scalers: Every autoscaler.
        routes: Every route.
        services: Names of the Services of the other workloads.
    """

    main: Object
    others: Sequence[Object]
    scalers: Sequence[Object]
    routes: Sequence[Object]
    services: frozenset[str]

    @classmethod
    def of(cls, objects: Iterable[Object], service: str) -> "_What":
        """Return what there is, each object once by kind and name."""
        by_name = {(string(obj.get("kind")), _name(obj)): obj for obj in reversed(list(objects))}
        each = sorted(by_name.values(), key=lambda obj: (string(obj.get("kind")), _name(obj)))
        workloads = [obj for obj in each if pod_spec(obj) is not None]
        others = [obj for obj in workloads if _name(obj) != service]
        pods = [mapping(mapping(mapping(pod_template(obj)).get("metadata")).get("labels")) for obj in others]
        return cls(
            main=next(obj for obj in workloads if _name(obj) == service),
            others=others,
            scalers=[obj for obj in each if obj.get("kind") == "HorizontalPodAutoscaler"],
            routes=[obj for obj in each if obj.get("kind") in _ROUTES],
            services=frozenset(
                _name(obj)
                for obj in each
                if obj.get("kind") == "Service"
                and (selector := mapping(spec_of(obj).get("selector")))
                and any(selector.items() <= labels.items() for labels in pods)
            ),
        )

    @property
    def workloads(self) -> Sequence[Object]:
        """All of them."""
        return (self.main, *self.others)

    def of_others(self) -> Iterator[Object]:
        """Yield the autoscalers of other workloads than the main one."""
        names = {(obj["kind"], _name(obj)) for obj in self.others}
        for scaler in self.scalers:
            target = mapping(spec_of(scaler).get("scaleTargetRef"))
            if (target.get("kind"), target.get("name")) in names:
                yield scaler


def _states(what: _What) -> Iterator[tuple[str, str]]:
    """Yield folder and text of each state that has something to do."""
    for folder, about, patches in _patches(what):
        if patches:
            yield folder, f"{about}{_HEAD}{patches}"


def _patches(what: _What) -> Iterator[tuple[str, str, str]]:
    """Yield folder, comment and patches of each state."""
    switched_off = "".join(_off(kind, obj) for kind, obj in {obj["kind"]: obj for obj in what.workloads}.items())
    unscaled = _NO_SCALER + _delete("HorizontalPodAutoscaler", what.scalers[0]) if what.scalers else ""
    yield "suspended", _SUSPENDED, f"{switched_off}{unscaled}{_NOTHING_IN_OR_OUT}"
    routes = {obj["kind"]: obj for obj in what.routes}
    yield "suspended-gateway", _TO_A_PAGE, _REDIRECT if "HTTPRoute" in routes else ""
    yield "suspended-ingress", _NO_INGRESS, _delete("Ingress", routes["Ingress"]) if "Ingress" in routes else ""
    others = "".join(_off(_selected(obj), obj) for obj in what.others)
    unscaled = "".join(_delete(_selected(obj), obj) for obj in what.of_others())
    yield "retiring", _RETIRING, f"{_read_only(what.main)}{others}{unscaled}"
    for kind, exposure in _ROUTES.items():
        closed = [route for route in what.routes if route["kind"] == kind and _backends(route) <= what.services]
        yield f"retiring-{exposure}", _NO_HOSTS, "".join(_delete(_selected(route), route) for route in closed)
    yield "purging", _PURGING, _NO_GUARDS


def _name(obj: Object) -> str:
    return string(mapping(obj.get("metadata")).get("name"))


def _written(name: str) -> str:
    return name if is_plain(name) else scalar(name)


def _selected(obj: Object) -> str:
    """Write what selects one object."""
    return f"{obj['kind']}, name: {_written(_name(obj))}"


def _off(selected: str, obj: Object) -> str:
    """Write the patch by which a workload makes no pods."""
    if obj["kind"] in SCALED:
        return f"- target: {{kind: {selected}}}\n  patch: |-\n    - {{op: add, path: /spec/replicas, value: 0}}\n"
    if obj["kind"] == "CronJob":
        return f"- target: {{kind: {selected}}}\n  patch: |-\n    - {{op: add, path: /spec/suspend, value: true}}\n"
    return _delete(selected, obj)


def _delete(selected: str, obj: Object) -> str:
    name = _written(_name(obj)) if ", name: " in selected else "any"
    return (
        f"- target: {{kind: {selected}}}\n  patch: |-\n    $patch: delete\n"
        f"    apiVersion: {obj['apiVersion']}\n    kind: {obj['kind']}\n    metadata: {{name: {name}}}\n"
    )


def _read_only(main: Object) -> str:
    """Write the patch by which the main workload mounts its claims without writing; empty where it mounts none."""
    claims = [
        (volume, string(claim.get("claimName")))
        for volume in mappings(mapping(pod_spec(main)).get("volumes"))
        if (claim := mapping(volume.get("persistentVolumeClaim")))
    ]
    if not claims or main["kind"] not in SCALED:
        return ""
    volumes = "".join(
        f"          - name: {_written(string(volume.get('name')))}\n"
        f"            persistentVolumeClaim: {{claimName: {_written(claim)}, readOnly: true}}\n"
        for volume, claim in claims
    )
    return (
        f"- target: {{kind: {_selected(main)}}}\n  patch: |-\n    apiVersion: {main['apiVersion']}\n"
        f"    kind: {main['kind']}\n    metadata: {{name: {_written(_name(main))}}}\n    spec:\n"
        f"      template:\n        spec:\n          volumes:\n{volumes}"
    )


def _backends(route: Object) -> frozenset[str]:
    """Return the Services that a route leads to; of one that leads to none, a name that no Service has."""
    names: set[str] = set()
    for item in mappings(spec_of(route).get("rules")):
        names |= {string(backend.get("name")) for backend in mappings(item.get("backendRefs"))}
        for path in mappings(mapping(item.get("http")).get("paths")):
            names.add(string(mapping(mapping(path.get("backend")).get("service")).get("name")))
    return frozenset(names or {""})


_SUSPENDED: Final = """\
# A company that is suspended: nothing runs and nothing is reached, and its data stays. The states stand after all that
# they change and before the facts; that they change it in every release, a rule holds them to (STA001).
"""

_NO_SCALER: Final = """\
# It would refuse to scale from 0, and own the number again as soon as that is 1.
"""

_NOTHING_IN_OR_OUT: Final = """\
# Every policy becomes the one that lets nothing in and nothing out.
- target: {kind: NetworkPolicy}
  patch: |-
    - {op: replace, path: /spec, value: {podSelector: {}, policyTypes: [Ingress, Egress]}}
"""

_TO_A_PAGE: Final = """\
# The hosts of a company that is suspended lead to a page of the provider's (unavailablePage of platform.yaml).
"""

_REDIRECT: Final = """\
- target: {kind: HTTPRoute}
  patch: |-
    # What the API server would fill in is written out, or Argo CD would see a difference for ever.
    - op: replace
      path: /spec/rules
      value:
      - matches:
        - path:
            type: PathPrefix
            value: /
        filters:
        - type: RequestRedirect
          requestRedirect:
            scheme: https
            hostname: placeholder
            path:
              type: ReplaceFullPath
              replaceFullPath: /placeholder
            statusCode: 302 # not 301: browsers would keep it when the company is back
replacements:
- source: {kind: TenantFacts, name: tenant, fieldPath: spec.unavailable.host}
  targets:
  - select: {kind: HTTPRoute}
    fieldPaths: [spec.rules.0.filters.0.requestRedirect.hostname]
- source: {kind: TenantFacts, name: tenant, fieldPath: spec.unavailable.path}
  targets:
  - select: {kind: HTTPRoute}
    fieldPaths: [spec.rules.0.filters.0.requestRedirect.path.replaceFullPath]
"""

_NO_INGRESS: Final = """\
# No Ingress can answer without a pod: the hosts of a company that is suspended get what the controller says of hosts
# that it does not know, usually 404.
"""

_RETIRING: Final = """\
# A company that leaves: until its last day its people can fetch their files and write none, and the add-ons are off.
"""

_NO_HOSTS: Final = """\
# The add-ons of a company that leaves are off, and so are their hosts.
"""

_PURGING: Final = """\
# A company that is deleted, listed behind suspended: what kept its Namespace and its claims goes.
"""

_NO_GUARDS: Final = """\
- target: {kind: Namespace}
  patch: |-
    - {op: remove, path: /metadata/annotations/argocd.argoproj.io~1sync-options}
- target: {kind: PersistentVolumeClaim}
  patch: |-
    - {op: remove, path: /metadata/annotations/argocd.argoproj.io~1sync-options}
"""
