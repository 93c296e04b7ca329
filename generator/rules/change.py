"""Rules on two commits: what a change may not do to a tenant that was there before."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Found, Place
from generator.findings.rule import Firm
from generator.findings.table import finding
from generator.findings.words import plural
from generator.fleet.model import AddOn, QuotaFrom, Resources, Tenant
from generator.fleet.rings import Ring, order
from generator.generate import smaller
from generator.generate.ceilings import raised
from generator.generate.size import RESOURCE_WORDS, amount_text
from generator.generate.started import ROUTES, difference
from generator.kube.lenient import Object, mapping
from generator.reading import quantity
from generator.render.rendered import identity
from generator.rules.compared import Compared, Step, Unread
from generator.rules.rule import Per, of_table, rule


@of_table("TEN012", per=Per.STEP)
def storage_never_shrinks(step: Step) -> Iterator[Found]:
    """A claim can be made larger, never smaller."""
    if step.after.storage < step.before.storage:
        yield _shrinks(step.after, step.before.storage)


def _shrinks(tenant: Tenant, before: int) -> Found:
    key = "storage" if "storage" in tenant.document.data else "plan"
    was, now = quantity.bytes_text(before), quantity.bytes_text(tenant.storage)
    fact = f"the volume has {was} and would shrink to {now}"
    return Found(tenant.document.place((key,)), fact, f"keep it: tenantry set {tenant.name} storage={was}")


@storage_never_shrinks.also(Per.CHANGE)
def storage_of_add_ons_never_shrinks(compared: Compared) -> Iterator[Found]:
    """Nor does the claim of an add-on, of a company that has it or keeps it."""
    for claim, addon in compared.after.claims.items():
        before = compared.before.claims.get(claim)
        if before is None or before.storage <= addon.storage:
            continue
        names = [
            step.after.name for step in compared.steps if _holds(step.before, before) and _holds(step.after, addon)
        ]
        if names:
            was, now = quantity.bytes_text(before.storage), quantity.bytes_text(addon.storage)
            who = f"{len(names)} companies" if len(names) > 1 else names[0]
            fact = f"the claim {claim} of {who} has {was} and would shrink to {now}"
            place = compared.after.document.place(("addons", addon.name, "storage"))
            yield Found(place, fact, f"write storage: {was} again{compared.then_generate}")


def _holds(tenant: Tenant, addon: AddOn) -> bool:
    """Say whether a company has the claim of an add-on, with it or without."""
    return addon.name in tenant.addons or addon.claim in tenant.kept


@rule(
    "CAP005",
    per=Per.STEP,
    title="what runs before a change fits the quota after it",
    why="With a quota below what runs, every new pod is refused and a rollout never ends.",
    fix="Change the plan with `tenantry set NAME plan=...`, which keeps the larger quota until the pods are gone.",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    firm=Firm.TWO_COMMITS,
)
def downgrades_go_in_two_steps(step: Step) -> Iterator[Found]:
    """What runs now must fit the quota that comes, or every new pod is refused."""
    before, after = step.before, step.after
    short = smaller.shortage(before, step.size_before, after, step.size_after)
    if short is None:
        return
    allowed, used = amount_text(short.field, short.allowed), amount_text(short.field, short.used)
    if short.of_release:
        yield _of_a_release(step, short, short.of_release)
        return
    fact = (
        f"plan {after.plan} allows {allowed} of {RESOURCE_WORDS[short.field]}, and under plan {short.plan} up to"
        f" {short.pods} pods of {step.size_before.service.name} ({used}) may run"
    )
    if short.plan == after.plan:
        most = step.size_after.service.max_replicas
        hint = (
            f"in two steps: first tenantry set {after.name} plan={short.plan} overrides.maxReplicas={most}, merge and"
            " wait for Healthy; then change the plan"
        )
    else:
        marker = smaller.larger_plan(before, short)
        since = f" quotaFrom.since={marker.since}" if marker else ""
        hint = (
            f"keep its quota until fewer pods run: tenantry set {after.name} quotaFrom.plan={short.plan}{since}; and"
            f" later tenantry set {after.name} --complete"
        )
    yield Found(after.document.place(("plan",)), fact, hint)


def _of_a_release(step: Step, short: smaller.Shortage, lacks: Resources) -> Found:
    allowed, used = amount_text(short.field, short.allowed), amount_text(short.field, short.used)
    service, release = step.size_before.service.name, layout.release(step.after.ring.release)
    quota = f"its quota is {allowed} of {RESOURCE_WORDS[short.field]}, and the {plural(short.pods, 'pod')} of {service}"
    fact = (
        f"the roll-out of {release} would not end: {quota} from before with those that come first take {used}"
        if smaller.goes_back(step.before, step.after)
        else f"pods would wait amid the roll-out of {release}: {quota} from before with those that come take {used}"
    )
    cpu, memory = max(lacks.requests_cpu, lacks.limits_cpu), max(lacks.requests_memory, lacks.limits_memory)
    more = [f"cpu {quantity.cpu_text(cpu)}"] if cpu else []
    more += [f"memory {-(-memory // _MEBIBYTE)}Mi"] if memory else []
    hint = (
        f"in the same change, add to reserve of {layout.PLATFORM}: {', '.join(more)}; and take it out when the release"
        " is rolled out"
    )
    return Found(step.after.document.place(("plan",)), fact, hint)


@rule(
    "CHG025",
    per=Per.STEP,
    title="a quota is kept from the plan before",
    why="The key would give a company more than it pays for.",
    fix="Let `tenantry set NAME plan=...` write it.",
    source="tenantry: a change to a smaller plan goes in two steps (docs/guides/change-a-plan.md)",
    firm=Firm.TWO_COMMITS,
)
def quotas_are_kept_from_the_plan_before(step: Step) -> Iterator[Found]:
    """A marker names a plan that the company had."""
    before, after = step.before, step.after
    kept, had = after.quota_from, before.quota_from
    if kept is None or kept.plan == before.plan or (had and kept.plan == had.plan):
        return
    fact = f"the quota of plan {kept.plan} is kept, and the plan before is {before.plan}"
    markers = [had, QuotaFrom(plan=before.plan, since=kept.since)]
    right = next((marker for marker in markers if marker and marker.plan != after.plan), None)
    way = f"quotaFrom.plan={right.plan} quotaFrom.since={right.since}" if right else "quotaFrom="
    yield Found(after.document.place(("quotaFrom",), key=True), fact, f"tenantry set {after.name} {way}")


_MEBIBYTE: Final = 1 << 20

_IMMUTABLE: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Deployment": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs")),
    "RoleBinding": (("roleRef",),),
    "Job": (("spec", "template"), ("spec", "selector"), ("spec", "completions"), ("spec", "completionMode")),
}
"""Fields that the API server refuses to change, by kind."""

_MUTABLE: Final[Mapping[str, frozenset[str]]] = {
    "PersistentVolumeClaim": frozenset({"resources", "volumeAttributesClassName"}),
    "StatefulSet": frozenset(
        "minReadySeconds ordinals persistentVolumeClaimRetentionPolicy replicas revisionHistoryLimit template"
        " updateStrategy".split()
    ),
}
"""Fields of a spec that may be changed, of kinds whose other fields may not.

Source: ValidatePersistentVolumeClaimUpdate and ValidateStatefulSetUpdate of k8s.io/kubernetes.
"""

_DATA: Final = ("binaryData", "data", "immutable")
"""What a ConfigMap with `immutable: true` keeps."""

_LONGEST: Final = 200
"""Of what differs, in a message."""

_HOLDS_DATA: Final = ("PersistentVolumeClaim", "StatefulSet")
"""Kinds of which another name means other, empty volumes."""


def immutable_changes(before: Object, after: Object) -> Iterator[str]:
    """Yield the fields that differ between two states of an object and that the API server refuses to change."""
    paths = list(_IMMUTABLE.get(after["kind"], ()))
    if mutable := _MUTABLE.get(after["kind"]):
        keys = {*mapping(before.get("spec")), *mapping(after.get("spec"))}
        paths += [("spec", key) for key in sorted(keys - mutable)]
    if after["kind"] == "ConfigMap" and before.get("immutable") is True:
        paths += [(key,) for key in _DATA]
    yield from (".".join(path) for path in paths if _at(before, path) != _at(after, path))


@rule(
    "K8S010",
    per=Per.STEP,
    title="immutable fields stay as they are",
    why="The API server refuses the update, and the sync fails until the change is taken back.",
    fix="Give the changed object another name, or take the change back.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates",
    firm=Firm.TWO_COMMITS,
)
def immutable_fields_stay(step: Step) -> Iterator[Found]:
    """Argo CD's sync fails for ever on a field that cannot be changed."""
    if step.rendered_before is None or step.rendered_after is None:
        return
    before = {identity(obj): obj for obj in step.rendered_before.objects}
    for obj in step.rendered_after.objects:
        old = before.get(identity(obj))
        for field in immutable_changes(old, obj) if old else ():
            if field == "spec.storageClassName" and step.before.storage_class not in ("", step.after.storage_class):
                continue  # TEN011 says where it is written
            fact = f"{field} cannot be changed once the object is there"
            hint = "take the change back"
            if obj["kind"] not in _HOLDS_DATA:
                hint = f"give the changed object another name, or {hint}"
            yield step.rendered_after.found(obj, fact, hint)


def _at(obj: Object, path: tuple[str, ...]) -> Any:
    value: Any = obj
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


@of_table("TEN011", per=Per.CHANGE)
def a_cluster_keeps_its_name(compared: Compared) -> Iterator[Found]:
    """An Application of another cluster is another Application."""
    before, after = compared.before.cluster.name, compared.after.cluster.name
    if before != after:
        place = compared.after.document.place(("clusters", after), key=True)
        fact = f"the cluster {before!r} becomes {after!r}, for every tenant"
        yield Found(place, fact, f"Argo CD would make every tenant again: {compared.taken_back([])}")


@of_table("TEN011", per=Per.CHANGE)
def a_volume_keeps_its_class(compared: Compared) -> Iterator[Found]:
    """A company stays on its storage class, whether its file states it or platform.yaml does for all."""
    rendered = [step for step in compared.steps if step.rendered_after]  # a company that is gone has no volume
    moved = [step for step in rendered if step.before.storage_class not in ("", step.after.storage_class)]
    by_default = [step for step in moved if _has_the_default(step.before) and _has_the_default(step.after)]
    for step in (step for step in moved if step not in by_default):
        key = "storageClass" if not _has_the_default(step.after) else "name"
        fact = f"its volumes are of the class {step.before.storage_class}, not {step.after.storage_class or 'of none'}"
        hint = f"keep it: tenantry set {step.after.name} storageClass={step.before.storage_class}"
        yield Found(step.after.document.place((key,)), fact, hint)
    if by_default:
        before, after = compared.before.storage_class, compared.after.storage_class
        names = [step.after.name for step in by_default]
        who = f"{len(names)} companies have" if len(names) > 1 else f"{names[0]} has"
        fact = f"storageClass becomes {after or 'nothing'}, and {who} volumes of {before} without saying so"
        hint = f"let them say so first: tenantry set --all 'storageClass?={before}'"
        yield Found(compared.after.document.place(("storageClass",)), fact, hint + compared.then_generate)


def _has_the_default(tenant: Tenant) -> bool:
    return "storageClass" not in tenant.document.data


@of_table("TEN017", per=Per.CHANGE)
def tenant_files_stay(compared: Compared) -> Iterator[Finding]:
    """A tenant file that was there stays, under its name (TEN011), and several least of all go at once (TEN020)."""
    return removed_files(compared.gone, compared.commit, compared.then_generate)


def removed_files(gone: Mapping[str, str], commit: str, then: str) -> Iterator[Finding]:
    """Yield what is wrong with removing tenant files.

    Args:
        gone: See `Compared.gone`.
        commit: The commit that still has them.
        then: What follows the command that brings them back.
    """
    for file, new in gone.items():
        if new:
            fact = f"the tenant was renamed to {PurePosixPath(new).stem}"
            yield finding("TEN011", Place(file), fact, f"rename it back: git mv {new} {file}{then}")
        else:
            fact = "this tenant's file was removed, and the tenant is in use"
            yield finding("TEN017", Place(file), fact, f"put it back: git checkout {commit[:10]} -- {file}{then}")
    if len(gone) > 1:
        fact = f"this change removes {len(gone)} tenants"
        hint = f"put them back: git checkout {commit[:10]} -- {' '.join(gone)}{then}"
        yield finding("TEN020", Place(next(iter(gone))), fact, hint)


@rule(
    "CHG026",
    per=Per.CHANGE,
    title="a release that was frozen before stays as it is, or goes",
    why="Companies run it: an edit reaches all rings at once, and nothing has tried it.",
    fix="Change base/edge or base/guard, and freeze that with `tenantry release`.",
    source="tenantry: a release is frozen once (docs/guides/roll-out.md)",
    firm=Firm.TWO_COMMITS,
)
def what_is_frozen_stays(compared: Compared) -> Iterator[Found]:
    """No change edits a frozen copy, nor what its record says; the whole may go."""
    for folder in compared.edited:
        kind = "guard" if folder.startswith(f"{layout.GUARDS}/") else "release"
        paths = f"{folder} {layout.record(folder)}"
        back = f"rm -r {paths}; git checkout {compared.commit[:10]} -- {paths}"
        live, option = (layout.GUARD, " --guard") if kind == "guard" else (layout.release(layout.EDGE), "")
        then = f"change {live} and freeze that: tenantry release{option}"
        yield Found(Place(folder), f"this {kind} was frozen before, and is edited", f"put it back: {back}; {then}")
    for folder in compared.given_again:
        option = " --guard" if folder.startswith(f"{layout.GUARDS}/") else ""
        hint = f"freeze it under the next one: rm -r {folder} {layout.record(folder)}; tenantry release{option}"
        yield Found(Place(folder), "this number was given before, to something else", hint)


@rule(
    "CHG027",
    per=Per.CHANGE,
    title="no ring overtakes the one before it",
    why="Companies of a later ring would get what no earlier one has tried.",
    fix="Promote the ring before it first, or say why with `tenantry promote RING N --reason WHY`.",
    source="tenantry: a release goes from ring to ring (docs/guides/roll-out.md)",
    firm=Firm.TWO_COMMITS,
)
def rings_do_not_overtake(compared: Compared) -> Iterator[Found]:
    """Whoever edits the rings by hand is held to what the verb holds to, as far as two commits tell.

    What the ring before had before the change counts, not what it gets by it: else one edit moves them all.
    """
    earlier = {ring.name: ring for ring in compared.before.rings}
    stood = compared.before.rings
    for index, ring in enumerate(compared.after.rings):
        old, tried = earlier.get(ring.name), _tried(compared, index)
        is_first = index == 0 and tried is None
        if is_first or (ring.reason and (old is None or ring.reason != old.reason)):
            continue
        in_its_place = stood[min(max(index, 1), len(stood)) - 1]  # where every ring before it is new
        had = [(tried or in_its_place).release, *(_releases(old) if old else [])]
        skips = [(key, release) for key, release in _named(ring) if order(release) > max(map(order, had))]
        for key, release in skips[:1]:
            place = compared.after.document.place(("rings", index, *key))
            fact, way = f"ring {ring.name} would get {release}, and ring ", "first "
            if tried:
                fact += f"{tried.name} before it was on {tried.release}"
                way += f"tenantry promote {tried.name} {release}, and merge that"
            else:
                fact += f"{compared.after.rings[index - 1].name} before it is new"
                way += f"merge ring {compared.after.rings[index - 1].name}"
            yield Found(place, fact, f"{way}; or say why: tenantry promote {ring.name} {release} --reason WHY")


def _tried(compared: Compared, index: int) -> Ring | None:
    """Return the ring before one as it was before the change; where none was, the one that stood before it then."""
    earlier = {ring.name: ring for ring in compared.before.rings}
    known = [earlier[ring.name] for ring in compared.after.rings[:index] if ring.name in earlier]
    name = compared.after.rings[index].name
    return (
        known[-1] if known else next((one for one, ring in pairwise(compared.before.rings) if ring.name == name), None)
    )


def _named(ring: Ring) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what companies of a ring run, where it is written."""
    yield ("release",), ring.release
    if ring.next:
        yield ("next", "release"), ring.next.release


def _releases(ring: Ring) -> list[str]:
    return [release for _, release in _named(ring)]


@rule(
    "CHG029",
    per=Per.CHANGE,
    title="a service that requires something is started, and reached, as it was",
    why="An argument, a key or a route can switch off what it asks of people, and no rule knows what they mean.",
    fix="Have the change approved by somebody who knows the program, or take it back.",
    source="tenantry: what a service must not run without (docs/concepts/closed-world.md)",
    firm=Firm.TWO_COMMITS,
    lifted_by_approval=True,
)
def services_are_started_as_before(compared: Compared) -> Iterator[Found]:
    """No release starts a service, whose declaration requires something, in a way that none did before."""
    for one in compared.starts:
        before = [other.parts for other in compared.started if other.workload == one.workload]
        if one.parts in before or not before or one.workload not in compared.before.requires:
            continue
        nearest = min((list(difference(parts, one.parts)) for parts in before), key=len)
        for what, how in nearest:
            text = how if len(how) <= _LONGEST else f"{how[:_LONGEST]}..."
            way = "reached" if what.startswith(ROUTES) else "started"
            yield Found(one.place, f"how {one.workload} is {way} changes, in {what}: {text}", "take it back")


@rule(
    "CHG030",
    per=Per.CHANGE,
    title="what quotas allow whatever the plan is not raised unseen",
    why="It is the last bound of what one company takes from its nodes and the cluster, and no plan says how much.",
    fix="Have the change approved, or take it back.",
    source="tenantry: a ceiling of every company (docs/concepts/plans.md)",
    firm=Firm.TWO_COMMITS,
    lifted_by_approval=True,
)
def ceilings_are_not_raised(compared: Compared) -> Iterator[Found]:
    """No release allows more of something than the quotas before the change did, beside what plans say."""
    said = set()
    for one in compared.ceilings:
        before = [other for other in compared.ceilings_before if other.name == one.name]
        for resource, was, now in raised(before, one):
            fact = f"every company may have {now} of {resource}, and {was} before (ResourceQuota {one.name})"
            if (one.place, fact) not in said:
                said.add((one.place, fact))
                yield Found(one.place, fact, "take it back")


# --- what cannot be compared, and names that were given before


@storage_never_shrinks.also(Per.CHANGE)
def unread_storage_never_shrinks(compared: Compared) -> Iterator[Found]:
    """Nor what the last file that states a size said, though no more of it can be read."""
    for unread in compared.unread:
        if unread.storage is not None and _is_larger(unread):
            yield _shrinks(unread.tenant, unread.storage)


def _is_larger(unread: Unread) -> bool:
    return unread.storage is not None and unread.tenant.storage < unread.storage


@of_table("CHG021", per=Per.CHANGE)
def what_is_needed_can_be_read(compared: Compared) -> Iterator[Found]:
    """A tenant file that no commit has in a form that can be read hides what the company has."""
    for unread in compared.unread:
        tenant = unread.tenant
        if unread.published and not _is_larger(unread):
            why = f"{unread.why.place}: {unread.why.fact}"
            fact = f"{unread.file} cannot be read in {compared.commit[:10]} nor in any commit before it ({why})"
            yield Found(tenant.document.place(), f"{fact}: nobody can tell what the company has")


@rule(
    "CHG024",
    per=Per.CHANGE,
    title="a name is given once",
    why="What the earlier company left in the cluster, its volume too, would be the new one's.",
    fix="Choose another name; a company that comes back gets its last file as it was.",
    source="tenantry: a name is given once",
    firm=Firm.DATA,
)
def a_name_is_given_once(compared: Compared) -> Iterator[Found]:
    """A new company of an old name gets the old one's volume."""
    for old in compared.returning:
        if old.restored or old.published:
            continue
        fact = f"the name {old.name!r} was given before: {old.path} in {old.commit[:10]}"
        command = f"git show {old.commit[:10]}:{old.path} > {old.place.file}{compared.then_generate}"
        hint = f"choose another name; or, if that company comes back, give it its file as it was: {command}"
        yield Found(old.place, fact, hint)
