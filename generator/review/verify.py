"""The second path over the stages: load -> build -> check. Rules read what kustomize made of the committed files."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused, Severity
from generator.findings.table import finding
from generator.fleet import days
from generator.fleet.lost import ways_back
from generator.fleet.model import Accepted, Fleet, Tenant, Weakened
from generator.fleet.rings import Pair
from generator.generate import frozen
from generator.generate.releases import releases_in
from generator.git import ancestry, door, ordinary
from generator.git.snapshot import Snapshot
from generator.kube.generated_names import without_hash
from generator.kube.kustomization import FILE, gate_of
from generator.kube.lenient import Object
from generator.proofs import summary as proofs
from generator.proofs.summary import Proved
from generator.render.base_probe import read_base
from generator.render.classes import Member, filled
from generator.render.newcomer import newcomers
from generator.render.provider import provider_objects
from generator.render.rendered import Base, Rendered, Repository, Representative
from generator.render.tenants import committed, render, render_alike, texts_of_base
from generator.review import approvals
from generator.review.pull_request import approvals_in
from generator.review.verdict import Outcome
from generator.rules import every
from generator.rules.closed_world import accepted_in, accepted_until
from generator.rules.platform_world import not_proved_beside
from generator.rules.rule import Per


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Outcome):
    """What a run of `verify` looked at and what it found.

    Attributes:
        proofs: What was proved of the promises that the provider makes.
    """

    proofs: tuple[Proved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything that rules look at.

    Attributes:
        bases: The releases of base/ that are in use, with the guards before them; and, with the live guard, the others.
        repository: The tenants, rendered, and what is committed.
        findings: What was found on the way: what cannot be read or rendered.
        by_itself: The tenant that is judged by itself as well, where others stand for it.
    """

    bases: tuple[Base, ...]
    repository: Repository
    findings: tuple[Finding, ...]
    by_itself: "ByItself | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByItself:
    """A tenant that is judged by itself, to compare with what is judged for it: a rule may be marked wrongly.

    Attributes:
        first: The one of its class that rules look at for all of it.
        subject: The one that is judged for those whose files are like its own; None where it is judged itself.
        own: Its render, with its own strings.
    """

    first: Rendered
    subject: Rendered | None
    own: Rendered


def due_on(snapshot: Snapshot, fleet: Fleet, today: date) -> tuple[Finding, ...]:
    """Return what has ended by a day: approvals, what tenant files say of days, and accepted fields.

    Args:
        snapshot: The repository.
        fleet: What it holds.
        today: The day.
    """
    of_approvals = approvals.problems(approvals_in(snapshot), today)
    return (*of_approvals, *days.warnings(fleet, today), *accepted_until(fleet.platform, today))


def verify(
    snapshot: Snapshot,
    fleet: Fleet,
    names: Collection[str] = (),
    *,
    sample: int,
    changed: Collection[str] = (),
    lost: Collection[str] = (),
    direct: bool = False,
    of_base: bool = True,
    rules: Mapping[str, Weakened] | None = None,
) -> Verified:
    """Render tenants from the committed files and run every rule.

    Args:
        snapshot: The repository.
        fleet: All input.
        names: Tenants to look at; all when empty.
        sample: Chooses which member of each class is compared with a direct build.
        changed: Tenants that are compared with a direct build regardless of sampling.
        lost: Companies whose tenant file is gone, and of whom that is said elsewhere.
        direct: Whether every tenant is built and judged by itself; nothing is compared then.
        of_base: Whether base/ is judged as well by itself and for companies to come; what a change leaves alone is not.
        rules: Which rules are weakened; as platform.yaml says when left out.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    gathered = gather(snapshot, fleet, names, sample=sample, changed=changed, lost=lost, direct=direct, of_base=of_base)
    repository = gathered.repository
    weights = fleet.platform.rules if rules is None else rules
    kept, weakened = weaken(judge(gathered), weights)
    accepted = accepted_in(repository)
    return Verified(
        tenants=repository.tenants,
        objects=repository.objects,
        rules=every.count(*every.OF_A_CLASS, Per.TENANT, Per.RELEASE, Per.GUARD, Per.FLEET),
        findings=kept,
        weakened=weakened,
        proofs=proofs.of_the_repository(repository),
        accepted=accepted,
        withheld=withheld(weights, accepted),
        beside=not_proved_beside(gathered.repository),
    )


def withheld(rules: Mapping[str, Weakened], accepted: Iterable[Accepted]) -> Mapping[str, tuple[str, ...]]:
    """Say which proofs say nothing, and why.

    Args:
        rules: The rules that are weakened, by id.
        accepted: The fields that are accepted although no rule reads them.
    """
    why = defaultdict(list)
    for rule, weight in rules.items():
        for proof in every.RULES[rule].behind:
            weaker = "is ignored" if weight.severity == "ignore" else "only warns"
            why[proof].append(f"{rule} {weaker}: {weight.reason}")
    for entry in accepted:
        for proof in entry.proofs:
            why[proof].append(f"{entry} is accepted by {entry.by}: {entry.reason}")
    return {proof: tuple(reasons) for proof, reasons in sorted(why.items())}


def gather(
    snapshot: Snapshot,
    fleet: Fleet,
    names: Collection[str] = (),
    *,
    sample: int = 0,
    changed: Collection[str] = (),
    lost: Collection[str] = (),
    direct: bool = False,
    of_base: bool = True,
) -> Gathered:
    """Build the releases and the tenants; the arguments are those of `verify`.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    named = frozenset(names)
    wanted = [tenant for tenant in fleet.tenants if not named or tenant.name in named]
    files = committed(snapshot)
    gate = gate_of(snapshot)
    used = sorted({tenant.ring.pair for tenant in wanted}) if of_base else []
    is_whole = of_base and len(wanted) == len(fleet.tenants) and not fleet.others
    unused = sorted(set(_with_the_live_guard(snapshot)) - set(used)) if is_whole else []
    read = [read_base(gate, fleet, pair, in_use=pair in used) for pair in (*used, *unused)]
    built: list[Representative | Rendered | Finding] = (
        list(render(snapshot, fleet, wanted, sample=None, direct=True))
        if direct
        else list(render_alike(snapshot, fleet, wanted, sample=sample, changed=changed))
    )
    provider, wrong = _provider(snapshot)
    return Gathered(
        bases=tuple(base for base, _ in read),
        repository=Repository(
            fleet=fleet,
            rendered=tuple(item for item in built if isinstance(item, Rendered)),
            representatives=tuple(item for item in built if isinstance(item, Representative)),
            files=files,
            base=texts_of_base(snapshot),
            provider=provider,
            lost=frozenset(lost),
            ways=_ways_back(snapshot, fleet, files, lost),
            newcomers=tuple(newcomers(snapshot, fleet)) if is_whole else (),
        ),
        findings=(
            *ordinary.line_ends(files.with_line_ends_of_windows()),
            *(found for _, unreadable in read for found in unreadable),
            *(frozen.problems(snapshot) if is_whole else ()),
            *(item for item in built if isinstance(item, Finding)),
            *wrong,
        ),
        by_itself=_by_itself(built, sample, changed),
    )


def _by_itself(
    built: Iterable[Representative | Rendered | Finding], sample: int, changed: Collection[str]
) -> ByItself | None:
    """Return one of those that others stand for: one that is edited, else the one whose turn it is."""
    others: list[tuple[Rendered, Representative | Rendered, tuple[Tenant, ...]]] = []
    first: Rendered | None = None
    for item in built:
        if isinstance(item, Finding):
            continue
        subject, members = (item.subject, item.members) if isinstance(item, Representative) else (item, (item.tenant,))
        first = subject if subject.represents else first
        if first is not None and first is not item:
            others.append((first, item, members))
    edited = [(*other, tenant) for other in others for tenant in other[2] if tenant.name in changed] if changed else []
    if edited:
        one, item, _, tenant = edited[sample % len(edited)]
    elif others:
        turn, number = divmod(sample, len(others))
        one, item, members = others[number]
        tenant = members[turn % len(members)]
    else:
        return None
    own = item if isinstance(item, Rendered) else item.of(tenant)
    text = filled(own.text, Member(tenant=tenant.name, hosts=tenant.hosts))
    stands_for_it = None if isinstance(item, Rendered) else item.subject
    return ByItself(first=one, subject=stands_for_it, own=replace(own, text=text))


def _provider(snapshot: Snapshot) -> tuple[tuple[Object, ...], tuple[Finding, ...]]:
    """Build argocd/platform/, or say why it cannot be built."""
    try:
        objects, error = provider_objects(snapshot)
    except Refused as refused:
        return (), refused.findings
    place = Place(f"{layout.PLATFORM_MANIFESTS}/{FILE}")
    return objects, (finding("KUS001", place, f"it cannot be built: {error}"),) if error else ()


def _with_the_live_guard(snapshot: Snapshot) -> Iterator[Pair]:
    """Yield every release that there is, with the guard that is live for it."""
    if snapshot.kind_of(layout.GUARD) is not None:
        for release in releases_in(snapshot):
            yield Pair(release, layout.LIVE)


def _ways_back(snapshot: Snapshot, fleet: Fleet, files: Collection[str], lost: Collection[str]) -> Mapping[str, str]:
    """Return how the files of those companies come back that have generated files, and no tenant file, here."""
    known = {*lost, *fleet.names}
    orphans = {name for file in files if (name := layout.tenant_of(file)) is not None and name not in known}
    head = (snapshot.commit or ancestry.head(snapshot.home)) if orphans else ""
    if not head:
        return {}
    committed_beside = fleet.platform.publishing == "committed"
    return ways_back(door.open_repository(snapshot.home), [head], orphans, committed=committed_beside)


def judge(gathered: Gathered, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what was found on the way, and what every rule finds.

    Args:
        gathered: Everything that rules look at.
        without: Rules that are left out.
    """
    yield from gathered.findings
    for base in gathered.bases:
        yield from every.check(base, Per.GUARD, *([Per.RELEASE] if base.in_use else []), without=without)
    said: set[tuple[str, ...]] = set()
    for found in _of_tenants(gathered.repository, without):
        said.add(_of_whom(found))
        yield found
    yield from (found for found in _of_newcomers(gathered.repository, without) if _of_whom(found) not in said)
    yield from every.check(gathered.repository, Per.FLEET, without=without)
    if gathered.by_itself and _COMPARISON not in without:
        yield from _judged_otherwise(gathered.by_itself, without)


_COMPARISON: Final = "KUS013"


def _judged_otherwise(by_itself: ByItself, without: Collection[str]) -> Iterator[Finding]:
    own = by_itself.own
    for rule, in_it in every.judged_otherwise(by_itself.first, own, by_itself.subject, without):
        where = ("by itself", "by its class") if in_it else ("by its class", "by itself")
        fact = f"judged {where[0]}, {rule} finds something in it, and judged {where[1]} it finds nothing"
        yield finding(_COMPARISON, Place(layout.kustomization(own.tenant.name)), fact)


def _of_tenants(repository: Repository, without: Collection[str]) -> Iterator[Finding]:
    for item in repository.rendered:
        yield from every.check_tenant(item, without)
    for representative in repository.representatives:
        yield from every.check_representative(representative, without)


def _of_newcomers(repository: Repository, without: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with companies that are not there; of what rules only warn, whoever has it is warned.

    Where a company cannot be rendered, nobody knows what it has: that is mended first.
    """
    for newcomer in repository.newcomers if repository.tenants == len(repository.fleet.tenants) else ():
        yield from (found for found in every.check_tenant(newcomer, without) if found.severity is Severity.ERROR)


def _of_whom(found: Finding) -> tuple[str, ...]:
    """Return the rule and the object of a finding, by what the object is called in base/."""
    kind, *_, name = found.object.split("/") if found.object else ("", "")
    return found.rule, kind, "" if kind == "Namespace" else without_hash(name)


def weaken(findings: Iterable[Finding], rules: Mapping[str, Weakened]) -> tuple[tuple[Finding, ...], Mapping[str, int]]:
    """Give findings the weight that platform.yaml gives their rules; the only place that does.

    Args:
        findings: With the weight of the catalog.
        rules: The rules that are weakened, by id.

    Returns:
        The findings that are left, and how many were weakened, by rule: 0 for a weakening that met nothing.
    """
    kept = []
    weakened = Counter(dict.fromkeys(rules, 0))
    for found in dict.fromkeys(findings):
        weight = rules.get(found.rule)
        if weight is None:
            kept.append(found)
            continue
        weakened[found.rule] += 1
        if weight.severity == "warn":
            kept.append(found.with_severity(Severity.WARNING))
    return tuple(kept), weakened
