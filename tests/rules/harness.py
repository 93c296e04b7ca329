"""How a rule is shown to work: a good render, one change to it, and what the rule says then, word for word.

A case changes either a copy of the rendered objects in memory (a function over a `Scene`: quick), or a copy of the
repository on the disk (`Edit`s: for changes of base/, platform.yaml or a tenant, rendered again by the real kustomize).
Both start from this repository's own companies, in which no rule may find anything.

A family's cases stand in `cases_<family>.py` as a tuple `CASES`; `test_rules.py` runs all of them.
"""

import copy
import dataclasses
import pickle
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from generator import pipeline
from generator.findings.finding import Finding, Found, Place, Refused
from generator.fleet.model import Platform, Tenant
from generator.fleet.rings import Pair
from generator.git.snapshot import Snapshot
from generator.kube.kustomization import Gate
from generator.reading import yaml_writer
from generator.render.base_probe import read_base
from generator.render.provider import provider_objects
from generator.render.rendered import Base, Rendered, Repository
from generator.render.tenants import committed, render, texts_of_base
from generator.review.verify import Gathered, gather
from generator.rules import every
from generator.rules.every import RULES
from generator.rules.rule import Per

ROOT: Final = Path(__file__).parents[2]
INPUT: Final = ("base", "overlays", "argocd", "tenants", "platform.yaml")

COMPANY: Final = "company-002"
"""Silver with the chatbot, on the Gateway: everything is in its render but an Ingress and extra hosts."""


@dataclass(slots=True)
class Scene:
    """A copy of what rules read of one tenant and of its release of base/, for a case to change."""

    tenant: Tenant
    base: Base
    platform: Platform
    objects: list[dict[str, Any]]
    overlay: dict[str, Any]
    facts: dict[str, Any]
    entry: dict[str, Any]
    project: dict[str, Any]
    text: str
    files: dict[str, str]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """Return the object of a kind and name."""
        return next(obj for obj in self.objects if obj["kind"] == kind and obj["metadata"]["name"] == name)

    def pod(self, name: str = "fileserver") -> dict[str, Any]:
        """Return the pod spec of a Deployment."""
        spec: dict[str, Any] = self.one("Deployment", name)["spec"]["template"]["spec"]
        return spec

    def container(self, name: str = "fileserver") -> dict[str, Any]:
        """Return the only container of a Deployment."""
        container: dict[str, Any]
        (container,) = self.pod(name)["containers"]
        return container

    def remove(self, kind: str, name: str) -> None:
        """Take an object out."""
        self.objects.remove(self.one(kind, name))

    def add(self, text: str) -> dict[str, Any]:
        """Put an object in, written as YAML, in the tenant's namespace unless it names another."""
        one: dict[str, Any] = yaml.safe_load(text)
        one["metadata"].setdefault("namespace", self.tenant.name)
        self.objects.append(one)
        return one

    def add_again(self, kind: str, name: str, new_name: str) -> dict[str, Any]:
        """Put a copy of an object in, under another name, and return it."""
        one = copy.deepcopy(self.one(kind, name))
        one["metadata"]["name"] = new_name
        self.objects.append(one)
        return one


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one file of the repository.

    Attributes:
        file: Path from the repository's root.
        old: Text that stands there exactly once; empty to add at the end, or to make the file.
        new: What stands there afterwards.
    """

    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Change the file below a root."""
        path = root / self.file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert not self.old or text.count(self.old) == 1, f"{self.file} holds {self.old!r} {text.count(self.old)} times"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(self.old, self.new) if self.old else text + self.new, encoding="utf-8")


Change = Callable[[Scene], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A rule, a change, and what the rule says to it.

    Attributes:
        rule: Id of the rule.
        says: What is changed, in words; the name of the test.
        change: A change in memory.
        edits: Changes on the disk, when there is no change in memory.
        tenant: Whose render is looked at; after edits, everybody's when it is empty.
        generate: Whether the overlays are generated again after the edits.
        finds: Everything that the rule says, as `said` writes it; nothing for a near miss.
    """

    rule: str
    says: str
    change: Change | None = None
    edits: tuple[Edit, ...] = ()
    tenant: str = COMPANY
    generate: bool = False
    finds: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.rule} {'catches' if self.finds else 'lets pass'}: {self.says}"


def catches(rule: str, says: str, change: Change | tuple[Edit, ...], *finds: str, **more: Any) -> Case:
    """Return a case that a rule must catch, with everything that it says to it."""
    assert finds, f"{rule}: what is said is part of the case"
    return _case(rule, says, change, finds=finds, **more)


def passes(rule: str, says: str, change: Change | tuple[Edit, ...], **more: Any) -> Case:
    """Return a near miss: a case that looks like one of the rule's and is none."""
    return _case(rule, says, change, **more)


def _case(rule: str, says: str, change: Change | tuple[Edit, ...], **more: Any) -> Case:
    how: dict[str, Any] = {"edits": change} if isinstance(change, tuple) else {"change": change}
    return Case(rule=rule, says=says, **how, **more)


def unchanged(scene: Scene) -> None:
    """Change nothing: what the repository has already is the near miss."""
    del scene


def said(found: Finding) -> str:
    """Write a finding as `--format text` does, but for line and column, which move, and a hint that is its rule's."""
    about = f"{found.object}: " if found.object else ""
    hint = f"\n  hint: {found.hint}" if found.hint else ""
    return brief(f"{found.place.file}: {found.severity}: {about}{found.fact} [{found.rule}]{hint}", found.rule)


def brief(text: str, rule: str) -> str:
    """Leave the hint out where it is the rule's own, which `explain` and the reference have."""
    ours = RULES[rule].finding(Found(Place(""), "")).hint
    return text.removesuffix(f"\n  hint: {ours}")


def gathered_for(case: Case, tmp_path: Path) -> Gathered:
    """Carry a case out and return what rules then look at."""
    if case.change is None:
        return edited(case.edits, tmp_path, case.tenant, case.rule, generate=case.generate)
    good = good_repository()
    (before,) = (item for item in good.rendered if item.tenant.name == case.tenant)
    scene = Scene(
        tenant=before.tenant,
        base=good_base(),
        platform=before.platform,
        objects=copy.deepcopy([dict(obj) for obj in before.objects]),
        overlay=copy.deepcopy(dict(before.overlay)),
        facts=copy.deepcopy(dict(before.facts)),
        entry=dict(before.entry.data),
        project=copy.deepcopy(before.project.data),
        text=before.text,
        files=dict(good.files),
    )
    case.change(scene)
    after = dataclasses.replace(
        before,
        tenant=scene.tenant,
        platform=scene.platform,
        objects=tuple(scene.objects),
        overlay=scene.overlay,
        facts=scene.facts,
        entry=dataclasses.replace(before.entry, data=scene.entry),
        project=dataclasses.replace(before.project, data=scene.project),
        text=scene.text if scene.text != before.text else "---\n".join(map(written, scene.objects)),
    )
    # nothing was changed in the others: of them, only what rules on all tenants together see is looked at again
    others = (dataclasses.replace(item, represents=0) for item in good.rendered)
    rendered = tuple(after if other.tenant == before.tenant else other for other in others)
    fleet = dataclasses.replace(good.fleet, platform=scene.platform)
    same = scene.base is good_base() and scene.platform is before.platform
    return Gathered(
        bases=(good_base() if same else dataclasses.replace(scene.base, platform=scene.platform),),
        repository=Repository(fleet=fleet, rendered=rendered, files=scene.files),
        findings=(),
    )


def written(one: Mapping[str, Any]) -> str:
    """Write an object as YAML; most cases leave most objects as they are, so what was written is remembered."""
    return _dumped(pickle.dumps(one))


@lru_cache(maxsize=256)
def _dumped(pickled: bytes) -> str:
    return yaml_writer.dump(pickle.loads(pickled))  # noqa: S301 -- made above


def said_by_others(gathered: Gathered, case: Case) -> list[Finding]:
    """Return what the checks of all other rules say of what a case changed, and of all tenants together.

    Of a release and of tenants that it left as they are, `test_no_rule_finds_more_in_this_repository` has it.
    """
    without = {case.rule}
    releases = (base for base in gathered.bases if base is not good_base())
    tenants = (item for item in gathered.repository.rendered if case.change is None or item.tenant.name == case.tenant)
    return [
        *gathered.findings,
        *(found for base in releases for found in every.check(base, Per.RELEASE, Per.GUARD, without=without)),
        *(found for tenant in tenants for found in every.check_tenant(tenant, without)),
        *every.check(gathered.repository, Per.FLEET, without=without),
    ]


@cache
def good_repository() -> Repository:
    """Render this repository's companies, once in a session."""
    here = Snapshot.of_work_tree(ROOT)
    fleet, _ = pipeline.validated(here)
    files = committed(here)
    rendered = tuple(render(here, fleet, fleet.tenants))
    assert all(isinstance(item, Rendered) for item in rendered), rendered
    return Repository(fleet=fleet, rendered=rendered, files=files)  # type: ignore[arg-type]


@cache
def good_base() -> Base:
    """Build this repository's own release of base/, once in a session."""
    base, findings = read_base(Gate(Snapshot.of_work_tree(ROOT)), good_repository().fleet, Pair("edge", "live"))
    assert not findings
    return base


def edited(edits: Collection[Edit], tmp_path: Path, tenant: str, rule: str, *, generate: bool = False) -> Gathered:
    """Change a copy of the repository, render a tenant again, and return what a rule then looks at.

    A release of base/ that was changed is built with its probes, a dozen times, only for a rule that looks at them, or
    that no check says: the gate does.
    """
    root = tmp_path / "repository"
    copy_repository(root)
    for edit in edits:
        edit.apply(root)
    snapshot = Snapshot.of_folder(root)
    try:
        fleet, warnings = pipeline.validated(snapshot)
        if generate:
            pipeline.generate(root, snapshot)
            snapshot = Snapshot.of_folder(root)
    except Refused as refused:
        empty = Repository(fleet=good_repository().fleet, rendered=(), files={})
        return Gathered(bases=(), repository=empty, findings=refused.findings)
    touches_base = any(edit.file.startswith("base/") or edit.file == "platform.yaml" for edit in edits)
    looks_at = {check.per for check in every.CHECKS if check.rule.id == rule}
    if touches_base and (looks_at & {Per.RELEASE, Per.GUARD} or not looks_at):
        gathered = gather(snapshot, fleet, [tenant] if tenant else ())
    else:
        files = committed(snapshot)
        wanted = [item for item in fleet.tenants if not tenant or item.name == tenant]
        built = list(render(snapshot, fleet, wanted))
        rendered = tuple(item for item in built if isinstance(item, Rendered))
        found = tuple(item for item in built if isinstance(item, Finding))
        of_the_provider = any(edit.file.startswith("argocd/platform/") for edit in edits)
        provider, _ = provider_objects(snapshot) if of_the_provider else ((), "")
        base = texts_of_base(snapshot)
        repository = Repository(fleet=fleet, rendered=rendered, files=files, base=base, provider=provider)
        bases = () if touches_base else (good_base(),)
        gathered = Gathered(bases=bases, repository=repository, findings=found)
    return dataclasses.replace(gathered, findings=(*warnings, *gathered.findings))


def copy_repository(root: Path) -> None:
    """Copy what tenantry reads of this repository."""
    root.mkdir()
    for name in INPUT:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """One way to break isolation, a ceiling or Argo CD, and the rule that must catch it.

    A file `tests/cases/escapes/<sentence>.yaml` holds: `rule`; `tenant` and `generate` as in a `Case`, when they are
    not the usual; `why`, what it would do; and `edits`, each with `file` and `new`, and `old` when it replaces a text.
    """

    name: str
    rule: str
    why: str
    tenant: str
    generate: bool
    edits: tuple[Edit, ...]


def escapes() -> Iterator[Escape]:
    """Yield the negative corpus."""
    for path in sorted((ROOT / "tests/cases/escapes").glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        edits = tuple(Edit(item["file"], item.get("old", ""), item["new"]) for item in data.pop("edits"))
        yield Escape(**{"tenant": COMPANY, "generate": False, **data}, name=path.stem, edits=edits)
