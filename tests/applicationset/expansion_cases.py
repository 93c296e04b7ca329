"""Entries and sets that Argo CD reads in ways worth knowing, each with what becomes of it.

The plain tests hold the expander to these answers; the slow ones hold the answers to Argo CD's own code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from generator.applicationset import Effect
from generator.generate import argocd

FOLDER: Final = "argocd/shards/s00/tenants"


def application_set(**changes: Any) -> dict[str, Any]:
    """Return the set of shard s00 as it is committed, with some keys of its spec changed; None removes one."""
    manifest = argocd.application_set(
        "s00",
        namespace="argocd",
        repo_url="https://git.example.com/tenants.git",
        revision="refs/heads/main",
        requeue_after_seconds=30,
        links={"grafana": "https://grafana.example.com/d/tenant?var-namespace={tenant}"},
        shards=4,
    )
    spec = {**manifest["spec"], **changes}
    return {**manifest, "spec": {key: value for key, value in spec.items() if value is not None}}


def values(**changes: str) -> dict[str, str]:
    """Return the parameters of a usual tenant."""
    return {
        "tenant": "acme",
        "displayName": "株式会社アクメ",
        "plan": "silver",
        "ring": "general",
        "cluster": "in-cluster",
        "state": "active",
        "paused": "false",
        "host": "acme.files.example.com",
        "generatePaths": "/base/edge/core;/overlays/acme",
        **changes,
    }


def entry(extra: str = "", **changes: str) -> str:
    """Return the entry of a usual tenant, its values quoted, with lines of another making behind it."""
    quoted = (f"{key}: {json.dumps(text, ensure_ascii=False)}\n" for key, text in values(**changes).items())
    return "".join(quoted) + extra


def without(key: str, replacement: str = "") -> str:
    """Return the entry of a usual tenant with one line replaced."""
    return "".join(line for line in entry().splitlines(keepends=True) if not line.startswith(f"{key}:")) + replacement


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file, or several, and what becomes of them.

    Attributes:
        title: What it shows.
        text: The entry in question, in acme.yaml.
        files: More files, by path.
        spec: Changes to the set's spec.
        effect: The only kind of problem that it has; None when there is none.
        message: A part of the problem's message.
        names: The Applications that are made.
    """

    title: str
    text: str = field(default_factory=entry)
    files: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    effect: Effect | None = None
    message: str = ""
    names: tuple[str, ...] = ()

    def all_files(self) -> dict[str, str]:
        """Return every file of the case."""
        return {f"{FOLDER}/acme.yaml": self.text, **self.files}


ENTRIES: Final = (
    Case(title="a usual tenant", names=("acme",)),
    Case(title="a tenant that is being purged", text=entry(state="purging"), names=("acme",)),
    Case(title="a paused tenant", text=entry(paused="true"), names=("acme",)),
    Case(title="a paused tenant that is being purged", text=entry(state="purging", paused="true"), names=("acme",)),
    Case(title="a key too many", text=entry('note: "x"\n'), names=("acme",)),
    Case(title="braces in a name are text", text=entry(displayName="{{ .tenant }} }}"), names=("acme",)),
    Case(title="markup in a name", text=entry(displayName='<b> & "q" \\ \u2028 \u00e9'), names=("acme",)),
    Case(title="empty strings", text=entry(plan="", cluster="", displayName=""), names=("acme",)),
    Case(title="an empty tenant", text=entry(tenant=""), names=("",)),
    Case(title="an entry in JSON", text=json.dumps(values()), names=("acme",)),
    Case(title="a list of entries", text=json.dumps([values(), values(tenant="bolt")]), names=("acme", "bolt")),
    Case(title="an empty list makes nothing", text="[]", names=()),
    Case(title="lines that end as on Windows", text=entry().replace("\n", "\r\n"), names=("acme",)),
    Case(title="a byte order mark", text="\ufeff" + entry(), names=("acme",)),
    Case(title="a second document is not read", text=entry("---\n: : :\n\t- [\n"), names=("acme",)),
    Case(title="a document marker first", text="---\n" + entry(), names=("acme",)),
    Case(title="of two equal keys the last counts", text=entry('tenant: "bolt"\n'), names=("bolt",)),
    Case(title="a name that Go reads as a number", text=without("tenant", "tenant: 12e03\n"), names=("12000",)),
    Case(title="a big number", text=without("tenant", "tenant: 1234567\n"), names=("1.234567e+06",)),
    Case(title="a small number", text=without("tenant", "tenant: 0.00001\n"), names=("1e-05",)),
    Case(title="an octal number", text=without("tenant", "tenant: 0o17\n"), names=("15",)),
    Case(title="an old octal number", text=without("tenant", "tenant: 017\n"), names=("15",)),
    Case(title="no octal number", text=without("tenant", "tenant: 089\n"), names=("89",)),
    Case(title="a hexadecimal number", text=without("tenant", "tenant: 0x1F\n"), names=("31",)),
    Case(title="a binary number", text=without("tenant", "tenant: -0b11\n"), names=("-3",)),
    Case(title="underscores in a number", text=without("tenant", "tenant: 1_000\n"), names=("1000",)),
    Case(title="a number beyond a float", text=without("tenant", "tenant: 1e999\n"), names=("1e999",)),
    Case(title="a base-60 number is text", text=without("tenant", "tenant: 1:30\n"), names=("1:30",)),
    Case(title="a date is text", text=without("tenant", "tenant: 2026-11-22\n"), names=("2026-11-22",)),
    Case(title="yes is true", text=without("tenant", "tenant: yes\n"), names=("true",)),
    Case(title="y is true", text=without("tenant", "tenant: y\n"), names=("true",)),
    Case(title="Off is false", text=without("tenant", "tenant: Off\n"), names=("false",)),
    Case(title="nothing is <no value>", text=without("tenant", "tenant:\n"), names=("<no value>",)),
    Case(title="the key y is the key true", text=entry("y: 1\n"), names=("acme",)),
    Case(title="a nested value nobody reads", text=entry("more: {a: [1, 2.5, ~, true]}\n"), names=("acme",)),
    Case(
        title="a missing key",
        text=without("plan"),
        effect=Effect.FREEZES,
        message='map has no entry for key "plan"',
    ),
    Case(title="an empty file", text="", effect=Effect.FREEZES, message="map has no entry for key"),
    Case(title="a file of comments", text="# soon\n", effect=Effect.FREEZES, message="map has no entry for key"),
    Case(title="a null", text="~\n", effect=Effect.FREEZES, message="map has no entry for key"),
    Case(title="an empty mapping", text="{}\n", effect=Effect.FREEZES, message="map has no entry for key"),
    Case(title="a list that holds null", text="[~]\n", effect=Effect.FREEZES, message="map has no entry for key"),
    Case(title="a word", text="acme\n", effect=Effect.FREEZES, message="unable to parse file"),
    Case(title="a list of words", text="[acme]\n", effect=Effect.FREEZES, message="unable to parse file"),
    Case(title="a tab", text="tenant:\n\tacme\n", effect=Effect.FREEZES, message="line 2: "),
    Case(title="an open quote", text='tenant: "acme\n', effect=Effect.FREEZES, message="line 2: "),
    Case(title="no YAML", text="tenant: acme: corp\n", effect=Effect.FREEZES, message="line 1: "),
    Case(
        title="a control character",
        text=entry() + "#\x07\n",
        effect=Effect.FREEZES,
        message="a character cannot be read: ",
    ),
    Case(title="a merge conflict", text="<<<<<<< ours\n" + entry(), effect=Effect.FREEZES, message="line 2: "),
    Case(
        title="a number where a word is compared",
        text=without("state", "state: 1\n"),
        effect=Effect.FREEZES,
        message="incompatible types for comparison",
    ),
    Case(
        title="an infinite number",
        text=without("tenant", "tenant: .inf\n"),
        effect=Effect.FREEZES,
        message=".inf is no number in JSON",
    ),
    Case(title="no key at all", text=entry("? [a]\n: b\n"), effect=Effect.UNDECIDED, message="a key is no string"),
    Case(title="a null key", text=entry("~: b\n"), effect=Effect.UNDECIDED, message="a key is no string"),
    Case(
        title="a mapping where text is printed",
        text=without("displayName", "displayName: {ja: アクメ}\n"),
        effect=Effect.UNDECIDED,
        message="a list or mapping is printed",
    ),
    Case(title="an anchor", text=entry("a: &a 1\n"), effect=Effect.UNDECIDED, message="an anchor or alias"),
    Case(title="an alias", text=entry("b: *a\n"), effect=Effect.UNDECIDED, message="an anchor or alias"),
    Case(title="a tag", text=entry("a: !!str 1\n"), effect=Effect.UNDECIDED, message="the tag tag:yaml.org,2002:str"),
    Case(title="a merge key", text=entry("<<: {a: b}\n"), effect=Effect.UNDECIDED, message="a merge key"),
    Case(title="a directive", text="%YAML 1.1\n---\n" + entry(), effect=Effect.UNDECIDED, message="a directive"),
    Case(
        title="one key in two types",
        text=entry('1: "a"\n"1": "b"\n'),
        effect=Effect.UNDECIDED,
        message="the key 1 is given in two types",
    ),
    Case(title="deep nesting", text="[" * 200, effect=Effect.UNDECIDED, message="more than 100 levels of nesting"),
    Case(title="an escaped slash", text='tenant: "a\\/b"\n', effect=Effect.UNDECIDED, message="the escape"),
    Case(
        title="the generator's key path",
        text=entry('path: "/etc"\n'),
        effect=Effect.RESERVED,
        message="the key path belongs to the generator",
        names=("acme",),
    ),
    Case(
        title="the generator's key values",
        text=entry("values: {a: b}\n"),
        effect=Effect.RESERVED,
        message="the key values belongs to the generator",
        names=("acme",),
    ),
    Case(
        title="two entries of one tenant are both skipped",
        files={f"{FOLDER}/bolt.yaml": entry(), f"{FOLDER}/corp.yaml": entry(tenant="corp")},
        effect=Effect.SKIPPED,
        message="2 entries make the Application acme",
        names=("corp",),
    ),
    Case(
        title="one bad entry freezes the good ones",
        files={f"{FOLDER}/bolt.yaml": 'tenant: "bolt"\n'},
        effect=Effect.FREEZES,
        message="map has no entry for key",
    ),
    Case(
        title="a sub-folder is read as well",
        files={f"{FOLDER}/old/bolt.yaml": entry(tenant="bolt"), f"{FOLDER}/README.md": "no entry"},
        names=("acme", "bolt"),
    ),
)
"""What stands in the entries."""

SETS: Final = (
    Case(title="without preserve, every Application cascades", spec={"syncPolicy": None}, names=("acme",)),
    Case(
        title="without preserve, the patch's finalizer is united with Argo CD's",
        text=entry(state="purging"),
        spec={"syncPolicy": {"applicationsSync": "sync"}},
        names=("acme",),
    ),
    Case(title="no patch", spec={"templatePatch": None}, names=("acme",)),
    Case(title="an empty patch", spec={"templatePatch": ""}, names=("acme",)),
    Case(title="a patch of nothing", spec={"templatePatch": "spec: {}\n"}, names=("acme",)),
    Case(title="a null spec wipes all but the project", spec={"templatePatch": "spec:\n"}, names=("acme",)),
    Case(title="a patch cannot move the project", spec={"templatePatch": 'spec: {project: "x"}\n'}, names=("acme",)),
    Case(title="a patch can rename", spec={"templatePatch": 'metadata: {name: "x"}\n'}, names=("x",)),
    Case(
        title="lists are replaced, mappings merged, null removes",
        spec={
            "templatePatch": """
                metadata:
                  labels: {tenantry.dev/plan: ~, tenantry.dev/more: "x"}
                  annotations: ~
                  finalizers: [b, a, b]
                spec:
                  info: [{name: plan, value: {{ .plan | toJson }}}]
                  syncPolicy: {syncOptions: [], retry: {limit: 0, backoff: ~}, automated: {prune: ~}}
            """
        },
        names=("acme",),
    ),
    Case(
        title="a quoted value in a patch is safe",
        text=entry(displayName='x"\n    evil: "1"\n'),
        spec={"templatePatch": "metadata: {annotations: {name: {{ .displayName | toJson }}}}"},
        names=("acme",),
    ),
    Case(
        title="a raw value in a patch injects",
        text=entry(displayName="x, injected: z"),
        spec={"templatePatch": "metadata: {annotations: {name: {{ .displayName }}}}"},
        names=("acme",),
    ),
    Case(
        title="a patch of the wrong type",
        spec={"templatePatch": "spec: {syncPolicy: {automated: {prune: {{ .plan }}}}}"},
        effect=Effect.FREEZES,
        message="spec.syncPolicy.automated.prune is neither true nor false",
    ),
    Case(
        title="a patch that is no YAML",
        spec={"templatePatch": "metadata: {labels: {a: {{ .generatePaths }}: x}}"},
        effect=Effect.FREEZES,
        message="line 1: ",
    ),
    Case(
        title="a patch of a field that is not foreseen",
        spec={"templatePatch": "spec: {revisionHistoryLimit: 3}"},
        effect=Effect.UNDECIDED,
        message="the field spec.revisionHistoryLimit is not supported",
    ),
    Case(
        title="one finalizer twice",
        spec={
            "template": {"metadata": {"name": "x", "finalizers": ["a", "a"]}, "spec": {}},
            "templatePatch": "metadata: {finalizers: [b]}",
        },
        effect=Effect.UNDECIDED,
        message="metadata.finalizers holds one twice",
    ),
    Case(
        title="a patch directive",
        spec={"templatePatch": "metadata: {labels: {$patch: replace}}"},
        effect=Effect.UNDECIDED,
        message="metadata.labels.$patch is a patch directive",
    ),
    Case(
        title="a patch in JSON",
        spec={"templatePatch": '{"spec": {}}'},
        effect=Effect.UNDECIDED,
        message="a templatePatch in JSON",
    ),
    Case(
        title="a function that is not foreseen",
        spec={"templatePatch": "metadata: {labels: {a: {{ upper .plan }}}}"},
        effect=Effect.UNDECIDED,
        message="the function upper is not supported",
    ),
    Case(
        title="missing keys would be allowed",
        spec={"goTemplateOptions": None},
        effect=Effect.UNDECIDED,
        message="only goTemplate with missingkey=error is supported",
    ),
    Case(
        title="another strategy",
        spec={"strategy": {"type": "RollingSync"}},
        effect=Effect.UNDECIDED,
        message="the field spec.strategy is not supported",
    ),
    Case(
        title="another generator",
        spec={"generators": [{"list": {"elements": []}}]},
        effect=Effect.UNDECIDED,
        message="the field spec.generators.list is not supported",
    ),
    Case(
        title="a generator with a template of its own",
        spec={
            "generators": [
                {"git": {"files": [{"path": "x/*.yaml"}], "template": {"metadata": {}, "spec": {"project": "x"}}}}
            ]
        },
        effect=Effect.UNDECIDED,
        message="a template of spec.generators.git that is not empty is not supported",
    ),
)
"""What stands in the set."""
