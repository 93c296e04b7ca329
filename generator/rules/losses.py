"""Rules on two commits: what a change may not take away from a company unseen, its data and its hosts."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from generator.findings.finding import Found, Place, Severity
from generator.findings.rule import Firm
from generator.findings.words import plural
from generator.fleet.model import Platform, Tenant
from generator.fleet.states import RETIRING
from generator.kube.lenient import Object, mapping, mappings, strings
from generator.kube.pods import pod_spec
from generator.render.rendered import Rendered, origin_of
from generator.rules.compared import Compared, Step
from generator.rules.render import hosts_of
from generator.rules.rule import Per, rule
from generator.rules.whereabouts import out_of_sight, secrets_elsewhere

_CLAIM: Final = "PersistentVolumeClaim"
_HOLD_DATA: Final = (_CLAIM, "SecretStore", "Namespace")
_NAMED: Final = 20
"""How many names a message lists."""


@rule(
    "CHG020",
    per=Per.CHANGE,
    title="what holds a company's data stays in its render, and in its pods",
    why=(
        "A claim, secret store or namespace of another name is a new, empty one; the old one is left behind unseen, as"
        " is a claim that is mounted elsewhere, in part, read-only or under another volume, and a key that moves."
    ),
    fix="Take the change back; a company that moves its data does so by hand, and the change is approved.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming",
    firm=Firm.DATA,
    lifted_by_approval=True,
)
def what_holds_data_stays(compared: Compared) -> Iterator[Found]:
    """No claim, secret store or namespace leaves a tenant's render, and pods find it where it was."""
    lost: dict[tuple[str, Place], list[Step]] = defaultdict(list)
    for step in compared.steps:
        dropped = frozenset(_dropped(compared, step) if step.rendered_after else ())
        for claim in sorted(dropped):
            place = step.after.document.place(("addons",) if "addons" in step.after.document.data else ("name",))
            hint = f"keep it: tenantry set {step.after.name} kept+={claim}{compared.then_generate}"
            yield Found(place, f"the {_CLAIM} {claim} of an add-on is gone, with what is in it", hint)
        for fact, place in _lost(step, dropped):
            lost[fact, place].append(step)
    for (fact, place), steps in lost.items():
        whom = _listed([step.after.name for step in steps])
        yield Found(place, f"{fact}, for {whom}", compared.taken_back(steps))


def _dropped(compared: Compared, step: Step) -> Iterator[str]:
    """Yield the claims of add-ons that a company had or kept, that it no longer has, and that it could keep."""
    before, after = (_claims(step.before, compared.before), _claims(step.after, compared.after))
    yield from before.intersection(compared.after.claims) - after


def _claims(tenant: Tenant, platform: Platform) -> frozenset[str]:
    had = (claim for claim, addon in platform.claims.items() if addon.name in tenant.addons)
    return frozenset((*had, *tenant.kept))


def _lost(step: Step, dropped: Collection[str]) -> Iterator[tuple[str, Place]]:
    """Yield what a tenant loses, and where that is written; not the claims that it drops."""
    before, after = step.rendered_before, step.rendered_after
    if before is None or after is None:
        return
    was, now = _holders(before), _holders(after)
    left = was.keys() - now.keys() - {(_CLAIM, claim) for claim in dropped}
    came = now.keys() - was.keys()
    for key in sorted(left):
        kind, name = key
        new = [other for other in came if other[0] == kind]
        if len(new) == 1 and sum(other[0] == kind for other in left) == 1:
            yield f"the {kind} {name} becomes {new[0][1]}", after.place(now[new[0]])
        else:
            place = origin_of(before.origins, was[key]) or step.after.document.place()
            yield f"the {kind} {name} is gone", place
    unmounted = sorted(name for name in _mounted(before) - _mounted(after) if (_CLAIM, name) in was)
    for name in unmounted:
        if (claim := now.get((_CLAIM, name))) is not None and name not in step.after.kept:
            yield f"no pod mounts the {_CLAIM} {name} any more", after.place(claim)
    for fact, one in [
        *out_of_sight(before, after, unmounted, writable=step.after.state != RETIRING),
        *secrets_elsewhere(before, after),
    ]:
        yield fact, origin_of(after.origins, one) or origin_of(before.origins, one) or after.place()


def _holders(rendered: Rendered) -> Mapping[tuple[str, str], Object]:
    """Return what holds data, by kind and name, with its namespace where that is not the tenant's."""
    return {(obj["kind"], _name(obj, rendered.tenant.name)): obj for obj in rendered.of_kind(*_HOLD_DATA)}


def _name(obj: Object, tenant: str) -> str:
    name, namespace = str(obj["metadata"]["name"]), str(obj["metadata"].get("namespace", ""))
    if obj["kind"] == "Namespace":
        return "of the company" if name == tenant else name
    return name if namespace == tenant else f"{namespace}/{name}"


def _mounted(rendered: Rendered) -> frozenset[str]:
    """Return the names of the claims that a pod mounts."""
    specs = [spec for obj in rendered.objects if (spec := pod_spec(obj)) is not None]
    volumes = [volume for spec in specs for volume in mappings(spec.get("volumes"))]
    return frozenset(strings([mapping(volume.get("persistentVolumeClaim")).get("claimName") for volume in volumes]))


# --- hosts


@rule(
    "CHG022",
    per=Per.CHANGE,
    severity=Severity.WARNING,
    title="a company keeps its hosts",
    why="Links, bookmarks and programs of the company's people lead to the host that it had.",
    fix="Tell the company first, or leave it the host.",
    source="tenantry: one pull request shows its whole effect, and the budget bounds it",
    firm=Firm.TWO_COMMITS,
)
def hosts_stay(compared: Compared) -> Iterator[Found]:
    """Who loses a host is named."""
    holders = {host: step.after.name for step in compared.steps for host in _hosts(step.rendered_after, step.after)}
    said: dict[Place, list[str]] = defaultdict(list)
    for step, host in _lost_hosts(compared):
        to = f", from now on {holders[host]}'s" if host in holders else ""
        said[_cause(compared, step, host)].append(f"{host} ({step.after.name}{to})")
    for place, hosts in said.items():
        fact = f"{plural(len(hosts), 'host')} of a company no longer {'leads' if len(hosts) == 1 else 'lead'} to it"
        yield Found(place, f"{fact}: {_listed(hosts)}", "tell the company first, or leave it its host")


@rule(
    "CHG023",
    per=Per.CHANGE,
    title="no change takes away more hosts than the blast-radius budget allows",
    why="A slip in domain or hostSuffixes takes the address of every customer away.",
    fix="Split the change, or have it approved.",
    source="tenantry: one pull request shows its whole effect, and the budget bounds it",
    firm=Firm.TWO_COMMITS,
    lifted_by_approval=True,
)
def few_hosts_are_lost_at_once(compared: Compared) -> Iterator[Found]:
    """More hosts than the budget of the state before allows are not lost in one change."""
    lost = _lost_hosts(compared)
    steps = list({step.after.name: step for step, _ in lost}.values())
    if words := _over(compared, len(steps), len(lost)):
        fact = f"the change takes away more hosts than the blast-radius budget allows: {words}"
        yield Found(_cause(compared, *lost[0]), fact, compared.taken_back(steps))


def _lost_hosts(compared: Compared) -> list[tuple[Step, str]]:
    """Return each host that a company loses, with the company."""
    return [
        (step, host)
        for step in compared.steps
        for host in sorted(_hosts(step.rendered_before, step.before) - _hosts(step.rendered_after, step.after))
    ]


def _hosts(rendered: Rendered | None, tenant: Tenant) -> frozenset[str]:
    if rendered is None:
        return frozenset(tenant.hosts)
    return frozenset(host for route in rendered.of_kind("HTTPRoute", "Ingress") for host in hosts_of(route))


def _cause(compared: Compared, step: Step, host: str) -> Place:
    """Return where a host was lost: in the tenant's own file, or in what all share."""
    before, after = compared.before.document.data, compared.after.document.data
    key = next(
        (key for key in ("domain", "hostSuffixes", "exposure", "addons") if before.get(key) != after.get(key)), ""
    )
    if host in step.before.hosts[1:] or not key:
        return step.after.document.place(("hosts",) if "hosts" in step.after.document.data else ())
    return compared.after.document.place((key,))


def _over(compared: Compared, companies: int, hosts: int) -> str:
    budget = compared.before.budget
    share = 100 * companies / compared.fleet if compared.fleet else 0
    words = []
    if budget.tenants is not None and companies > budget.tenants:
        words.append(f"{companies} tenants lose one, {budget.tenants} are allowed")
    if budget.share is not None and share > budget.share:
        words.append(f"{share:.0f} % of the tenants lose one, {budget.share} % are allowed")
    if budget.removals is not None and hosts > budget.removals:
        words.append(f"{hosts} are lost, {budget.removals} are allowed")
    return "; ".join(words)


def _listed(names: Collection[str]) -> str:
    """List names in one line; of many, the first and how many more there are."""
    shown, more = list(names)[:_NAMED], len(names) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
