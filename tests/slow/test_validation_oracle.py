"""What our checks say of an object against what Kubernetes' own validation says: every kind of its own that we emit.

Two things are shown. Whatever ours accept, Kubernetes accepts: a release of base/ without errors does not fail to sync.
And of what Kubernetes accepts, ours refuse one in a hundred at most, each for a reason that stands below.
"""

import json
import random
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
import yaml

from generator.admission.check import problems
from generator.findings.finding import Severity
from generator.generate.argocd import TENANT_KINDS
from generator.kube import schemas, typed
from generator.kube.lenient import Object
from generator.render.rendered import Rendered
from generator.rules import every
from generator.rules.admission import same_keys
from tests.admission.cases import Pair, changed
from tests.admission.cases_controllers import PAIRS
from tests.rules.harness import COMPANY, ROOT, good_repository
from tests.slow.builds import oracle
from tests.slow.mutate import mutated

pytestmark = pytest.mark.slow

VERSION: Final = "1.36"
SEED: Final = 20261126
CASES: Final = 2_000
RESULTS: Final = ROOT / "tests/slow/validation_results.json"
"""What the nightly run saw."""

_OFTEN: Final = 8
"""How much more often a Deployment is changed: most of what is checked is of pods."""

_PODS: Final = r"\w+ spec\.(jobTemplate\.spec\.)?template"

STRICTER: Final[Mapping[str, str]] = {
    r"\w+ metadata: an object needs a name": "what has no name cannot be applied",
    r"PersistentVolumeClaim spec\.dataSource": "the API server drops a source that it cannot use, and says nothing",
    r"Service spec\.sessionAffinityConfig": "the API server takes it and nobody reads it",
    r"Service .*targetPort: '' is not": "the API server writes a number there: the cluster and git differ",
    rf"{_PODS}.*\.projected\.sources": "sources of the newest versions depend on gates of the cluster",
    rf"{_PODS}.*: only an init container": "it depends on a gate of the cluster",
    rf"{_PODS}.*: an init container that ends has no lifecycle": "of its stopSignal alone; it depends on a gate",
    rf"{_PODS}.*\.volumes\.\d+\.\w+: tenantry does not know": "a volume that Kubernetes has in another form today",
    rf"{_PODS}.*: tenantry does not know": "what is checked of it depends on gates of the cluster",
    rf"{_PODS}.*\.imagePullSecrets.*: it lacks its key": "a secret without a name pulls nothing",
    rf"{_PODS}.*: there is no container": "the kubelet cannot make the file: the pod never starts",
    rf"{_PODS}.*: the container has no variable": "the kubelet cannot mount it: the pod never starts",
    rf"{_PODS}.* has a blank at its begin or end": "the API server refuses its pods",
    rf"{_PODS}.* is chosen a second time": "the API server refuses its pods",
    rf"{_PODS}.*: nobody reads this annotation": "it does nothing",
    r".*: the cluster writes this field": "what git says of it is dropped",
    r".*: it hides what is mounted at": "the pod would see one of the two alone",
    r".*: \$\(.*\) stays as it is": "the container would get the name of the variable for its value",
    r".*: nobody reads this old name": "the pod runs as another account than git says",
    r"StatefulSet spec\.updateStrategy\.rollingUpdate\.maxUnavailable": "it depends on a gate of the cluster",
    r"StatefulSet spec\.volumeClaimTemplates\.\d+\.metadata": "the API server refuses its claims",
    r"CronJob spec\.jobTemplate\.metadata": "the API server refuses its Jobs",
    r"CronJob spec\.schedule": "a schedule that its reader takes by accident, such as '1-5,'",
    r"(Cron)?Job .*: tenantry does not know": "a field that hardly anybody uses, and has many checks",
    rf"{_PODS}.*\.windowsOptions": "the restricted profile is one of Linux",
    rf"{_PODS}.*\.os\.name: tenantry knows": "the restricted profile is one of Linux",
    rf"{_PODS}.*localhostProfile": "the kubelet finds no such profile: the pod never starts",
}
"""What ours refuse and Kubernetes accepts, with the reason: an expression over kind, path and fact."""


def starts() -> list[Mapping[str, Any]]:
    """Return the objects that mutations start from: those of this repository, and richer ones."""
    rendered = [obj for company in good_repository().rendered for obj in company.objects]
    once = {(obj["kind"], obj["metadata"]["name"]): obj for obj in rendered if _is_of_kubernetes(obj)}
    return [*once.values(), *_rich()]


def _rich() -> list[Mapping[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "tests/admission/rich.yaml").read_text(encoding="utf-8")))


def _is_of_kubernetes(one: Object) -> bool:
    return typed.is_of_kubernetes(typed.schema_of(VERSION, one) or {})


def cases(number: int) -> list[dict[str, Any]]:
    """Return mutated objects that the schemas accept: what they refuse never comes so far."""
    found: list[dict[str, Any]] = []
    dice, good = random.Random(SEED), starts()  # noqa: S311 -- cases, not keys
    weights = [_OFTEN if one["kind"] == "Deployment" else 1 for one in good]
    while len(found) < number:
        (start,) = dice.choices(good, weights)
        one = mutated(dice, VERSION, start)
        checker = schemas.checker(VERSION, one["apiVersion"], one["kind"])
        if checker is not None and checker.accepts(one):
            found.append(one)
    return found


def answers(objects: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Ask Kubernetes what it refuses in each object."""
    asked = "\n".join(map(json.dumps, objects))
    done = subprocess.run([oracle("validation")], input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield what our checks of one object say: kind, path and fact."""
    parts = tuple(typed.parts(VERSION, one))
    found = [(problem.path, problem.fact) for problem in problems(one, parts)]
    found += [same for part in parts if isinstance(part.value, list) for same in same_keys(part)]
    for path, fact in found:
        yield f"{one['kind']} {'.'.join(map(str, path))}: {fact}"


def refused_by_others(one: Mapping[str, Any], company: Rendered) -> bool:
    """Say whether another rule refuses an object: in its place in the render, or beside the others."""
    others = [obj for obj in company.objects if (obj["kind"], obj["metadata"]["name"]) != _name(one)]
    after = replace(company, objects=(*others, one))
    return any(found.severity is Severity.ERROR for found in every.check_tenant(after))


def may_be_a_tenants(one: Mapping[str, Any]) -> bool:
    """Say whether a company may have such an object; in argocd/platform/, where all others stand, no rule is beside."""
    return (one["apiVersion"].rpartition("/")[0], one["kind"]) in {*TENANT_KINDS, ("", "Namespace")}


def _name(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["kind"], one["metadata"]["name"]


def compared(number: int) -> dict[str, Any]:
    """Compare both on as many objects, and return what was seen.

    Returns:
        How many Kubernetes accepts and how many of these ours refuse, for which reason; and everything that should not
        be: what ours accept and Kubernetes refuses, and what ours refuse for no reason that is listed.
    """
    (company,) = (item for item in good_repository().rendered if item.tenant.name == COMPANY)
    objects = cases(number)
    accepted, by_reason, by_kind = 0, Counter[str](), Counter[str]()
    missed, unexplained = [], []
    for one, theirs in zip(objects, answers(objects), strict=True):
        said = list(ours(one))
        by_kind[one["kind"]] += 1
        accepted += not theirs
        if theirs and not said and not (may_be_a_tenants(one) and refused_by_others(one, company)):
            missed.append((theirs, one))
        elif said and not theirs:
            reason = next((why for pattern, why in STRICTER.items() if re.match(pattern, said[0])), None)
            if reason is None:
                unexplained.append(said)
            else:
                by_reason[reason] += 1
    return {
        "objects": number,
        "kinds": dict(sorted(by_kind.items())),
        "accepted by Kubernetes": accepted,
        "of these refused by ours": dict(sorted(by_reason.items())),
        "accepted by ours alone": missed,
        "refused for no reason": unexplained,
    }


def _check(seen: Mapping[str, Any]) -> None:
    assert seen["accepted by ours alone"] == []
    assert seen["refused for no reason"] == []
    assert sum(seen["of these refused by ours"].values()) <= seen["accepted by Kubernetes"] / 100
    share = seen["accepted by Kubernetes"] / seen["objects"]
    assert 1 / 4 < share < 3 / 4, "both answers are common, or little is compared"


def test_what_ours_accept_kubernetes_accepts() -> None:
    """Of two thousand objects none is accepted by ours alone, and few are refused by ours alone."""
    _check(compared(CASES))


@pytest.mark.nightly
def test_what_ours_accept_kubernetes_accepts_of_many() -> None:
    """The same of twenty thousand; the numbers are kept beside this file."""
    seen = compared(10 * CASES)
    _check(seen)
    RESULTS.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")


def test_the_docs_list_every_reason() -> None:
    """Whoever is refused what Kubernetes would accept can read why."""
    text = (ROOT / "docs/concepts/what-the-api-server-checks.md").read_text(encoding="utf-8")
    assert [reason for reason in STRICTER.values() if f": {reason}\n" not in text] == []


def test_what_mutations_start_from_is_accepted_by_both() -> None:
    """Every object that is changed is right before it is: otherwise its changes would show nothing."""
    objects = starts()
    assert [(one["kind"], found) for one, found in zip(objects, answers(objects), strict=True) if found] == []
    assert [said for one in objects for said in ours(one)] == []


def test_kubernetes_says_the_same_of_every_pair() -> None:
    """What the pairs of tests/admission call refused is refused, and what is nearly the same is accepted."""
    bad = [changed(pair.kind, pair.path, pair.bad) for pair in PAIRS]
    good = [changed(pair.kind, pair.path, pair.good) for pair in PAIRS]
    accepted = [pair for pair, found in zip(PAIRS, answers(bad), strict=True) if not found]
    assert [str(pair) for pair in accepted if not _is_stricter(pair)] == []
    assert [(str(pair), found) for pair, found in zip(PAIRS, answers(good), strict=True) if found] == []


def _is_stricter(pair: Pair) -> bool:
    return pair.path in BY_APPLY or any(
        re.match(pattern, said) for said in ours(changed(pair.kind, pair.path, pair.bad)) for pattern in STRICTER
    )


BY_APPLY: Final = ("metadata.name", "metadata.uid")
"""What creating takes and applying does not: an object without a name, and one with another's identity."""
