"""Judging one for all who are alike finds what judging each by itself finds, whatever stands in base/."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import layout, pipeline
from generator.findings.finding import Finding, Found
from generator.git.snapshot import Snapshot
from generator.render import classes
from generator.render.rendered import Rendered
from generator.review.verify import gather, judge
from generator.rules import every
from generator.rules.rule import Per
from tests.harness import Repository

pytestmark = pytest.mark.slow

CORE: Final = "base/edge/core"
GUARD: Final = "base/guard/core"

NAMES: Final = (
    "changeme",
    "token",
    "plan",
    "silver",
    "files",
    "displayname",
    "sentinel",
    "invalid",
    "h10",
    "password-x",
)
"""Words of base/, of the files that are generated, of what rules look for, and of what stands for a name."""

BASES: Final = {
    "as it is": (),
    "a group of somebody else": ((f"{GUARD}/access.yaml", "placeholder:support", "support"),),
    "a policy for another company": ((f"{GUARD}/network.yaml", "name: monitoring", "name: changeme"),),
    "a password in a variable": (
        (
            f"{CORE}/fileserver.yaml",
            "        ports:\n",
            "        env:\n        - {name: PASSWORD, value: s3cr3t-Wk8JpQ2x}\n        ports:\n",
        ),
    ),
    "a bound of volumes": (
        (
            f"{GUARD}/ceilings.yaml",
            "  limits:\n",
            "  limits:\n  - {type: PersistentVolumeClaim, max: {storage: 70Gi}}\n",
        ),
    ),
    "a path without the name": ((f"{CORE}/fileserver.yaml", "tenants/placeholder/", "shared/placeholder/"),),
}


def findings(repository: Repository, *, direct: bool, sample: int = 0) -> frozenset[Finding]:
    """Return what all rules find."""
    snapshot = Snapshot.of_folder(repository.root)
    fleet, _ = pipeline.validated(snapshot)
    return frozenset(judge(gather(snapshot, fleet, direct=direct, sample=sample)))


def without_names(found: Iterable[Finding], names: Iterable[str]) -> frozenset[Finding]:
    """Return findings with one name in the place of all names, for what is said of one for all who are alike."""

    def same(text: str) -> str:
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, "NAME")
        return text

    return frozenset(
        dataclasses.replace(
            item,
            place=dataclasses.replace(item.place, file=same(item.place.file)),
            fact=same(item.fact),
            hint=same(item.hint),
            object=same(item.object),
        )
        for item in found
    )


def edited(repository: Repository, edits: Iterable[tuple[str, str, str]]) -> None:
    """Change files of base/."""
    for file, old, new in edits:
        path = repository.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, (file, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("base", BASES)
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True))
def test_by_class_is_found_what_is_found_of_each(
    tmp_path_factory: pytest.TempPathFactory, base: str, names: list[str]
) -> None:
    """Of hostile names and broken bases; what is the same for a class is said of the first of it."""
    repository = Repository(tmp_path_factory.mktemp("fleet") / "repository")
    for name in [*names, "company-101", "company-102"]:
        repository.tenant(name, addons=["chatbot"])
    for number, storage in enumerate(("60Gi", "70Gi", "71Gi", "71Gi", "172Gi")):
        repository.tenant(f"company-20{number}", addons=["chatbot"], storage=storage)
    repository.generate()
    edited(repository, BASES[base])
    of_classes = {item.rule.id for item in every.CHECKS if item.per in every.OF_A_CLASS}

    by_class, each = (findings(repository, direct=direct) for direct in (False, True))

    everybody = [*names, "company-101", "company-102", *(f"company-20{number}" for number in range(5))]
    assert without_names(by_class, everybody) == without_names(each, everybody)
    assert {found for found in by_class if found.rule not in of_classes} == {
        found for found in each if found.rule not in of_classes
    }


def test_what_is_found_does_not_depend_on_who_is_first(repository: Repository) -> None:
    """A company that is called like a placeholder or a secret hides nothing and adds nothing."""
    for name in ("changeme", "token", "zebra-1", "zebra-2"):
        repository.tenant(name)
    repository.generate()
    edited(
        repository,
        (
            (
                f"{CORE}/fileserver.yaml",
                "        ports:\n",
                "        env:\n        - {name: MODE, value: changeme}\n        ports:\n",
            ),
        ),
    )

    found = {item.rule for item in findings(repository, direct=False)}

    assert "KUS007" in found


@pytest.mark.parametrize("first", ["company-101", "company-103"])
def test_a_sheet_with_hosts_of_another_is_looked_at_as_it_stands(repository: Repository, first: str) -> None:
    """Somebody writes another's host into it by hand: a sentinel in its place would hide whose it is."""
    for name in (first, "company-102", "company-104"):
        repository.tenant(name)
    repository.generate()
    edited(repository, [(layout.facts(first), f'"{first}.', '"company-102.')] * 2)

    by_class, each = (findings(repository, direct=direct) for direct in (False, True))

    assert by_class == each
    assert {"KUS008", "KUS016"} <= {item.rule for item in each}


@pytest.mark.parametrize("sample", range(3))
def test_a_part_of_a_name_that_base_cuts_out_is_found_at_run_time(repository: Repository, sample: int) -> None:
    """It is refused where it is written; and whoever is compared has another part of another name than its class."""
    for name in ("company-101", "company-102", "acme-103"):
        repository.tenant(name)
    repository.generate()
    cut = """replacements:
- source: {kind: TenantFacts, name: tenant, fieldPath: spec.name, options: {delimiter: "-", index: 0}}
  targets:
  - select: {kind: Deployment, name: fileserver}
    fieldPaths: [metadata.labels.team]
    options: {create: true}
"""
    edited(repository, [("base/edge/components/facts/kustomization.yaml", "replacements:\n", cut)])

    said = {item.rule for item in findings(repository, direct=False, sample=sample)}

    assert {"KUS021", "KUS013"} <= said


def test_a_sentinel_that_leaks_is_found_at_run_time(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A string that is not put back is a difference from the direct build."""
    repository.tenant("company-101").tenant("company-102").generate()
    real = classes.filled
    monkeypatch.setattr(
        classes, "filled", lambda text, member: real(text, member).replace(f"tenants/{member.tenant}", "tenants/x")
    )

    found = {item.rule for item in findings(repository, direct=False)}

    assert found & {"KUS013"}


def test_a_rule_that_is_wrongly_marked_is_caught(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that looks at names, and says that it looks at a class, finds otherwise than for each by itself."""
    repository.tenant("company-101").tenant("company-102").tenant("evil-1").generate()
    wrong = next(item for item in every.CHECKS if item.rule.id == "KUS005")

    def looks_at_names(rendered: Rendered) -> Iterator[Found]:
        if rendered.tenant.name == "evil-1":
            yield rendered.found(rendered.objects[0], "it is evil")

    replaced = dataclasses.replace(wrong, per=Per.CLASS, function=looks_at_names)
    monkeypatch.setattr(every, "CHECKS", tuple(replaced if item is wrong else item for item in every.CHECKS))

    by_class, each = (findings(repository, direct=direct) for direct in (False, True))
    # each has its turn, so one of three runs compares the one that is evil
    compared = [findings(repository, direct=False, sample=sample) for sample in range(3)]

    assert {item.rule for item in each - by_class} == {"KUS005"}
    said = {(item.rule, item.place.file, item.fact) for found in compared for item in found - each}
    assert said == {
        (
            "KUS013",
            layout.kustomization("evil-1"),
            "judged by itself, KUS005 finds something in it, and judged by its class it finds nothing",
        )
    }


def test_a_rule_that_reads_a_number_and_does_not_say_so_is_caught(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that looks at a size, and says that it looks at a class, finds otherwise than for each by itself."""
    repository.tenant("company-101").tenant("company-102", storage="60Gi").tenant("company-103", storage="70Gi")
    repository.generate()
    wrong = next(item for item in every.CHECKS if item.rule.id == "KUS005")

    def looks_at_a_size(rendered: Rendered) -> Iterator[Found]:
        for claim in rendered.of_kind("PersistentVolumeClaim"):
            if claim["spec"]["resources"]["requests"]["storage"] == "70Gi":
                yield rendered.found(claim, "it is large")

    for per in (Per.CLASS, Per.SIZES):
        replaced = dataclasses.replace(wrong, per=per, function=looks_at_a_size)
        monkeypatch.setattr(every, "CHECKS", tuple(replaced if item is wrong else item for item in every.CHECKS))
        wrong = replaced

        by_class, each = (findings(repository, direct=direct) for direct in (False, True))

        assert {item.rule for item in each - by_class} == ({"KUS005"} if per is Per.CLASS else set())


NUMBERS: Final = (0, 1, 719, 1 << 40, "0", "3", "1e3", "250m", "12Ei", "", None)


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_a_rule_of_a_class_reads_no_number(repository: Repository, number: object) -> None:
    """Whatever stands where a size is carried to, a rule that does not say that it reads it finds the same."""
    repository.tenant("company-101", addons=["chatbot"]).tenant("company-102", storage="60Gi").generate()
    snapshot = Snapshot.of_folder(repository.root)
    fleet, _ = pipeline.validated(snapshot)

    for rendered in gather(snapshot, fleet, direct=True).repository.rendered:
        poisoned = json.loads(json.dumps(rendered.objects))
        for obj in poisoned:
            spec = obj.get("spec", {})
            hard, requests = spec.get("hard", {}), spec.get("resources", {}).get("requests", {})
            for holder, keys in ((spec, ("minReplicas", "maxReplicas")), (hard, (*hard,)), (requests, ("storage",))):
                holder.update((key, number) for key in keys if key in holder)
        other = dataclasses.replace(rendered, objects=tuple(poisoned))

        said = [{per: [*every.check(item, per)] for per in (Per.CLASS, Per.SIZES)} for item in (rendered, other)]

        assert said[0][Per.CLASS] == said[1][Per.CLASS]
        assert said[0][Per.SIZES] != said[1][Per.SIZES] or number in (1, 719, "3")


def test_who_is_alike_is_read_once_and_others_by_themselves(repository: Repository) -> None:
    """A file that somebody edited by hand, or that is missing, takes its company out of the others."""
    for number in range(5):
        repository.tenant(f"company-10{number}")
    repository.generate()
    facts = repository.root / layout.facts("company-103")
    facts.write_text(facts.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    (repository.root / layout.overlay("company-104") / "more.yaml").write_text("a: b\n", encoding="utf-8")
    snapshot = Snapshot.of_folder(repository.root)
    fleet, _ = pipeline.validated(snapshot)

    made = gather(snapshot, fleet).repository

    assert [[tenant.name for tenant in item.members] for item in made.representatives] == [
        ["company-100", "company-101", "company-102"],
        ["company-103"],
    ]
    assert [item.tenant.name for item in made.rendered] == ["company-104"]
