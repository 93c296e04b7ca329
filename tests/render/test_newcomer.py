"""base/ is judged as the first company would get it that has what no company has yet."""

import re

import pytest

from tests.harness import Repository

pytestmark = pytest.mark.slow

CHATBOT = "base/edge/components/ai-chatbot/ai-chatbot.yaml"
POD = "      serviceAccountName: ai-chatbot\n"


def _with(repository: Repository, line: str) -> Repository:
    return repository.edit(CHATBOT, POD, f"{POD}      {line}\n")


@pytest.mark.parametrize(
    ("addons", "who"), [([], "tenantry-probe"), (["chatbot"], "company-001")], ids=["nobody has it", "a company has it"]
)
def test_what_is_wrong_with_an_addon_is_said_once_whoever_has_it(
    repository: Repository, addons: list[str], who: str
) -> None:
    """At the line of base/; nothing is written for a company that is not there."""
    ran = _with(repository.tenant(plan="silver", addons=addons).generate(), "hostPID: true").run("verify")

    said = re.findall(r"^(\S+: error: .* \[SEC016\])$", ran.stdout + ran.stderr, re.MULTILINE)
    assert said == [f"{CHATBOT}:53:1: error: Deployment/{who}/ai-chatbot: hostPID is true [SEC016]"]
    assert not [file for file in repository.files() if "tenantry-probe" in file]


def test_what_no_company_has_is_accepted_by_the_entry_that_is_named(repository: Repository) -> None:
    """And printed as accepted, as of any company."""
    made = _with(repository.tenant().generate(), "hostname: chat")
    (entry,) = re.findall(r"under `accepted`: (\{.+\})", made.run("verify").said)
    told = entry.replace("WHY", "the provider's agent asks for it").replace("WHO", "ops")
    made.write("platform.yaml", f"{made.read('platform.yaml')}\naccepted:\n- {told}\n")

    ran = made.run("verify")

    assert ran.exit == 0, ran.said
    assert "spec.template.spec.hostname of Deployment/ai-chatbot is accepted by ops" in ran.said


def test_a_release_that_a_ring_names_is_judged_before_a_company_is_on_it(repository: Repository) -> None:
    """Whoever comes first to the ring would get it."""
    released = repository.tenant().generate().run("release")
    assert released.exit == 0, released.said
    rings = '- {name: first, release: edge}\n- {name: all, release: "1"}'
    made = repository.edit("platform.yaml", "- {name: general, release: edge}", rings).generate()
    assert made.run("verify").exit == 0
    _with(made, "hostPID: true")

    assert "Deployment/tenantry-probe/ai-chatbot: hostPID is true [SEC016]" in made.run("verify").said


def test_what_nobody_has_is_not_warned_of(repository: Repository) -> None:
    """Whoever has it is: here of an image without a digest."""
    assert "ai-chatbot" not in repository.tenant().generate().run("verify").said


def test_of_one_company_only_what_it_has_is_judged(repository: Repository) -> None:
    """What waits in base/ for the next one is told by `verify` without a name."""
    made = _with(repository.tenant().generate(), "hostPID: true")

    assert made.run("verify", "company-001").exit == 0
    assert "hostPID is true [SEC016]" in made.run("verify").said


HOST_NETWORK = (
    "- target: {kind: Deployment, name: fileserver}\n"
    "  patch: |-\n"
    "    - {op: add, path: /spec/template/spec/hostNetwork, value: true}\n"
)


def test_what_an_addon_does_to_what_companies_have_is_judged_before_anybody_buys_it(repository: Repository) -> None:
    """It is at the same objects, and another finding than what those who run them have."""
    made = repository.tenant(plan="silver").generate()
    made.edit(
        "base/edge/components/ai-chatbot/kustomization.yaml",
        "configMapGenerator:\n",
        f"patches:\n{HOST_NETWORK}configMapGenerator:\n",
    )

    said = re.findall(r"error: (\S+): hostNetwork is true \[SEC016\]", made.run("verify").said)
    assert said == ["Deployment/tenantry-probe/fileserver"]


def test_what_is_wrong_with_what_everybody_has_is_said_of_those_who_have_it(repository: Repository) -> None:
    """And not of companies that are not there besides."""
    made = repository.tenant(plan="silver").generate()
    made.edit(
        "base/edge/core/fileserver.yaml",
        "      serviceAccountName: fileserver\n",
        "      serviceAccountName: fileserver\n      hostNetwork: true\n",
    )

    said = re.findall(r"error: (\S+): hostNetwork is true \[SEC016\]", made.run("verify").said)
    assert said == ["Deployment/company-001/fileserver"]


@pytest.mark.parametrize(("exposure", "other"), [("gateway", "ingress"), ("ingress", "gateway")])
def test_the_exposure_that_nobody_has_is_judged_as_well(repository: Repository, exposure: str, other: str) -> None:
    """Both of what serves and of what guards, add-ons included; the way back is to mend base/."""
    made = repository.edit("platform.yaml", "exposure: gateway", f"exposure: {exposure}").tenant().generate()
    assert made.run("verify").exit == 0

    own = made.read(f"base/edge/components/{other}/fileserver.yaml")
    made.write(
        f"base/edge/components/{other}/fileserver.yaml",
        own.replace("  name: fileserver\n", "  name: fileserver\n  finalizers: [example.com/x]\n", 1),
    )
    policy = made.read(f"base/guard/components/ai-chatbot-{other}/network.yaml")
    made.write(
        f"base/guard/components/ai-chatbot-{other}/network.yaml", policy.replace(f": {other}-system", ": default")
    )
    said = made.run("verify").said

    kind = {"ingress": "Ingress", "gateway": "HTTPRoute"}[other]
    assert re.search(rf"error: {kind}/tenantry-probe/fileserver: .*finalizers.* \[MOD001\]", said)
    assert re.search(rf"components/ai-chatbot-{other}/network.yaml:\S+ error: .* \[NET005\]", said)
