# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family ARG."""

from typing import Any, Final

from tests.rules.harness import Case, Change, Edit, Scene, catches, passes

_SHARD: Final = "argocd/shards/s03"
_SET: Final = f"{_SHARD}/applicationset.yaml"
_ENTRY: Final = f"{_SHARD}/tenants/company-002.yaml"
_OTHER_SET: Final = "argocd/shards/s00/applicationset.yaml"
"""The set of company-004 and company-006."""

_PARAMETERS: Final = "argocd/platform/parameters.yaml"

_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_WAVE: Final = "argocd.argoproj.io/sync-wave"


def _file(file: str, old: str, new: str) -> Change:
    """Replace the one place in a file that holds a text."""

    def change(scene: Scene) -> None:
        assert scene.files[file].count(old) == 1, f"{file} holds {old!r} {scene.files[file].count(old)} times"
        scene.files[file] = scene.files[file].replace(old, new)

    return change


def _new(file: str, text: str) -> Change:
    """Write a file that was not there, or write one again."""
    return lambda scene: scene.files.update({file: text})


def _gone(file: str) -> Change:
    """Take a file away."""
    return lambda scene: scene.files.pop(file)


def _moved(file: str, to: str) -> Change:
    return lambda scene: scene.files.update({to: scene.files.pop(file)})


def _annotated(kind: str, name: str, key: str, value: str | None) -> Change:
    """Set or remove an annotation."""

    def change(scene: Scene) -> None:
        annotations = scene.one(kind, name)["metadata"].setdefault("annotations", {})
        annotations.pop(key, None)
        if value is not None:
            annotations[key] = value

    return change


def _project(**fields: Any) -> Change:
    """Set fields of the project's spec."""
    return lambda scene: scene.project["spec"].update(fields)


def _listed(key: str, *items: Any) -> Change:
    """Put more into one of the project's lists."""
    return lambda scene: scene.project["spec"][key].extend(items)


def _role(index: int, **fields: Any) -> Change:
    """Set fields of one of the project's roles."""
    return lambda scene: scene.project["spec"]["roles"][index].update(fields)


def _paths(old: str, new: str) -> Change:
    return lambda scene: scene.entry.update(generatePaths=scene.entry["generatePaths"].replace(old, new))


_ROLLING: Final = """  strategy:
    type: "RollingSync"
    rollingSync:
      steps:
      - matchExpressions:
        - {key: "tenantry.dev/ring", operator: "In", values: ["pilot"]}
      - matchExpressions:
        - {key: "tenantry.dev/ring", operator: "In", values: ["general"]}
"""


def _rolling(old: str = "", new: str = "") -> Change:
    """Roll out in two steps, or in other ones."""
    steps = _ROLLING.replace(old, new) if old else _ROLLING
    return lambda scene: scene.files.update({_SET: scene.files[_SET] + steps})


_EXTRA_ENTRY: Final = f"{_SHARD}/tenants/company-099.yaml"


def _second_entry(scene: Scene) -> None:
    scene.files[_EXTRA_ENTRY] = scene.files[_ENTRY]


def _crowd(scene: Scene) -> None:
    """Return two thousand companies in one shard."""
    for number in range(2001):
        name = f"crowd-{number:04d}"
        scene.files[f"{_SHARD}/tenants/{name}.yaml"] = scene.files[_ENTRY].replace("company-002", name)


def _confirmed(scene: Scene) -> None:
    _rolling('["pilot"]', '["pilot", "other"]')(scene)
    _annotated("PersistentVolumeClaim", "files", _OPTIONS, "Prune=confirm,Delete=false")(scene)


def _unscaled(scene: Scene) -> None:
    scene.remove("HorizontalPodAutoscaler", "fileserver")
    scene.one("Deployment", "fileserver")["spec"].update(replicas=1)


CASES: Final[tuple[Case, ...]] = (
    # --- sets
    catches(
        "ARG001",
        "missing keys are let pass",
        _file(_SET, "missingkey=error", "missingkey=zero"),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: goTemplateOptions is not missingkey=error alone [ARG001]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG001",
        "the template is none of Go",
        _file(_SET, "goTemplate: true", "goTemplate: false"),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: goTemplate is not true [ARG001]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG001",
        "a shard has no set",
        _gone("argocd/shards/s01/applicationset.yaml"),
        "argocd/shards/s01/applicationset.yaml: error: this file is missing [ARG001]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG001",
        "a set is something else",
        _new(_SET, 'kind: "ConfigMap"\n'),
        "argocd/shards/s03/applicationset.yaml: error: this is no ApplicationSet [ARG001]\n  hint: run `tenantry generate`",
    ),
    passes("ARG001", "a set has another pause", _file(_SET, "requeueAfterSeconds: 10", "requeueAfterSeconds: 60")),
    catches(
        "ARG002",
        "a key is gone from an entry",
        _file(_ENTRY, 'plan: "silver"\n', ""),
        'argocd/shards/s03/tenants/company-002.yaml: error: map has no entry for key "plan": the whole set stops: nothing is created, updated or deleted until it is fixed [ARG002]\n  hint: run `tenantry generate`',
    ),
    catches(
        "ARG002",
        "an entry is empty",
        _new(_ENTRY, ""),
        'argocd/shards/s03/tenants/company-002.yaml: error: map has no entry for key "tenant": the whole set stops: nothing is created, updated or deleted until it is fixed [ARG002]\n  hint: run `tenantry generate`',
    ),
    catches(
        "ARG002",
        "an entry is no YAML",
        _new(_ENTRY, 'tenant: "company-002\n'),
        "argocd/shards/s03/tenants/company-002.yaml: error: line 2: found unexpected end of stream: the whole set stops: nothing is created, updated or deleted until it is fixed [ARG002]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG002",
        "the template reads one more key",
        _file(_SET, '"{{ .displayName }}"', '"{{ .contact }}"'),
        'argocd/shards/s03/tenants/company-002.yaml: error: map has no entry for key "contact": the whole set stops: nothing is created, updated or deleted until it is fixed [ARG002]\n  hint: run `tenantry generate`',
    ),
    catches(
        "ARG002",
        "the template runs a function",
        _file(_SET, '"{{ .displayName }}"', "'{{ env \"HOME\" }}'"),
        "argocd/shards/s03/applicationset.yaml: error: the function env is not supported: it lies outside what tenantry can foresee of Argo CD [ARG002]\n  hint: run `tenantry generate`",
    ),
    passes("ARG002", "a company's name holds braces", _file(_ENTRY, "Harbour Logistics", "Harbour {{ .Logistics }}")),
    catches(
        "ARG003",
        "two entries are of one company",
        _second_entry,
        "argocd/shards/s03/tenants/company-002.yaml: error: 2 entries make the Application company-002: this Application is neither created nor updated [ARG003]\n  hint: run `tenantry generate`",
        "argocd/shards/s03/tenants/company-099.yaml: error: 2 entries make the Application company-002: this Application is neither created nor updated [ARG003]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG003",
        "two sets read one folder",
        _file(_OTHER_SET, "shards/s00/tenants", "shards/s03/tenants"),
        "argocd/shards/s03/tenants/company-002.yaml: error: the Application company-002 is made by tenants-s00 and tenants-s03: the set that comes second fails on this Application, and deletes nothing [ARG003]\n  hint: run `tenantry generate`",
    ),
    passes("ARG003", "a set reads its folder by another pattern", _file(_SET, "tenants/*.yaml", "tenants/*-*.yaml")),
    catches(
        "ARG004",
        "an entry has no tenant",
        _new(_EXTRA_ENTRY, 'tenant: "company-099"\n'),
        "argocd/shards/s03/tenants/company-099.yaml: error: this is no file of a tenant, and ApplicationSets would read it [ARG004]\n  hint: remove it: rm argocd/shards/s03/tenants/company-099.yaml",
    ),
    catches(
        "ARG004",
        "a folder lies among the entries",
        _new(f"{_SHARD}/tenants/old/company-002.yaml", "{}"),
        "argocd/shards/s03/tenants/old/company-002.yaml: error: this is no file of a tenant, and ApplicationSets would read it [ARG004]\n  hint: remove it: rm argocd/shards/s03/tenants/old/company-002.yaml",
    ),
    catches(
        "ARG004",
        "a shard holds an Application",
        _new(f"{_SHARD}/more.yaml", 'kind: "Application"\n'),
        "argocd/shards/s03/more.yaml: error: this is no file of a tenant, and Argo CD would apply it [ARG004]\n  hint: remove it: rm argocd/shards/s03/more.yaml",
    ),
    catches(
        "ARG004",
        "argocd/apps holds a file of others",
        _new("argocd/apps/more.yaml", "{}"),
        "argocd/apps/more.yaml: error: this is no file of a tenant, and Argo CD would apply it [ARG004]\n  hint: remove it: rm argocd/apps/more.yaml",
    ),
    catches(
        "ARG004",
        "an overlay has no tenant",
        _new("overlays/company-099/kustomization.yaml", "{}"),
        "overlays/company-099/kustomization.yaml: error: this overlay has no tenant: company-099 [ARG004]\n  hint: remove it: rm overlays/company-099/kustomization.yaml",
    ),
    catches(
        "ARG004",
        "an overlay has a third file",
        _new("overlays/company-002/quota.yaml", "{}"),
        "overlays/company-002/quota.yaml: error: this file is none of the two of company-002's overlay [ARG004]\n  hint: remove it: rm overlays/company-002/quota.yaml",
    ),
    catches(
        "ARG004",
        "an entry is gone",
        _gone(_ENTRY),
        "tenants/company-002.yaml: error: company-002 has an overlay and no entry [ARG004]\n  hint: run `tenantry generate`",
    ),
    passes("ARG004", "argocd/platform holds what the provider writes", _new("argocd/platform/loki.yaml", "{}")),
    catches(
        "ARG029",
        "the repo-server fetches submodules",
        _file(_PARAMETERS, 'reposerver.enable.git.submodule: "false"', 'reposerver.enable.git.submodule: "true"'),
        'argocd/platform/parameters.yaml: error: reposerver.enable.git.submodule is "true" [ARG029]\n  hint: write `reposerver.enable.git.submodule: "false"`',
    ),
    catches(
        "ARG029",
        "an option is no text, which the API server refuses",
        _file(_PARAMETERS, 'reposerver.enable.git.submodule: "false"', "reposerver.enable.git.submodule: false"),
        'argocd/platform/parameters.yaml: error: reposerver.enable.git.submodule is false [ARG029]\n  hint: write `reposerver.enable.git.submodule: "false"`',
    ),
    catches(
        "ARG029",
        "an option is left to its default",
        _file(_PARAMETERS, '  applicationsetcontroller.enable.git.submodule: "false"\n', ""),
        'argocd/platform/parameters.yaml: error: nothing in argocd/platform/ sets applicationsetcontroller.enable.git.submodule [ARG029]\n  hint: write `applicationsetcontroller.enable.git.submodule: "false"` below `data` of the ConfigMap argocd-cmd-params-cm, in a file of its own that the kustomization names',
    ),
    catches(
        "ARG029",
        "the options are left out",
        _new(_PARAMETERS, "---\n---\n"),
        'argocd/platform/argocd.yaml: error: nothing in argocd/platform/ sets applicationsetcontroller.enable.git.submodule [ARG029]\n  hint: write `applicationsetcontroller.enable.git.submodule: "false"` below `data` of the ConfigMap argocd-cmd-params-cm, in a file of its own that the kustomization names',
        'argocd/platform/argocd.yaml: error: nothing in argocd/platform/ sets reposerver.enable.git.submodule [ARG029]\n  hint: write `reposerver.enable.git.submodule: "false"` below `data` of the ConfigMap argocd-cmd-params-cm, in a file of its own that the kustomization names',
    ),
    passes("ARG029", "the options have a file of another name", _moved(_PARAMETERS, "argocd/platform/own.yaml")),
    catches(
        "ARG005",
        "an entry has the key path",
        lambda s: _new(_ENTRY, s.files[_ENTRY] + 'path: "x"\n')(s),
        "argocd/shards/s03/tenants/company-002.yaml: error: the key path belongs to the generator [ARG005]\n  hint: run `tenantry generate`",
    ),
    passes("ARG005", "an entry's value is the word path", _file(_ENTRY, "Harbour Logistics", "path")),
    catches(
        "ARG006",
        "a value is not quoted",
        (Edit(_ENTRY, 'plan: "silver"', "plan: silver"),),
        "argocd/shards/s03/tenants/company-002.yaml: error: plan is not a quoted string [ARG006]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG006",
        "a value is a boolean",
        (Edit(_ENTRY, 'paused: "false"', "paused: false"),),
        "argocd/shards/s03/tenants/company-002.yaml: error: paused is not a quoted string [ARG006]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG006",
        "a value is a list",
        (Edit(_ENTRY, 'ring: "general"', 'ring: ["general"]'),),
        "argocd/shards/s03/tenants/company-002.yaml: error: ring is not a quoted string [ARG006]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG006",
        "an entry has a key that nobody reads",
        (Edit(_ENTRY, "", 'finalizers: "none"\n'),),
        "argocd/shards/s03/tenants/company-002.yaml: error: no template reads the key finalizers [ARG006]\n  hint: remove it",
    ),
    passes("ARG006", "a value is in single quotes", (Edit(_ENTRY, '"Harbour Logistics"', "'Harbour Logistics'"),)),
    catches(
        "ARG007",
        "objects go with their Application",
        _file(_SET, "preserveResourcesOnDeletion: true", "preserveResourcesOnDeletion: false"),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: preserveResourcesOnDeletion is not true: an entry that vanishes takes the company's data along [ARG007]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG007",
        "Applications are made and not changed",
        _file(_SET, '"sync"', '"create-only"'),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: applicationsSync is create-only: changes of an entry would not arrive [ARG007]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG007",
        "the set lost its guards",
        _file(
            _SET,
            '  annotations:\n    argocd.argoproj.io/sync-options: "Prune=false,Delete=false"\n    argocd.argoproj.io/sync-wave: "1"\n    tenantry.dev/shards: "4"\n  finalizers:\n  - "resources-finalizer.argocd.argoproj.io"\n',
            "",
        ),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: the set lacks the finalizer resources-finalizer.argocd.argoproj.io: deleting it would delete its Applications [ARG007]\n  hint: run `tenantry generate`",
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: the set's argocd.argoproj.io/sync-options lacks Prune=false and Delete=false [ARG007]\n  hint: run `tenantry generate`",
    ),
    passes("ARG007", "Applications are deleted by hand", _file(_SET, '"sync"', '"create-update"')),
    catches(
        "ARG008",
        "an entry is purged by hand",
        _file(_ENTRY, 'state: "active"', 'state: "purging"'),
        "argocd/shards/s03/tenants/company-002.yaml: error: the Application company-002 would take its objects along, and is not being purged [ARG008]\n  hint: the tenant file decides: run `tenantry generate`",
    ),
    catches(
        "ARG008",
        "the template has the finalizer",
        _file(
            _SET,
            '    metadata:\n      name: "{{ .tenant }}"\n',
            '    metadata:\n      name: "{{ .tenant }}"\n      finalizers: ["resources-finalizer.argocd.argoproj.io"]\n',
        ),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: every Application gets a finalizer: deleting one would delete the company's data [ARG008]\n  hint: run `tenantry generate`",
    ),
    passes("ARG008", "an entry is in another state", _file(_ENTRY, 'state: "active"', 'state: "suspended"')),
    catches(
        "ARG011",
        "the template overrides images",
        _file(
            _SET,
            '        path: "overlays/{{ .tenant }}"\n',
            '        path: "overlays/{{ .tenant }}"\n        kustomize: {images: ["fileserver=example.com/other:1"]}\n',
        ),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: source.kustomize overrides the overlay [ARG011]\n  hint: put it into the overlay or base/",
    ),
    catches(
        "ARG011",
        "the patch changes the source",
        _file(
            _SET,
            "    spec:\n      syncPolicy:\n        automated:\n          enabled: false\n",
            '    spec:\n      source: {path: "overlays/company-001"}\n',
        ),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: templatePatch changes the source [ARG011]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG011",
        "a file beside the overlay overrides it",
        _new("overlays/company-002/.argocd-source.yaml", "kustomize: {}\n"),
        "overlays/company-002/.argocd-source.yaml: error: Argo CD reads overrides of the source from this file [ARG011]\n  hint: remove it",
    ),
    passes("ARG011", "the template speaks of a source elsewhere", _file(_SET, 'name: "company"', 'name: "source"')),
    catches(
        "ARG012",
        "the overlay is another company's",
        _file(_SET, "overlays/{{ .tenant }}", "overlays/company-001"),
        "argocd/shards/s03/tenants/company-002.yaml: error: source.path is overlays/company-001, not overlays/company-002 [ARG012]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG012",
        "the path of a whole set is wrong",
        _file(_OTHER_SET, "overlays/{{ .tenant }}", "overlay/{{ .tenant }}"),
        "argocd/shards/s00/applicationset.yaml: error: ApplicationSet/argocd/tenants-s00: source.path is overlay/company-004, not overlays/company-004, and so for all 2 Applications of the set [ARG012]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG012",
        "the repository is another one",
        _file(
            _SET,
            '      source:\n        repoURL: "https://git.example.com/platform/tenants.git"',
            '      source:\n        repoURL: "https://git.example.com/other/tenants.git"',
        ),
        "argocd/shards/s03/tenants/company-002.yaml: error: source.repoURL is https://git.example.com/other/tenants.git, not https://git.example.com/platform/tenants.git [ARG012]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG012",
        "the branch is a short name",
        _file(_SET, 'targetRevision: "refs/heads/main"', 'targetRevision: "main"'),
        "argocd/shards/s03/tenants/company-002.yaml: error: source.targetRevision is main, not refs/heads/main [ARG012]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG012",
        "every commit renders the company again",
        _file(_SET, '        argocd.argoproj.io/manifest-generate-paths: "{{ .generatePaths }}"\n', ""),
        "argocd/shards/s03/tenants/company-002.yaml: error: the annotation argocd.argoproj.io/manifest-generate-paths is not set [ARG012]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG012",
        "a set forgets the guard of all its companies",
        _file(_OTHER_SET, "{{ .generatePaths }}", "/base/edge;/overlays/{{ .tenant }}"),
        "argocd/shards/s00/applicationset.yaml: error: ApplicationSet/argocd/tenants-s00: the annotation argocd.argoproj.io/manifest-generate-paths lacks /base/edge/components/facts, /base/edge/components/gateway, /base/edge/core, /base/guard/components/facts, /base/guard/components/gateway, /base/guard/core and has /base/edge too much, and so for all 2 Applications of the set [ARG012]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG012",
        "the paths of a set stand in another order",
        _file(
            _OTHER_SET,
            "{{ .generatePaths }}",
            "/overlays/{{ .tenant }};/base/edge/components/facts;/base/edge/components/gateway;/base/edge/core;/base/guard/components/facts;/base/guard/components/gateway;/base/guard/core",
        ),
        "argocd/shards/s00/applicationset.yaml: error: ApplicationSet/argocd/tenants-s00: the annotation argocd.argoproj.io/manifest-generate-paths has another order, and so for all 2 Applications of the set [ARG012]\n  hint: run `tenantry generate`",
    ),
    passes(
        "ARG012",
        "an Application has one more link",
        _file(_SET, "link.argocd.argoproj.io/site", "link.argocd.argoproj.io/files"),
    ),
    catches(
        "ARG016",
        "an entry chooses another project",
        _file(_SET, 'project: "{{ .tenant }}"', 'project: "default"'),
        "argocd/shards/s03/tenants/company-002.yaml: error: project is default, not company-002 [ARG016]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG016",
        "an entry names another company",
        _file(_ENTRY, 'tenant: "company-002"', 'tenant: "company-001"'),
        "argocd/shards/s03/tenants/company-002.yaml: error: destination.namespace is company-001, not company-002 [ARG016]\n  hint: run `tenantry generate`",
        "argocd/shards/s03/tenants/company-002.yaml: error: its name is company-001, not company-002 [ARG016]\n  hint: run `tenantry generate`",
        "argocd/shards/s03/tenants/company-002.yaml: error: project is company-001, not company-002 [ARG016]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG016",
        "an entry leads to another cluster",
        _file(_ENTRY, '"in-cluster"', '"other"'),
        "argocd/shards/s03/tenants/company-002.yaml: error: destination is other, not in-cluster [ARG016]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG016",
        "a namespace is fixed",
        _file(_SET, 'namespace: "{{ .tenant }}"', 'namespace: "kube-system"'),
        "argocd/shards/s03/tenants/company-002.yaml: error: destination.namespace is kube-system, not company-002 [ARG016]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG016",
        "a project bears another name",
        lambda s: s.project["metadata"].update(name="default"),
        "argocd/shards/s03/projects/company-002.yaml: error: the project's name is default, not company-002 [ARG016]\n  hint: run `tenantry generate`",
    ),
    passes(
        "ARG016",
        "the cluster is given by its address",
        _file(_SET, 'name: "{{ .cluster }}"', 'server: "https://kubernetes.default.svc"'),
    ),
    catches(
        "ARG017",
        "objects are replaced",
        _file(_SET, '"ServerSideApply=true"', '"Replace=true"'),
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: syncOptions holds Replace=true [ARG017]\n  hint: remove it",
    ),
    catches(
        "ARG017",
        "an empty render is taken at its word",
        _file(_SET, "allowEmpty: false", "allowEmpty: true"),
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: allowEmpty is true: an empty render would remove everything [ARG017]\n  hint: write false",
    ),
    passes("ARG017", "objects are pruned last", _file(_SET, '"ApplyOutOfSyncOnly=true"', '"PruneLast=true"')),
    catches(
        "ARG020",
        "a step matches nothing",
        _rolling(),
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: step 0 of RollingSync matches no Application [ARG020]",
    ),
    catches(
        "ARG020",
        "an Application is in no step",
        _rolling('values: ["general"]', 'values: ["late"]'),
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: company-002 is in no step of RollingSync, so it never syncs [ARG020]",
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: step 0 of RollingSync matches no Application [ARG020]",
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: step 1 of RollingSync matches no Application [ARG020]",
    ),
    catches(
        "ARG020",
        "a prune waits to be confirmed",
        _confirmed,
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: RollingSync together with Prune=confirm syncs for ever [ARG020]\n  hint: use Prune=false",
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: step 0 of RollingSync matches no Application [ARG020]",
    ),
    passes(
        "ARG020",
        "every step has its Applications",
        _rolling(
            '- matchExpressions:\n        - {key: "tenantry.dev/ring", operator: "In", values: ["pilot"]}\n      ', ""
        ),
    ),
    catches(
        "ARG022",
        "a destination is named twice",
        _file(
            _SET, 'name: "{{ .cluster }}"', 'name: "{{ .cluster }}"\n        server: "https://kubernetes.default.svc"'
        ),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: destination has a name and a server: Argo CD refuses the Application [ARG022]\n  hint: keep the name",
    ),
    passes(
        "ARG022",
        "a destination is an address",
        _file(_SET, 'name: "{{ .cluster }}"', 'server: "https://kubernetes.default.svc"'),
    ),
    catches(
        "ARG023",
        "a shard has more than two thousand companies",
        _crowd,
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: the set makes 2002 Applications and takes about 330382 of the 1572864 bytes of an object [ARG023]\n  hint: raise argocd.shards in platform.yaml",
    ),
    passes("ARG023", "a shard has two companies", _new(_EXTRA_ENTRY, 'tenant: "company-099"\n')),
    catches(
        "ARG024",
        "nothing is tried again",
        _file(
            _SET,
            '        retry:\n          limit: 10\n          refresh: true\n          backoff:\n            duration: "10s"\n            factor: 2\n            maxDuration: "5m"\n',
            "",
        ),
        "argocd/shards/s03/applicationset.yaml: warning: ApplicationSet/argocd/tenants-s03: syncPolicy.retry is missing: what fails once stays failed until the next commit [ARG024]\n  hint: run `tenantry generate`",
    ),
    passes("ARG024", "it is tried less often", _file(_SET, "limit: 10", "limit: 5")),
    catches(
        "ARG025",
        "Argo CD makes the namespace",
        _file(_SET, '"ApplyOutOfSyncOnly=true"', '"CreateNamespace=true"'),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: syncOptions holds CreateNamespace=true [ARG025]\n  hint: remove it",
    ),
    catches(
        "ARG025",
        "Argo CD labels the namespace",
        _file(_SET, "        retry:\n", "        managedNamespaceMetadata: {labels: {team: files}}\n        retry:\n"),
        "argocd/shards/s03/applicationset.yaml: error: ApplicationSet/argocd/tenants-s03: managedNamespaceMetadata is set beside the rendered Namespace [ARG025]\n  hint: label it in base/",
    ),
    passes(
        "ARG025",
        "the namespace is said not to be made",
        _file(_SET, '"ApplyOutOfSyncOnly=true"', '"CreateNamespace=false"'),
    ),
    catches(
        "ARG027",
        "an entry is in another shard",
        _moved(_ENTRY, _ENTRY.replace("s03", "s00")),
        "argocd/shards/s00/tenants/company-002.yaml: error: company-002 belongs to shard s03 [ARG027]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG027",
        "a project is in another shard",
        _moved(f"{_SHARD}/projects/company-002.yaml", "argocd/shards/s00/projects/company-002.yaml"),
        "argocd/shards/s00/projects/company-002.yaml: error: company-002 belongs to shard s03 [ARG027]\n  hint: run `tenantry generate`",
    ),
    passes("ARG027", "an entry of nobody is in a shard", _new(_EXTRA_ENTRY, "{}")),
    # --- entries and objects
    catches(
        "ARG009",
        "the namespace may be pruned",
        _annotated("Namespace", "company-002", _OPTIONS, None),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: argocd.argoproj.io/sync-options lacks Prune=false and Delete=false [ARG009]\n  hint: write Prune=false,Delete=false",
    ),
    catches(
        "ARG009",
        "the volume may be deleted",
        _annotated("PersistentVolumeClaim", "files", _OPTIONS, "Prune=false"),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: argocd.argoproj.io/sync-options lacks Delete=false [ARG009]\n  hint: write Prune=false,Delete=false",
    ),
    catches(
        "ARG009",
        "the project may be pruned",
        lambda s: s.project["metadata"].pop("annotations"),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: argocd.argoproj.io/sync-options lacks Prune=false and Delete=false [ARG009]\n  hint: run `tenantry generate`",
    ),
    passes(
        "ARG009",
        "the guards stand in another order",
        _annotated("PersistentVolumeClaim", "files", _OPTIONS, "Delete=false, Prune=false"),
    ),
    catches(
        "ARG010",
        "a part of base/ is forgotten",
        _paths("/base/edge/core;", ""),
        "argocd/shards/s03/tenants/company-002.yaml: error: generatePaths lacks /base/edge/core [ARG010]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG010",
        "the guard alone is forgotten",
        _paths("/base/guard/core;", ""),
        "argocd/shards/s03/tenants/company-002.yaml: error: generatePaths lacks /base/guard/core [ARG010]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG010",
        "all of base/ is listed",
        _paths("/base/edge/core;", "/base;"),
        "argocd/shards/s03/tenants/company-002.yaml: error: generatePaths lacks /base/edge/core and need not have /base [ARG010]\n  hint: run `tenantry generate`",
    ),
    passes(
        "ARG010",
        "the paths stand in another order",
        lambda s: s.entry.update(generatePaths=";".join(reversed(s.entry["generatePaths"].split(";")))),
    ),
    catches(
        "ARG018",
        "the volume comes first",
        _annotated("PersistentVolumeClaim", "files", _WAVE, "-2"),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: it is in wave -2, and Deployment fileserver, which it may wait for, in 0 [ARG018]\n  hint: put both into one wave",
    ),
    passes("ARG018", "the volume comes last", _annotated("PersistentVolumeClaim", "files", _WAVE, "1")),
    catches(
        "ARG019",
        "the HPA comes first",
        _annotated("HorizontalPodAutoscaler", "fileserver", _WAVE, "-1"),
        "base/edge/core/fileserver.yaml: warning: HorizontalPodAutoscaler/company-002/fileserver: it is in wave -1, and wave 0 waits until it is healthy [ARG019]\n  hint: put it into the last wave",
    ),
    passes(
        "ARG019",
        "both HPAs come last",
        lambda s: [_annotated("HorizontalPodAutoscaler", name, _WAVE, "5")(s) for name in ("fileserver", "ai-chatbot")],
    ),
    catches(
        "ARG021",
        "git counts the pods",
        lambda s: s.one("Deployment", "fileserver")["spec"].update(replicas=3),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: replicas is 3, and a HorizontalPodAutoscaler owns it [ARG021]\n  hint: remove it",
    ),
    passes(
        "ARG021",
        "git counts pods that nobody scales",
        _unscaled,
    ),
    catches(
        "ARG028",
        "an object is replaced",
        _annotated("Deployment", "fileserver", _OPTIONS, "Replace=true"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: argocd.argoproj.io/sync-options holds Replace=true [ARG028]\n  hint: remove it",
    ),
    catches(
        "ARG028",
        "an object is a hook",
        _annotated("NetworkPolicy", "default-deny", "argocd.argoproj.io/hook", "PreSync"),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/default-deny: argocd.argoproj.io/hook makes it a hook: Argo CD runs it beside the sync and does not keep it [ARG028]\n  hint: remove the annotation",
    ),
    catches(
        "ARG028",
        "an object is hidden",
        _annotated("RoleBinding", "admin", "argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: argocd.argoproj.io/compare-options hides it when git drops it [ARG028]\n  hint: remove the annotation",
    ),
    passes(
        "ARG028",
        "an object is checked when its kind is there",
        _annotated("ExternalSecret", "ai-chatbot", _OPTIONS, "SkipDryRunOnMissingResource=true"),
    ),
    # --- projects
    catches(
        "ARG013",
        "a project leads to a second namespace",
        _listed(
            "destinations",
            {"name": "in-cluster", "server": "https://kubernetes.default.svc", "namespace": "company-001"},
        ),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: destinations[1] is name 'in-cluster' server 'https://kubernetes.default.svc' namespace 'company-001', not name 'in-cluster' server 'https://kubernetes.default.svc' namespace 'company-002' [ARG013]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG013",
        "a project leads elsewhere",
        _project(
            destinations=[
                {"name": "in-cluster", "server": "https://kubernetes.default.svc", "namespace": "kube-system"}
            ]
        ),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: destinations[0] is name 'in-cluster' server 'https://kubernetes.default.svc' namespace 'kube-system', not name 'in-cluster' server 'https://kubernetes.default.svc' namespace 'company-002' [ARG013]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG013",
        "a project has a second repository",
        _listed("sourceRepos", "https://git.example.com/other.git"),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: sourceRepos[1] is 'https://git.example.com/other.git', not 'https://git.example.com/platform/tenants.git' [ARG013]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG013",
        "a project allows any Namespace",
        _project(clusterResourceWhitelist=[{"group": "", "kind": "Namespace"}]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: clusterResourceWhitelist[0] is group '' kind 'Namespace', not group '' kind 'Namespace' name 'company-002' [ARG013]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG013",
        "a project is open to Applications elsewhere",
        _project(sourceNamespaces=["company-001"]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: sourceNamespaces opens the project to others [ARG013]\n  hint: remove it",
    ),
    passes("ARG013", "a project says more of itself", _project(description="Harbour Logistics")),
    catches(
        "ARG014",
        "a project leads everywhere",
        _project(destinations=[{"server": "*", "namespace": "*"}]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: destinations[0] is server '*' namespace '*': a pattern lets in what nobody named [ARG014]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG014",
        "a project leads to every company",
        _project(
            destinations=[{"name": "in-cluster", "server": "https://kubernetes.default.svc", "namespace": "company-*"}]
        ),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: destinations[0] is name 'in-cluster' server 'https://kubernetes.default.svc' namespace 'company-*': a pattern lets in what nobody named [ARG014]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG014",
        "a project leads anywhere but here",
        _project(
            destinations=[{"name": "in-cluster", "server": "https://kubernetes.default.svc", "namespace": "!argocd"}]
        ),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: destinations[0] is name 'in-cluster' server 'https://kubernetes.default.svc' namespace '!argocd': a pattern lets in what nobody named [ARG014]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG014",
        "a project allows every kind",
        _project(namespaceResourceWhitelist=[{"group": "*", "kind": "*"}]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: namespaceResourceWhitelist[0] is group '*' kind '*': a pattern lets in what nobody named [ARG014]\n  hint: run `tenantry generate`",
    ),
    passes(
        "ARG014",
        "a project warns of nothing",
        _project(orphanedResources={"warn": False, "ignore": [{"kind": "Secret", "name": "*-tls"}]}),
    ),
    catches(
        "ARG015",
        "a project allows Secrets",
        _listed("namespaceResourceWhitelist", {"group": "", "kind": "Secret"}),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: it allows Secret, which base/ never renders [ARG015]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG015",
        "a project lacks a kind",
        lambda s: s.project["spec"]["namespaceResourceWhitelist"].remove(
            {"group": "policy", "kind": "PodDisruptionBudget"}
        ),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: it lacks PodDisruptionBudget.policy, which could not be pruned [ARG015]\n  hint: run `tenantry generate`",
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: PodDisruptionBudget/company-002/ai-chatbot: its tenant's AppProject does not accept it [ARG015]",
        "base/edge/core/fileserver.yaml: error: PodDisruptionBudget/company-002/fileserver: its tenant's AppProject does not accept it [ARG015]",
    ),
    catches(
        "ARG015",
        "a project has no list of kinds",
        lambda s: s.project["spec"].pop("namespaceResourceWhitelist"),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: namespaceResourceWhitelist is missing: without it every kind is allowed [ARG015]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG015",
        "a project forbids a kind",
        _project(namespaceResourceBlacklist=[{"group": "", "kind": "Service"}]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: namespaceResourceBlacklist forbids what the other lists allow [ARG015]\n  hint: run `tenantry generate`",
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Service/company-002/ai-chatbot: its tenant's AppProject does not accept it [ARG015]",
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: its tenant's AppProject does not accept it [ARG015]",
    ),
    catches(
        "ARG015",
        "a kind is rendered that no project allows",
        lambda s: s.add("{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: backup}}"),
        "overlays/company-002/kustomization.yaml: error: Lease/company-002/backup: its tenant's AppProject does not accept it [ARG015]",
    ),
    passes(
        "ARG015",
        "the kinds stand in another order",
        lambda s: s.project["spec"]["namespaceResourceWhitelist"].reverse(),
    ),
    catches(
        "ARG026",
        "support may sync",
        _role(0, policies=["p, proj:company-002:support, applications, sync, company-002/*, allow"]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: role support has the policy 'p, proj:company-002:support, applications, sync, company-002/*, allow', which is none of its own [ARG026]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG026",
        "support may open a shell",
        _role(0, policies=["p, proj:company-002:support, exec, create, company-002/*, allow"]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: role support has the policy 'p, proj:company-002:support, exec, create, company-002/*, allow', which is none of its own [ARG026]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG026",
        "support sees every company",
        _role(0, policies=["p, proj:company-002:support, applications, get, */*, allow"]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: role support has the policy 'p, proj:company-002:support, applications, get, */*, allow', which is none of its own [ARG026]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG026",
        "another company's support is support",
        _role(0, groups=["company-001:support"]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: role support is given to the group company-001:support [ARG026]\n  hint: give it to company-002:support",
    ),
    catches(
        "ARG026",
        "a role has a token",
        _role(0, jwtTokens=[{"iat": 1}]),
        "argocd/shards/s03/projects/company-002.yaml: error: AppProject/argocd/company-002: role support has tokens of its own [ARG026]\n  hint: run `tenantry generate`",
    ),
    passes(
        "ARG026",
        "a policy is written without spaces",
        _role(0, policies=["p,proj:company-002:support,applications,get,company-002/*,allow"]),
    ),
)
