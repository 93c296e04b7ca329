"""What a company may be called: any word that means no tenant where it stands, and no host of the platform."""
# ruff: noqa: RUF001 -- names of companies in the scripts of the world

from collections.abc import Mapping
from functools import cache

import pytest

from generator.fleet.load import Sources
from generator.fleet.reserved import NAMES, PREFIXES, SUFFIXES, why_reserved
from generator.fleet.validate import validate
from generator.git.snapshot import Snapshot
from generator.kube import tenant_names
from generator.kube.kustomization import Gate
from generator.reading import yaml_objects, yaml_reader, yaml_writer
from generator.render import classes
from generator.render.classes import Sheet
from generator.rules import known
from tests.harness import ROOT, Repository

WORDS_OF_THE_BASE = (
    "vault docker files fileserver example changeme token gateway ingress tenant users http people data config"
    " ai-chatbot break-glass allow-upload traefik prometheus admins"
).split()


def found_in(tenants: Mapping[str, str], platform: str = "", **beside: str) -> list[str]:
    """Validate tenant files from memory beside files of the platform, and return what is said."""
    text = platform or (ROOT / "platform.yaml").read_text(encoding="utf-8")
    files = {"platform.yaml": text, **{f"tenants/{name}.yaml": held for name, held in tenants.items()}}
    first, *others = (yaml_reader.read(file, held.encode())[0] for file, held in files.items())
    _, findings = validate(Sources(first, tuple(other for other in others if other), (), _own_texts() | beside), known)
    return [f"{found.place}: {found.fact} [{found.rule}]" for found in findings]


@cache
def _own_texts() -> dict[str, str]:
    paths = [path for top in ("base", "argocd/platform") for path in (ROOT / top).rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def bronze(name: str, more: str = "") -> dict[str, str]:
    """Return the file of a company."""
    return {name: f"name: {name}\nplan: bronze\n{more}"}


# --- names that are words of base/


@pytest.mark.slow
def test_companies_that_are_called_like_words_of_the_base_hurt_nobody(repository: Repository) -> None:
    """Neither the company nor any other is refused, whatever base/ uses the word for."""
    for name in WORDS_OF_THE_BASE:
        repository.run("add", name, "--plan", "bronze")
    repository.run("add", "company-001", "--plan", "silver", "--addon", "chatbot")
    repository.generate()

    done = repository.run("verify")
    # what each gets of its class is what a build of its own gives, for all of them and not for one in turn
    rendered = list(
        classes.render(
            Gate(Snapshot.of_folder(repository.root)), _sheets(repository), sample=None, always=WORDS_OF_THE_BASE[::3]
        )
    )

    assert done.exit == 0, done.said
    assert f"{len(WORDS_OF_THE_BASE) + 1} tenants, " in done.stderr
    assert [item.tenant for item in rendered if item.difference or item.error] == []
    assert sum(item.represents for item in rendered) == len(rendered) > max(item.represents for item in rendered) > 1
    assert len(list((repository.root / "tenants").glob("*.yaml"))) == len(WORDS_OF_THE_BASE) + 1


def _sheets(repository: Repository) -> list[Sheet]:
    """Read the overlays of a repository as verify does."""
    return [
        Sheet(
            tenant=folder.name,
            overlay=yaml_objects.read_objects((folder / "kustomization.yaml").read_text(encoding="utf-8"))[0],
            facts=yaml_objects.read_objects((folder / "facts.yaml").read_text(encoding="utf-8"))[0],
        )
        for folder in sorted((repository.root / "overlays").iterdir())
    ]


def test_every_word_of_the_base_is_a_name_or_is_refused_at_once() -> None:
    """What `validate` accepts is nowhere in base/ where it would mean a tenant."""
    words = {
        word for text in _own_texts().values() for word in tenant_names.TOKEN.findall(text) if 3 <= len(word) <= 40
    }
    names = sorted(word for word in words if word[0].isalpha() and not why_reserved(word))
    assert len(names) > 300

    said = found_in({name: f"name: {name}\nplan: bronze\n" for name in names})

    assert said == []


@pytest.mark.slow
def test_a_company_in_a_class_with_the_one_that_the_base_names_is_warned(repository: Repository) -> None:
    """Two companies of one class are built once; that base/ names the first of them is said of the other."""
    repository.tenant("acme").tenant("brown").edit(
        "base/guard/core/kustomization.yaml",
        "- access.yaml\n",
        "- access.yaml\npatches:\n- target: {kind: PersistentVolumeClaim}\n  patch: |\n    - op: add\n"
        "      path: /metadata/annotations/example.com~1tenant\n      value: acme\n",
    )
    text = repository.read("base/guard/core/kustomization.yaml")
    repository.write("base/guard/core/kustomization.yaml", _patches_last(text)).generate()

    done = repository.run("verify")

    assert done.exit == 1
    assert done.stdout.count("[KUS008]") == 1
    assert (
        "PersistentVolumeClaim/brown/files: metadata.annotations.example.com/tenant names the tenant acme [KUS008]\n"
        "  hint: use the company's facts; if something else is called acme here, the tenant needs another name\n"
    ) in done.stdout


def _patches_last(text: str) -> str:
    """Put the block that begins with `patches:` behind the list that it was written into."""
    start = text.index("patches:")
    end = text.index("- ", text.index("value: acme"))
    return text[:start] + text[end:].rstrip("\n") + "\n" + text[start:end]


# --- names that are somebody's


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("system", "Kubernetes owns every user and group that begins with system:"),
        ("kubeadm", "kubeadm owns every user and group that begins with kubeadm:"),
        ("oidc", "identity providers put oidc: before their groups"),
        ("eks", "Amazon EKS owns every user and group that begins with eks:"),
        ("default", "Kubernetes and Argo CD have a namespace and a project of that name from the start"),
        ("kube-public", "namespaces that begin with kube- belong to Kubernetes"),
        ("istio-system", "namespaces that end in -system belong to what runs the cluster"),
        ("placeholder", "base/ writes it where the facts of a company go"),
        ("com", "the cluster's name servers would answer its Services for public hosts of that top-level domain"),
        ("wpad", "people and programs take its host for one of the provider"),
        ("tenantry-s00", "what begins with tenantry belongs to this program"),
    ],
)
def test_a_name_that_is_somebodys_is_refused_by_add_and_validate(
    repository: Repository, name: str, reason: str
) -> None:
    """At once, with the reason, and nothing is written."""
    refused = f"the name '{name}' is reserved: {reason} [TEN004]\n  hint: choose another name\n"

    added = repository.run("add", name, "--plan", "bronze")

    assert (added.exit, added.stderr) == (
        1,
        f"tenants/{name}.yaml:2:7: error: {refused}1 error, 0 warnings; nothing was written\n",
    )
    assert not (repository.root / f"tenants/{name}.yaml").exists()
    validated = repository.tenant(name).run("validate")
    assert (validated.exit, validated.stdout) == (1, f"tenants/{name}.yaml:1:7: error: {refused}")


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "what"),
    [
        ("names", "platform.yaml", "dns: {namespace: kube-system", "dns: {namespace: names", "a namespace"),
        (
            "edge-proxy",
            "base/edge/components/gateway/fileserver.yaml",
            "    namespace: gateway-system",
            "    namespace: edge-proxy",
            "a namespace",
        ),
        (
            "tracing",
            "base/guard/core/network.yaml",
            "name: monitoring\n      podSelector:\n        matchLabels:\n          app.kubernetes.io/name: opentel",
            "name: tracing\n      podSelector:\n        matchLabels:\n          app.kubernetes.io/name: opentel",
            "a namespace",
        ),
        (
            "shared-role",
            "base/guard/core/secret-store.yaml",
            "role: tenants",
            "role: shared-role",
            "an identity in the secret store",
        ),
        (
            "backup",
            "argocd/platform/backup.yaml",
            "",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: backup}\n",
            "a namespace",
        ),
        (
            "wiki",
            "argocd/platform/wiki.yaml",
            "",
            "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: wiki}\n",
            "an object of Argo CD",
        ),
    ],
)
def test_what_the_platform_has_already_is_refused_with_its_place(
    repository: Repository, name: str, file: str, old: str, new: str, what: str
) -> None:
    """A namespace, an identity or a project that stands in the platform's own files is no company's."""
    if old:
        repository.edit(file, old, new)
    else:
        repository.write(file, new)
    where = f"{file}:{place(repository.read(file), f': {name}', 2)}"

    done = repository.run("add", name, "--plan", "bronze")

    assert done.exit == 1
    assert done.stderr == (
        f"tenants/{name}.yaml:2:7: error: the name '{name}' is reserved: {where} has it as {what} [TEN004]\n"
        "  hint: choose another name; if that place means this company, take the name out there\n"
        "1 error, 0 warnings; nothing was written\n"
    )


def place(text: str, what: str, skip: int = 0) -> str:
    """Return line and column of the one place where a text stands, so many characters on."""
    assert text.count(what) == 1, f"{what!r} stands {text.count(what)} times"
    above = text[: text.index(what) + skip]
    return f"{above.count(chr(10)) + 1}:{len(above) - above.rfind(chr(10))}"


@pytest.mark.slow
def test_the_way_out_of_a_reserved_name_passes(repository: Repository) -> None:
    """Another name is taken."""
    assert repository.run("add", "monitoring", "--plan", "bronze").exit == 1

    assert repository.run("add", "monitoring-gmbh", "--plan", "bronze").exit == 0
    assert repository.generate().run("verify").exit == 0


@pytest.mark.slow
def test_a_company_that_is_there_is_not_to_blame_for_a_base_that_names_it(repository: Repository) -> None:
    """The mistake is told where it was made, in base/, by the rules that read the render."""
    repository.tenant("acme").tenant("brown", plan="gold").generate()
    repository.edit(
        "base/guard/core/secret-store.yaml",
        "name: secret-reader\n            aud",
        "name: secret-reader\n            namespace: acme\n            aud",
    )

    assert repository.run("validate").exit == 0
    done = repository.run("verify")

    assert done.exit == 1
    assert (
        "error: SecretStore/brown/tenant: spec.provider.vault.auth.kubernetes.serviceAccountRef.namespace"
        " names the namespace of the tenant acme [KUS008]"
    ) in done.stdout


def test_every_reason_says_something() -> None:
    """One list, and no entry of it without a reason."""
    for reasons in (NAMES, PREFIXES, SUFFIXES):
        assert all(len(reason.split()) > 4 for reason in reasons.values())


def test_a_base_that_cannot_be_read_keeps_nobody_from_validating(repository: Repository) -> None:
    """What is wrong with it is said where it is built; here it has no say."""
    repository.write("base/edge/core/broken.yaml", "a: [\n  b: gateway-two\nnamespace: &x *x\n" + "[" * 5000)
    repository.write("base/edge/core/bytes.bin", b"\xff\xfe\0")

    assert repository.run("add", "gateway-two", "--plan", "bronze").exit == 0


# --- hosts


PLATFORM = (ROOT / "platform.yaml").read_text(encoding="utf-8")


AT_EXAMPLE = ("domain: files.example.com", "domain: example.com")
ROUTE = "spec:\n  hostnames: [login.customers.example.net]\n"


@pytest.mark.parametrize(
    ("host", "change", "beside", "where"),
    [
        ("grafana.files.example.com", ("https://grafana.example.com", "https://{}"), {}, "platform.yaml https://"),
        ("kibana.customers.example.net", ("https://kibana.example.com", "https://{}"), {}, "platform.yaml https://"),
        ("git.files.example.com", ("https://git.example.com", "https://{}"), {}, "platform.yaml https://"),
        ("k8s.files.example.com", ("https://kubernetes.default.svc", "https://{}"), {}, "platform.yaml https://"),
        ("vault.example.com", AT_EXAMPLE, {}, "platform.yaml https://"),
        ("models.example.com", AT_EXAMPLE, {}, "base/edge/components/ai-chatbot/agent.yaml https://"),
        (
            "argo.files.example.com",
            ("", ""),
            {"argocd/platform/cm.yaml": "kind: ConfigMap\ndata:\n  url: https://argo.files.example.com\n"},
            "argocd/platform/cm.yaml https://",
        ),
        ("login.customers.example.net", ("", ""), {"argocd/platform/route.yaml": ROUTE}, "argocd/platform/route.yaml "),
        ("proxy.customers.example.net", ("", ""), {"base/a/proxy.conf": "to https://{}/;"}, "base/a/proxy.conf"),
    ],
)
def test_a_host_of_the_platform_is_never_a_companys(
    host: str, change: tuple[str, str], beside: dict[str, str], where: str
) -> None:
    """Whoever had it would be asked for the platform's own pages, keys and tokens."""
    platform = PLATFORM.replace(change[0], change[1].format(host)) if change[0] else PLATFORM
    beside = {file: text.replace("{}", host) for file, text in beside.items()}
    first, _, rest = host.partition(".")
    further = rest == "customers.example.net"
    tenant = bronze("acme", f"hosts: [{host}]\n") if further else bronze(first)

    said = found_in(tenant, platform, **beside)

    file, blank, before = where.partition(" ")
    text = ({"platform.yaml": platform} | _own_texts() | beside)[file]
    known = f"{file}:{place(text, before + host)}" if blank else file
    asked = "tenants/acme.yaml:3:9" if further else f"tenants/{first}.yaml:1:7"
    assert said == [f"{asked}: '{host}' is a host of the platform ({known}) [TEN014]"]


def test_a_domain_of_the_platform_is_no_host_of_a_company() -> None:
    """Also where it lies under another of them."""
    platform = PLATFORM.replace("hostSuffixes: [customers", "hostSuffixes: [example.net, customers")

    assert found_in(bronze("acme", "hosts: [customers.example.net]\n"), platform) == [
        "tenants/acme.yaml:3:9: 'customers.example.net' is the platform's own domain [TEN014]"
    ]


# --- display names


@pytest.mark.parametrize(
    "text",
    [
        "شرکت نرم\u200cافزار پارس",
        "می\u200cخواهم",
        "क्\u200dष प्रौद्योगिकी",
        "श्रीमान्\u200cजी",
        "ශ්\u200dරී ලංකා",
        "র\u200d্যাংগস",
        "👩\u200d💻 Studio",
        "❤\ufe0f\u200d🔥",
        "👩🏽\u200d🔬 Labs",
        "👨\u200d👩\u200d👧\u200d👦",
        "🏳\ufe0f\u200d🌈",
    ],
)
def test_a_joiner_is_taken_where_the_script_needs_it(text: str) -> None:
    """Persian and Hindi are misspelt without, and a family of emoji falls apart."""
    assert found_in(bronze("acme", f"displayName: {yaml_writer.scalar(text)}\n")) == []


@pytest.mark.parametrize(
    ("text", "index", "which"),
    [
        ("ac\u200cme", 3, "200C (ZERO WIDTH NON-JOINER)"),
        ("ac\u200dme", 3, "200D (ZERO WIDTH JOINER)"),
        ("\u200dacme", 1, "200D (ZERO WIDTH JOINER)"),
        ("株式\u200d会社", 3, "200D (ZERO WIDTH JOINER)"),
        ("کار\u200cها", 4, "200C (ZERO WIDTH NON-JOINER)"),
        ("می\u200c", 3, "200C (ZERO WIDTH NON-JOINER)"),
        ("می\u200c\u200cخواهم", 3, "200C (ZERO WIDTH NON-JOINER)"),
        ("क\u200cख", 2, "200C (ZERO WIDTH NON-JOINER)"),
        ("a\u094d\u200dcme", 3, "200D (ZERO WIDTH JOINER)"),
        ("🏢\u200dA", 2, "200D (ZERO WIDTH JOINER)"),
        ("🏢\u200d", 2, "200D (ZERO WIDTH JOINER)"),
        ("©\u200d®", 2, "200D (ZERO WIDTH JOINER)"),
    ],
)
def test_a_joiner_that_joins_nothing_is_refused(text: str, index: int, which: str) -> None:
    """Nothing is drawn for it, so two names that look alike would be two."""
    assert found_in(bronze("acme", f"displayName: {yaml_writer.scalar(text)}\n")) == [
        f"tenants/acme.yaml:3:14: displayName: character {index} is U+{which} [TEN010]"
    ]


def test_a_name_with_joiners_reaches_argo_cd_as_it_was_written(repository: Repository) -> None:
    """The only place where it is shown is the Application's info."""
    added = repository.run("add", "acme", "--plan", "bronze", "--display-name", "شرکت نرم\u200cافزار")

    assert added.exit == 0, added.said
    assert "شرکت نرم\u200cافزار" in repository.read("tenants/acme.yaml")
    (entry,) = (repository.generate().root / "argocd/shards").glob("*/tenants/acme.yaml")
    assert 'displayName: "شرکت نرم\u200cافزار"' in entry.read_text(encoding="utf-8")
