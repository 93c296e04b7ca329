"""SEC: pods keep to the restricted profile, off the node and to their own volumes."""

import re
from collections.abc import Iterator
from typing import Any, Final

from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.kube.lenient import mapping, mappings, spec_of
from generator.kube.pods import pod_spec, pod_template
from generator.render.rendered import Rendered
from generator.rules.podsecurity import reaches_for_the_node, violations
from generator.rules.rule import Per, rule

_LEVELS: Final = ("enforce", "audit", "warn")
_PINNED: Final = re.compile(r"v1\.([0-9]{1,3})")
_WHOLE: Final = 34
"""The first minor version whose profile checks all that it checks today, hosts of probes the last: an older one lets
through what came later. https://kubernetes.io/docs/concepts/security/pod-security-standards/"""


@rule(
    "SEC001",
    per=Per.CLASS,
    title="the Namespace enforces the restricted profile, of a pinned version",
    why="Without it a pod can take over its node, and with it every company there.",
    fix="Put the labels back in base/guard/core/namespace.yaml.",
    source=sources.POD_SECURITY,
    behind=("isolation", "escape"),
)
def pod_security_is_restricted_and_pinned(rendered: Rendered) -> Iterator[Found]:
    """The Namespace asks for the restricted profile, of a version that the cluster knows and that checks all of it."""
    newest = int(rendered.platform.cluster.kubernetes.partition(".")[2])
    oldest = min(_WHOLE, newest)
    for namespace in rendered.of_kind("Namespace"):
        labels = mapping(namespace["metadata"].get("labels"))
        for level in _LEVELS:
            key = f"pod-security.kubernetes.io/{level}"
            if labels.get(key) != "restricted":
                said = labels.get(key, "not set")
                yield rendered.found(namespace, f"{key} is {said}", "write restricted")
            version = str(labels.get(f"{key}-version", "not set"))
            pinned = _PINNED.fullmatch(version)
            if not pinned or not oldest <= int(pinned[1]) <= newest:
                fact = f"{key}-version is {version}"
                yield rendered.found(namespace, fact, f"pin a version from v1.{oldest} to v1.{newest}")


@rule(
    "SEC002",
    per=Per.CLASS,
    title="every container meets the restricted profile and cannot write to its image",
    why="The API server would accept the Deployment and refuse its pods.",
    fix="Set the field that is named in base/.",
    source=sources.POD_SECURITY,
    behind=("isolation", "escape"),
)
def pods_meet_the_restricted_profile(rendered: Rendered) -> Iterator[Found]:
    """Every container meets the profile that the Namespace enforces, and cannot write to its own image."""
    for obj in rendered.objects:
        for fact in violations(pod_template(obj) or {}):
            yield rendered.found(obj, fact)


@rule(
    "SEC003",
    per=Per.CLASS,
    title="no pod holds a token of the API server",
    why="Whoever breaks into a pod would speak to the API server in its name.",
    fix="Set automountServiceAccountToken: false on the account and the pod.",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    behind=("escape",),
)
def pods_hold_no_token(rendered: Rendered) -> Iterator[Found]:
    """No pod can talk to the API server: neither its account nor the pod itself mounts a token."""
    accounts = {account["metadata"]["name"] for account in rendered.of_kind("ServiceAccount")}
    if "default" not in accounts:
        place = rendered.place(next(rendered.of_kind("Namespace"), None))
        fact = "the account `default`, which a pod gets that names none, is not rendered, so it mounts its token"
        yield Found(place, fact, "render it with automountServiceAccountToken: false")
    for account in rendered.of_kind("ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield rendered.found(account, "automountServiceAccountToken is not false")
    for obj in rendered.objects:
        spec = pod_spec(obj)
        if spec is None:
            continue
        if spec.get("automountServiceAccountToken") is not False:
            yield rendered.found(obj, "the pod's automountServiceAccountToken is not false")
        if spec.get("serviceAccountName", "default") == "default":
            yield rendered.found(obj, "the pod has no account of its own", "name one as serviceAccountName")
        for volume in mappings(spec.get("volumes")):
            for source in mappings(mapping(volume.get("projected")).get("sources")):
                if "serviceAccountToken" in source:
                    fact = f"volume {volume.get('name')} projects a token of the account"
                    yield rendered.found(obj, fact)


@rule(
    "SEC016",
    per=Per.CLASS,
    title="no pod reaches for its node",
    why="The node's network, files and processes are those of every company on it.",
    fix="Remove the field that is named.",
    source=sources.POD_SECURITY,
    behind=("isolation", "quota", "escape"),
)
def pods_stay_off_the_node(rendered: Rendered) -> Iterator[Found]:
    """No pod uses its node's network, processes, files or ports, or chooses its node."""
    for obj in rendered.objects:
        for fact in reaches_for_the_node(pod_spec(obj) or {}):
            yield rendered.found(obj, fact)


@rule(
    "SEC023",
    per=Per.CLASS,
    title="a volume is the company's own and new",
    why="A claim that chooses its volume can be given another company's files.",
    fix="Ask for storage by class and size alone.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/",
    firm=Firm.NEIGHBOURS,
)
def volumes_are_the_tenants_own(rendered: Rendered) -> Iterator[Found]:
    """A claim asks for a new volume, and a pod mounts claims: neither chooses somebody's existing storage."""
    for obj in rendered.of_kind("PersistentVolumeClaim"):
        yield from (rendered.found(obj, fact) for fact in _chosen_volume(spec_of(obj)))
    for obj in rendered.objects:
        for volume in mappings((pod_spec(obj) or {}).get("volumes")):
            name = volume.get("name")
            if "csi" in volume:
                fact = f"volume {name} is mounted by the driver {mapping(volume['csi']).get('driver')}, without a claim"
                yield rendered.found(obj, fact, "use a PersistentVolumeClaim")
            claim = mapping(mapping(volume.get("ephemeral")).get("volumeClaimTemplate")).get("spec")
            yield from (rendered.found(obj, f"volume {name}: {fact}") for fact in _chosen_volume(claim))


def _chosen_volume(claim: Any) -> Iterator[str]:
    spec = mapping(claim)
    if spec.get("volumeName"):
        yield f"volumeName asks for the existing volume {spec['volumeName']}"
    if spec.get("selector"):
        yield "selector chooses among existing volumes"
    source = mapping(spec.get("dataSourceRef"))
    if source.get("namespace"):
        yield f"dataSourceRef copies from the namespace {source['namespace']}"
