"""Cases of the family KUS: mostly changes of base/, built again, because silence is what these rules are about."""
# ruff: noqa: E501 -- what a rule says stands on one line, as people see it

from dataclasses import replace
from typing import Any

from tests.rules.harness import Change, Edit, Scene, catches, passes, unchanged

CORE = "base/edge/core/kustomization.yaml"
FACTS = "base/edge/components/facts/kustomization.yaml"
GUARD_FACTS = "base/guard/components/facts/kustomization.yaml"
CHATBOT = "base/edge/components/ai-chatbot/kustomization.yaml"
GATEWAY = "base/edge/components/gateway/kustomization.yaml"
OVERLAY = "overlays/company-002/kustomization.yaml"


def _routes(scene: Scene, name: str = "fileserver") -> dict[str, Any]:
    spec: dict[str, Any] = scene.one("HTTPRoute", name)["spec"]
    return spec


def _config(scene: Scene) -> dict[str, Any]:
    return next(obj for obj in scene.objects if obj["kind"] == "ConfigMap")


def _peer(scene: Scene) -> dict[str, Any]:
    peer: dict[str, Any] = scene.one("NetworkPolicy", "to-dns")["spec"]["egress"][0]["to"][0]
    return peer


def _variable(scene: Scene, name: str, value: str) -> None:
    scene.container()["env"] = [{"name": name, "value": value}]


def _annotate(scene: Scene, key: str, value: str) -> None:
    scene.one("PersistentVolumeClaim", "files")["metadata"]["annotations"][key] = value


_OTHER_NAME = "use the company's facts; if something else is called company-003 here, the tenant needs another name"
_THE_FILE_SERVER = "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver"
_THE_CLAIM = "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files"


def _suspended_behind(component: str) -> Change:
    """Let the company be suspended, and its overlay list the state behind a component."""

    def suspended(scene: Scene) -> None:
        scene.tenant = replace(scene.tenant, state="suspended")
        listed = scene.overlay["components"]
        where = listed.index(component) + 1
        listed[where:where] = [f"../../base/guard/states/{name}" for name in ("suspended", "suspended-gateway")]

    return suspended


def _swap_components(scene: Scene) -> None:
    scene.overlay["components"][-2:] = reversed(scene.overlay["components"][-2:])


def _another_build(scene: Scene) -> None:
    probe = scene.base.probes[0]
    again = probe.text.replace("app.kubernetes.io/part-of: tenantry", "app.kubernetes.io/part-of: Tenantry", 1)
    probes = (replace(probe, again=again), *scene.base.probes[1:])
    scene.base = replace(scene.base, probes=probes)


def _opened(target: str) -> tuple[Edit, ...]:
    """Write the company's name into a label of every policy, and patch the one that a target chooses."""
    replacement = (
        "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.name}\n"
        "  targets:\n"
        "  - select: {kind: NetworkPolicy}\n"
        "    fieldPaths: [metadata.annotations.who]\n"
        "    options: {create: true}\n"
    )
    patch = f"patches:\n- target: {target}\n  patch: '[{{op: add, path: /metadata/annotations, value: {{a: b}}}}]'\n"
    return (Edit(FACTS, "", replacement + patch),)


CASES = (
    # --- KUS001
    catches(
        "KUS001",
        "a name that YAML reads as a number",
        (
            Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- build.yaml\n"),
            Edit("base/edge/core/build.yaml", "", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 20260101}\n"),
        ),
        "base/edge: error: a tenant that has everything cannot be built, by gateway or ingress: metadata.name of ConfigMap/20260101 is 20260101, not a text [KUS001]",
        "overlays/company-002/kustomization.yaml: error: it cannot be built: metadata.name of ConfigMap/20260101 is 20260101, not a text [KUS001]",
    ),
    catches(
        "KUS001",
        "an object that does not say of which API it is",
        (
            Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- build.yaml\n"),
            Edit("base/edge/core/build.yaml", "", "kind: ConfigMap\nmetadata: {name: build}\n"),
        ),
        "base/edge: error: a tenant that has everything cannot be built, by gateway or ingress: apiVersion of ConfigMap/build is missing [KUS001]",
        "overlays/company-002/kustomization.yaml: error: it cannot be built: apiVersion of ConfigMap/build is missing [KUS001]",
    ),
    passes("KUS001", "a comment more", (Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml # all that runs\n"),)),
    # --- KUS002
    catches(
        "KUS002",
        "commonLabels in a component",
        (Edit(GATEWAY, "", "commonLabels:\n  team: files\n"),),
        "base/edge/components/gateway/kustomization.yaml: error: `commonLabels` is not used here: it writes into selectors, and into the peers of NetworkPolicies [KUS002]\n"
        "  hint: write the pairs under labels",
    ),
    catches(
        "KUS002",
        "a field that kustomize does not know",
        (Edit(CORE, "", "resource: [quota.yaml]\n"),),
        "base/edge/core/kustomization.yaml: error: unknown key `resource` [KUS002]\n  hint: did you mean 'resources'?",
    ),
    catches(
        "KUS002",
        "a field in other letters, which kustomize takes as well",
        (Edit(CORE, "", "Transformers: [rewrite.yaml]\n"),),
        "base/edge/core/kustomization.yaml: error: unknown key `Transformers` [KUS002]",
    ),
    catches(
        "KUS002",
        "labels with includeSelectors in an overlay",
        (Edit(OVERLAY, "includeTemplates: true", "includeTemplates: true, includeSelectors: true"),),
        "overlays/company-002/kustomization.yaml: error: `labels[0].includeSelectors` is not used here: it writes into selectors, and into the peers of NetworkPolicies [KUS002]\n"
        "  hint: remove it; includeTemplates puts labels into pod templates",
    ),
    catches(
        "KUS002",
        "the plan's label in pod templates",
        lambda scene: scene.overlay["labels"][1].update(includeTemplates=True),
        "overlays/company-002/kustomization.yaml: error: the label tenantry.dev/plan stands in pod templates: whenever it changes, every pod restarts [KUS002]\n"
        "  hint: write it in an item of its own without includeTemplates",
    ),
    passes(
        "KUS002",
        "constant labels in pod templates of base/",
        (Edit(CORE, "includeTemplates: true\n", "includeTemplates: true\n- {pairs: {example.com/team: files}}\n"),),
    ),
    # --- KUS003
    catches(
        "KUS003",
        "an image that no object has",
        (Edit(CORE, "- name: fileserver\n", "- name: file-server\n"),),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver has the bare image 'fileserver': no entry of images names it [KUS003]\n"
        "  hint: images: of core does not reach what a component brings",
        "base/edge/core/kustomization.yaml: error: the image 'file-server' changes nothing [KUS003]\n"
        "  hint: its name occurs in no object",
    ),
    catches(
        "KUS003",
        "a patch whose target selects nothing",
        (
            Edit(
                CORE,
                "",
                "patches:\n- target: {kind: Deployment, name: file-server}\n"
                '  patch: \'[{"op": "add", "path": "/spec/paused", "value": false}]\'\n',
            ),
        ),
        "base/edge/core/kustomization.yaml: error: patch 1 changes nothing [KUS003]\n"
        "  hint: its target selects nothing, or has it already",
    ),
    catches(
        "KUS003",
        "a container that no images entry names",
        lambda scene: scene.container().update(image="fileserver"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver has the bare image 'fileserver': no entry of images names it [KUS003]\n"
        "  hint: images: of core does not reach what a component brings",
    ),
    passes(
        "KUS003",
        "a patch that sets something",
        (
            Edit(
                CORE,
                "",
                "patches:\n- target: {kind: Deployment, name: fileserver}\n"
                '  patch: \'[{"op": "add", "path": "/spec/progressDeadlineSeconds", "value": 300}]\'\n',
            ),
        ),
    ),
    # --- KUS004
    catches(
        "KUS004",
        "a remote base",
        (Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- https://example.com/guards?ref=v1\n"),),
        "base/edge/core/kustomization.yaml: error: 'https://example.com/guards?ref=v1' is no plain path to a .yaml file or a folder with a kustomization.yaml, and kustomize may take it for an address [KUS004]\n"
        "  hint: copy what it leads to into the repository; names of folders have letters, digits, - and _ alone",
    ),
    catches(
        "KUS004",
        "a release that refers to another folder of base/",
        (
            Edit("base/shared/kustomization.yaml", "", "resources: []\n"),
            Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- ../../shared\n"),
        ),
        "base/edge/core/kustomization.yaml: error: there is no '../../shared' in base/edge [KUS004]\n"
        "  hint: copy it into the release",
    ),
    passes(
        "KUS004",
        "a folder of the release itself",
        (
            Edit("base/edge/guards/kustomization.yaml", "", "resources: [pause.yaml]\n"),
            Edit(
                "base/edge/guards/pause.yaml",
                "",
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: pause\nautomountServiceAccountToken: false\n",
            ),
            Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- ../guards\n"),
        ),
    ),
    # --- KUS005
    catches(
        "KUS005",
        "a policy in another namespace",
        lambda scene: scene.one("NetworkPolicy", "to-dns")["metadata"].update(namespace="company-003"),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-003/to-dns: it lies in company-003, not in company-002 [KUS005]",
    ),
    catches(
        "KUS005",
        "a ClusterRole",
        lambda scene: scene.add(
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all}, rules: []}"
        ),
        "overlays/company-002/kustomization.yaml: error: ClusterRole/company-002/all: a ClusterRole belongs to the whole cluster [KUS005]",
    ),
    catches(
        "KUS005",
        "a second Namespace",
        lambda scene: scene.add("{apiVersion: v1, kind: Namespace, metadata: {name: company-002-old}}"),
        "base/guard/core/namespace.yaml: error: Namespace/company-002/company-002-old: this is not the tenant's Namespace, company-002 [KUS005]",
    ),
    passes("KUS005", "one more ServiceAccount", lambda scene: scene.add_again("ServiceAccount", "default", "jobs")),
    # --- KUS006
    catches(
        "KUS006",
        "a ClusterSecretStore that was given a namespace",
        lambda scene: scene.add(
            "{apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, metadata: {name: all}, spec: {}}"
        ),
        "overlays/company-002/kustomization.yaml: error: ClusterSecretStore/company-002/all: a ClusterSecretStore has no namespace, and this one was given one [KUS006]",
    ),
    passes(
        "KUS006", "a SecretStore in its namespace", lambda scene: scene.add_again("SecretStore", "tenant", "second")
    ),
    # --- KUS007
    catches(
        "KUS007",
        "a group that no fact reached",
        lambda scene: scene.one("RoleBinding", "admin")["subjects"][0].update(name="placeholder:admin"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: subjects.0.name still holds 'placeholder' [KUS007]",
    ),
    catches(
        "KUS007",
        "a template that nobody filled in",
        lambda scene: scene.container()["args"].append("--title={{ .tenant }}"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.containers.0.args.8 still holds '{{' [KUS007]",
    ),
    catches(
        "KUS007",
        "an overlay whose last components are gone",
        (Edit(OVERLAY, ', "../../base/guard/components/facts", "../../base/edge/components/facts"', ""),),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: subjects.0.name still holds 'placeholder' [KUS007]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: subjects.1.name still holds 'placeholder' [KUS007]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: subjects.2.name still holds 'placeholder' [KUS007]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/break-glass: subjects.0.name still holds 'placeholder' [KUS007]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/support: subjects.0.name still holds 'placeholder' [KUS007]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/support: subjects.1.name still holds 'placeholder' [KUS007]",
        "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users: spec.data.0.remoteRef.key still holds 'placeholder' [KUS007]",
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: spec.storageClassName still holds 'placeholder' [KUS007]",
    ),
    passes(
        "KUS007",
        "a variable of the program itself in its own file",
        lambda scene: _config(scene)["data"].update({"agent.yaml": "greeting: ${env.GREETING} {{ name }}"}),
    ),
    passes(
        "KUS007",
        "a key in the template of a Secret",
        lambda scene: scene.one("ExternalSecret", "ai-chatbot")["spec"]["target"].update(
            template={"data": {"config": "key: {{ .MODEL_API_KEY }}"}}
        ),
    ),
    # --- KUS008
    *(
        catches("KUS008", says, change, f"{place}: {fact} [KUS008]\n  hint: {_OTHER_NAME}")
        for says, change, place, fact in (
            (
                "the key of another company",
                lambda scene: scene.one("ExternalSecret", "fileserver-users")["spec"]["data"][0]["remoteRef"].update(
                    key="tenants/company-003/fileserver"
                ),
                "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users",
                "spec.data.0.remoteRef.key names a path of the tenant company-003",
            ),
            (
                "another company's namespace as a peer",
                lambda scene: _peer(scene)["namespaceSelector"]["matchLabels"].update(
                    {"kubernetes.io/metadata.name": "company-003"}
                ),
                "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-dns",
                "spec.egress.0.to.0.namespaceSelector.matchLabels.kubernetes.io/metadata.name names the namespace of the tenant company-003",
            ),
            (
                "another company's namespace among several",
                lambda scene: _peer(scene).update(
                    namespaceSelector={
                        "matchExpressions": [
                            {
                                "key": "kubernetes.io/metadata.name",
                                "operator": "In",
                                "values": ["kube-system", "company-003"],
                            }
                        ]
                    }
                ),
                "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-dns",
                "spec.egress.0.to.0.namespaceSelector.matchExpressions.0.values.1 names the namespace of the tenant company-003",
            ),
            (
                "another company's people",
                lambda scene: scene.one("RoleBinding", "admin")["subjects"][0].update(name="company-003:admin"),
                "base/guard/core/access.yaml: error: RoleBinding/company-002/admin",
                "subjects.0.name names a group of the tenant company-003",
            ),
            (
                "another company's host on the route",
                lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["hostnames"].append(
                    "company-003.files.example.com"
                ),
                "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver",
                "spec.hostnames.1 names the host company-003.files.example.com of the tenant company-003",
            ),
            (
                "another company's assistant in a variable",
                lambda scene: _variable(scene, "ASSISTANT", "https://chat--company-003.files.example.com/v1"),
                _THE_FILE_SERVER,
                "spec.template.spec.containers.0.env.0.value names the host company-003.files.example.com of the tenant company-003",
            ),
            (
                "another company's Service in a variable",
                lambda scene: _variable(scene, "UPSTREAM", "http://fileserver.company-003.svc.cluster.local/"),
                _THE_FILE_SERVER,
                "spec.template.spec.containers.0.env.0.value names the namespace of the tenant company-003",
            ),
            (
                "another company's Service by its short name",
                lambda scene: _variable(scene, "UPSTREAM_HOST", "fileserver.company-003"),
                _THE_FILE_SERVER,
                "spec.template.spec.containers.0.env.0.value names the namespace of the tenant company-003",
            ),
            (
                "another company in an argument",
                lambda scene: scene.container()["args"].append("--namespace=company-003"),
                _THE_FILE_SERVER,
                "spec.template.spec.containers.0.args.8 names the namespace of the tenant company-003",
            ),
            (
                "another company in an annotation",
                lambda scene: _annotate(scene, "example.com/tenant", "company-003"),
                _THE_CLAIM,
                "metadata.annotations.example.com/tenant names the tenant company-003",
            ),
            (
                "an object of another company in an annotation",
                lambda scene: _annotate(scene, "example.com/copy-of", "company-003/files"),
                _THE_CLAIM,
                "metadata.annotations.example.com/copy-of names the namespace of the tenant company-003",
            ),
            (
                "an account of another company in an annotation",
                lambda scene: _annotate(scene, "example.com/reader", "system:serviceaccount:company-003:fileserver"),
                _THE_CLAIM,
                "metadata.annotations.example.com/reader names the namespace of the tenant company-003",
            ),
            (
                "the identity of another company in the store",
                lambda scene: scene.one("SecretStore", "tenant")["spec"]["provider"]["vault"]["auth"][
                    "kubernetes"
                ].update(role="company-003"),
                "base/guard/core/secret-store.yaml: error: SecretStore/company-002/tenant",
                "spec.provider.vault.auth.kubernetes.role names an identity of the tenant company-003",
            ),
            (
                "the Service of another company behind the route",
                lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].update(
                    namespace="company-003"
                ),
                "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver",
                "spec.rules.0.backendRefs.0.namespace names the namespace of the tenant company-003",
            ),
            (
                "another company in a program's own file",
                lambda scene: scene.add(
                    "{apiVersion: v1, kind: ConfigMap, metadata: {name: notes}, data: {it: 'namespace: company-003'}}"
                ),
                "overlays/company-002/kustomization.yaml: error: ConfigMap/company-002/notes",
                "data.it names the namespace of the tenant company-003",
            ),
        )
    ),
    passes(
        "KUS008",
        "a name that only begins like another company's",
        lambda scene: scene.one("Service", "fileserver")["metadata"]["labels"].update(zone="company-003x"),
    ),
    *(
        passes("KUS008", f"a company's name as {what}", change)
        for what, change in (
            ("the name of an object", lambda scene: scene.add_again("Service", "fileserver", "company-003")),
            ("the name of a volume", lambda scene: scene.pod("fileserver")["volumes"][0].update(name="company-003")),
            (
                "part of a path",
                lambda scene: scene.container()["args"].append("--cache=/var/lib/company-003/files"),
            ),
            ("a word", lambda scene: scene.container()["args"].append("--title=company-003")),
            ("the image", lambda scene: scene.container().update(image="docker.io/company-003/server:1")),
            ("a host elsewhere", lambda scene: _variable(scene, "MODEL", "https://company-003.example.org/v1")),
            (
                "an audience of the store",
                lambda scene: scene.one("SecretStore", "tenant")["spec"]["provider"]["vault"]["auth"]["kubernetes"][
                    "serviceAccountRef"
                ].update(audiences=["company-003"]),
            ),
        )
    ),
    # --- KUS010
    catches(
        "KUS010",
        "a switch that is a boolean for people's tools",
        (Edit("base/edge/components/ai-chatbot/ai-chatbot.yaml", '          value: "false"', "          value: off"),),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: `off` is false for some readers [KUS010]\n"
        "  hint: quote it, or write it as all read it",
    ),
    catches(
        "KUS010",
        "a mode that YAML 1.2 reads otherwise",
        (Edit("base/edge/core/fileserver.yaml", "defaultMode: 288", "defaultMode: 0440"),),
        "base/edge/core/fileserver.yaml: error: `0440` is a number for some readers [KUS010]\n"
        "  hint: quote it, or write it as all read it",
    ),
    catches(
        "KUS010",
        "a kustomize that prints a time without quotes",
        lambda scene: setattr(scene, "text", scene.text.replace("restricted", "12:30:45", 1)),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: `12:30:45` is a number for some readers [KUS010]\n"
        "  hint: quote it in base/",
    ),
    passes(
        "KUS010",
        "the same switch in quotes",
        (
            Edit(
                "base/edge/components/ai-chatbot/ai-chatbot.yaml", '          value: "false"', '          value: "off"'
            ),
        ),
    ),
    # --- KUS011
    catches(
        "KUS011",
        "a build that differs from the one before",
        _another_build,
        "base/edge: error: two builds of exposure gateway differ line 8: '    app.kubernetes.io/part-of: tenantry', then '    app.kubernetes.io/part-of: Tenantry' [KUS011]",
    ),
    passes("KUS011", "two builds of the same files", unchanged),
    # --- KUS014
    catches(
        "KUS014",
        "facts before the chatbot's route",
        _swap_components,
        "overlays/company-002/kustomization.yaml: error: components: the order is guard/ai-chatbot, guard/gateway, guard/ai-chatbot-gateway, edge/ai-chatbot, edge/gateway, edge/ai-chatbot-gateway, edge/facts, guard/facts [KUS014]\n"
        "  hint: it is guard/ai-chatbot, guard/gateway, guard/ai-chatbot-gateway, edge/ai-chatbot, edge/gateway, edge/ai-chatbot-gateway, guard/facts, edge/facts",
    ),
    catches(
        "KUS014",
        "an exposure that nobody asked for",
        lambda scene: scene.overlay["components"].insert(1, "../../base/edge/components/ingress"),
        "overlays/company-002/kustomization.yaml: error: components: ../../base/edge/components/ingress is too much [KUS014]\n"
        "  hint: run `tenantry generate`",
    ),
    catches(
        "KUS014",
        "another release than the ring's",
        lambda scene: scene.overlay.update(
            resources=["../../base/guard/core", "../../base/releases/7/core", "facts.yaml"]
        ),
        "overlays/company-002/kustomization.yaml: error: resources: ../../base/edge/core is missing; ../../base/releases/7/core is too much [KUS014]\n"
        "  hint: run `tenantry generate`",
    ),
    passes("KUS014", "a company without the chatbot", unchanged, tenant="company-001"),
    catches(
        "KUS014",
        "a state before the exposure that it shuts",
        _suspended_behind("../../base/edge/components/ai-chatbot"),
        "overlays/company-002/kustomization.yaml: error: components: the order is guard/ai-chatbot, guard/gateway, guard/ai-chatbot-gateway, edge/ai-chatbot, guard/states/suspended, guard/states/suspended-gateway, edge/gateway, edge/ai-chatbot-gateway, guard/facts, edge/facts [KUS014]\n"
        "  hint: it is guard/ai-chatbot, guard/gateway, guard/ai-chatbot-gateway, edge/ai-chatbot, edge/gateway, edge/ai-chatbot-gateway, guard/states/suspended, guard/states/suspended-gateway, guard/facts, edge/facts",
    ),
    catches(
        "KUS014",
        "a state before the add-ons that it switches off",
        _suspended_behind("../../base/guard/components/ai-chatbot-gateway"),
        "overlays/company-002/kustomization.yaml: error: components: the order is guard/ai-chatbot, guard/gateway, guard/ai-chatbot-gateway, guard/states/suspended, guard/states/suspended-gateway, edge/ai-chatbot, edge/gateway, edge/ai-chatbot-gateway, guard/facts, edge/facts [KUS014]\n"
        "  hint: it is guard/ai-chatbot, guard/gateway, guard/ai-chatbot-gateway, edge/ai-chatbot, edge/gateway, edge/ai-chatbot-gateway, guard/states/suspended, guard/states/suspended-gateway, guard/facts, edge/facts",
    ),
    passes(
        "KUS014",
        "a state behind all that it changes",
        _suspended_behind("../../base/edge/components/ai-chatbot-gateway"),
    ),
    # --- KUS015
    catches(
        "KUS015",
        "a replacement for an object that was renamed",
        (
            Edit("base/guard/core/claims.yaml", "  name: files\n", "  name: company-files\n"),
            Edit("base/edge/core/fileserver.yaml", "claimName: files", "claimName: company-files"),
        ),
        "base/guard/components/facts/kustomization.yaml: error: select (kind PersistentVolumeClaim, name files) matches no object [KUS015]",
    ),
    catches(
        "KUS015",
        "a field that a second replacement writes over",
        (
            Edit(
                FACTS,
                "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.service.maxReplicas}\n",
                "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.service.maxReplicas}\n  targets:\n"
                "  - select: {kind: HorizontalPodAutoscaler, name: fileserver}\n    fieldPaths: [spec.minReplicas]\n"
                "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.service.maxReplicas}\n",
            ),
        ),
        "base/edge/components/facts/kustomization.yaml: error: spec.minReplicas of HorizontalPodAutoscaler/tenantry-probe/fileserver does not hold spec.service.minReplicas [KUS015]",
    ),
    passes(
        "KUS015",
        "a target that is chosen by its kind alone",
        (
            Edit(
                GUARD_FACTS,
                "select: {kind: PersistentVolumeClaim, name: files}\n    fieldPaths: [spec.storageClassName]",
                "select: {kind: PersistentVolumeClaim}\n    fieldPaths: [spec.storageClassName]",
            ),
        ),
    ),
    # --- KUS016
    catches(
        "KUS016",
        "a host of somebody else",
        lambda scene: _routes(scene)["hostnames"].append("www.example.org"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.hostnames: www.example.org is not a host of this fileserver [KUS016]",
    ),
    catches(
        "KUS016",
        "an extra host that is not rendered",
        lambda scene: _routes(scene)["hostnames"].pop(),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-005/fileserver: spec.hostnames: the host archive.atelier.customers.example.net is missing [KUS016]",
        tenant="company-005",
    ),
    catches(
        "KUS016",
        "a chatbot on the file server's host",
        lambda scene: _routes(scene, "ai-chatbot").update(hostnames=["company-002.files.example.com"]),
        "base/edge/components/ai-chatbot-gateway/ai-chatbot.yaml: error: HTTPRoute/company-002/ai-chatbot: spec.hostnames: company-002.files.example.com is not a host of this ai-chatbot [KUS016]",
        "base/edge/components/ai-chatbot-gateway/ai-chatbot.yaml: error: HTTPRoute/company-002/ai-chatbot: spec.hostnames: the host chat--company-002.files.example.com is missing [KUS016]",
    ),
    catches(
        "KUS016",
        "no route at all",
        lambda scene: scene.remove("HTTPRoute", "fileserver"),
        "overlays/company-002/kustomization.yaml: error: no route leads to fileserver (company-002.files.example.com) [KUS016]",
    ),
    passes(
        "KUS016",
        "the same hosts in another order",
        lambda scene: _routes(scene)["hostnames"].reverse(),
        tenant="company-005",
    ),
    # --- KUS017
    catches(
        "KUS017",
        "a fact that is misspelt",
        (Edit(GUARD_FACTS, "fieldPath: spec.storage}", "fieldPath: spec.storages}"),),
        "base/guard/components/facts/kustomization.yaml: error: there is no fact 'spec.storages' [KUS017]\n"
        "  hint: did you mean 'spec.storage'?",
    ),
    catches(
        "KUS017",
        "what every company has reads a fact of an add-on",
        (Edit(GUARD_FACTS, "fieldPath: spec.storage}", "fieldPath: spec.addons.chatbot.maxReplicas}"),),
        "base/guard/components/facts/kustomization.yaml: error: a company can have this without chatbot, and it reads the fact 'spec.addons.chatbot.maxReplicas' [KUS017]\n"
        "  hint: move the entry into the component of chatbot",
    ),
    passes(
        "KUS017",
        "a fact that one more target reads",
        (
            Edit(
                GUARD_FACTS,
                "  - select: {kind: PersistentVolumeClaim, name: files}\n    fieldPaths: [spec.resources.requests.storage]\n",
                "  - select: {kind: PersistentVolumeClaim, name: files}\n    fieldPaths: [spec.resources.requests.storage]\n"
                "  - select: {kind: PersistentVolumeClaim, name: files}\n    fieldPaths: [metadata.annotations.size]\n"
                "    options: {create: true}\n",
            ),
        ),
    ),
    # --- KUS018
    catches(
        "KUS018",
        "a second kustomization beside ours",
        (Edit("base/edge/components/gateway/Kustomization", "", "commonLabels: {team: files}\n"),),
        "base/edge/components/gateway/Kustomization: error: kustomize reads this file, and tenantry reads kustomization.yaml alone [KUS018]\n"
        "  hint: move what it says into kustomization.yaml, and remove it: git rm base/edge/components/gateway/Kustomization",
    ),
    catches(
        "KUS018",
        "a kustomization in another spelling",
        (
            Edit("base/edge/guards/kustomization.yml", "", "resources: []\n"),
            Edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- ../guards\n"),
        ),
        "base/edge/guards/kustomization.yml: error: kustomize reads this file, and tenantry reads kustomization.yaml alone [KUS018]\n"
        "  hint: rename it: git mv base/edge/guards/kustomization.yml base/edge/guards/kustomization.yaml",
    ),
    passes(
        "KUS018",
        "a file whose name only begins so",
        (Edit("base/edge/core/kustomization-notes.yaml", "", "notes: none\n"),),
    ),
    # --- KUS021
    catches(
        "KUS021",
        "a policy that is opened for one company by its label",
        _opened("{kind: NetworkPolicy, labelSelector: 'tenantry.dev/who in (company-002)'}"),
        "base/edge/components/facts/kustomization.yaml: error: it selects by labels, which may hold a company's name [KUS021]\n"
        "  hint: select by kind and name",
    ),
    catches(
        "KUS021",
        "a policy that is chosen by an expression",
        _opened("{kind: NetworkPolicy, name: 'company-0+2'}"),
        "base/edge/components/facts/kustomization.yaml: error: 'company-0+2' is an expression, which may match a company's name [KUS021]\n"
        "  hint: write the name as it stands, in an entry of its own for each",
    ),
    passes("KUS021", "a policy that is named as it stands", _opened("{kind: NetworkPolicy, name: to-dns}")),
)
