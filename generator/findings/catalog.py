"""The one table of rules: id, weight, what it says, why it matters, how to mend, and where the demand comes from.

`tenantry explain RULE` and the reference page are made from it. The functions that check a rule live in the modules
of this package, by family; the TEN and PLT rules are applied while the input is read (`generator.reading.yamlio`,
`generator.fleet.load`, `generator.fleet.validate`).
"""

from dataclasses import dataclass, replace
from typing import Final

from generator.findings.finding import Finding, Place, Severity

ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table.

    Attributes:
        id: Family and number, for example `TEN013`; never reused.
        severity: The weight of a finding unless platform.yaml says otherwise.
        title: What must hold, one line.
        why: What happens when it does not.
        mend: What to do.
        source: Where the demand comes from.
    """

    id: str
    severity: Severity
    title: str
    why: str
    mend: str
    source: str


_NAMES = "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"
_KUSTOMIZE = "https://kubectl.docs.kubernetes.io/references/kustomize/"
_LIMITS = "https://kubernetes.io/docs/concepts/policy/limit-range/"
_QUOTA = "https://kubernetes.io/docs/concepts/policy/resource-quotas/"
_RESOURCES = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"
_YAML = "https://yaml.org/spec/1.2.2/ and https://yaml.org/type/"
# of ARG and SEC
_TEMPLATE = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/GoTemplate/"
_GIT_FILES = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git/"
_SET_DELETION = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Application-Deletion/"
_SET_SECURITY = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Security/"
_APP_DELETION = "https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/"
_SYNC_OPTIONS = "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/"
_SYNC_WAVES = "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/"
_AUTO_SYNC = "https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/"
_LARGE = "https://argo-cd.readthedocs.io/en/stable/operator-manual/high_availability/"
_PROJECTS = "https://argo-cd.readthedocs.io/en/stable/user-guide/projects/"
_PROGRESSIVE = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Progressive-Syncs/"
_BEST_PRACTICES = "https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/"
_POD_SECURITY = "https://kubernetes.io/docs/concepts/security/pod-security-standards/"
_NETWORK = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
_ACCESS = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"

_ROWS: Final = (
    # --- TEN: what stands in a tenant file (and, for the reading itself, in platform.yaml)
    Rule(
        "TEN001",
        ERROR,
        "a tenant's name is a DNS label of 3 to 40 characters",
        "The name becomes the namespace, the Application, the AppProject and the first label of the host name.",
        "Use lower-case letters, digits and single hyphens; start with a letter, end with a letter or digit.",
        _NAMES,
    ),
    Rule(
        "TEN002",
        ERROR,
        "a tenant file is named after its tenant",
        "Whoever looks for a company looks for its file.",
        "Rename the file; a name that is in use never changes.",
        "design: a tenant is one small file",
    ),
    Rule(
        "TEN003",
        ERROR,
        "no two files declare the same tenant",
        "Two files would fight over one namespace; names that differ in case alone collide on some file systems.",
        "Remove one of the two files.",
        "design: a tenant is one small file",
    ),
    Rule(
        "TEN004",
        ERROR,
        "a tenant's name is not reserved",
        "The name belongs to Kubernetes, to a well-known host, or to the platform: a namespace, project or identity"
        " that platform.yaml, base/ or argocd/platform/ names; or YAML reads it as another type.",
        "Choose another name.",
        _NAMES,
    ),
    Rule(
        "TEN005",
        ERROR,
        "a retired name is never used again",
        "A re-created name inherits the old company's access bindings, DNS records and secret paths.",
        "Choose another name.",
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    ),
    Rule(
        "TEN006",
        ERROR,
        "keys and values are those of the schema",
        "A key that is not read would be a promise that is not kept.",
        "See `tenantry schema tenant` for what is accepted.",
        "generator/schemas/tenant.schema.json",
    ),
    Rule(
        "TEN007",
        ERROR,
        "no key stands twice in a mapping",
        "YAML readers keep one of the two values, and not all the same one.",
        "Keep one of the two.",
        _YAML,
    ),
    Rule(
        "TEN008",
        ERROR,
        "a file holds exactly one document",
        "An empty file or a second document is read differently by different tools.",
        "Write one document a file.",
        _YAML,
    ),
    Rule(
        "TEN009",
        ERROR,
        "a value has the type that its key needs, for every YAML reader",
        "`on` is true for one reader and a string for another; `1e3` is a number for Argo CD.",
        "Quote the value.",
        _YAML,
    ),
    Rule(
        "TEN010",
        ERROR,
        "free text is plain text",
        "Control, invisible, bidirectional and look-alike characters mislead people; {{ is code for templates."
        " Joiners (U+200C, U+200D) are taken where a script or an emoji needs them.",
        "Write the name as people read it, in Unicode normal form C.",
        "https://unicode.org/reports/tr36/",
    ),
    Rule(
        "TEN011",
        ERROR,
        "a tenant's name and cluster never change",
        "Argo CD would delete one environment and make another; the files stay in the first.",
        "Take the change back; a company that moves is a new tenant and a migration.",
        "design: a tenant; A20",
    ),
    Rule(
        "TEN012",
        ERROR,
        "storage never shrinks",
        "Kubernetes refuses to make a volume smaller, and the sync fails until the change is taken back.",
        "Keep the size with the key storage, also when the plan changes.",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
    ),
    Rule(
        "TEN013",
        ERROR,
        "a host belongs to one tenant",
        "Two routes for one host send a company's users to another company.",
        "Remove the host from one of the two.",
        "https://gateway-api.sigs.k8s.io/api-types/httproute/",
    ),
    Rule(
        "TEN014",
        ERROR,
        "a host is a DNS name under an allowed suffix",
        "A host outside the provider's domains, or one that platform.yaml, base/ or argocd/platform/ names as the"
        " platform's own, could take over somebody else's address.",
        "Use a host under one of platform.yaml's hostSuffixes.",
        "https://www.rfc-editor.org/rfc/rfc1123",
    ),
    Rule(
        "TEN015",
        ERROR,
        "names derived from the tenant's fit their limits",
        "Kubernetes and DNS refuse a longer one only after the merge.",
        "Choose a shorter name or host.",
        _NAMES,
    ),
    Rule(
        "TEN017",
        ERROR,
        "what was generated for a tenant goes only after the tenant",
        "A tenant file that vanished by mistake must not take the customer's environment with it.",
        "Put the tenant file back (`git restore`, `git revert`).",
        "design: nothing dies by accident",
    ),
    Rule(
        "TEN019",
        ERROR,
        "a change stays inside the blast-radius budget",
        "A slip in a shared file can reach every customer at once.",
        "Split the change, or let the platform's owners approve it.",
        "design: one pull request shows its whole effect",
    ),
    Rule(
        "TEN020",
        ERROR,
        "a change removes at most one entry",
        "Several Applications that vanish at once are a mistake more often than a wish.",
        "Remove one at a time.",
        "A14",
    ),
    Rule(
        "TEN021",
        ERROR,
        "a file is YAML",
        "What cannot be read cannot be checked.",
        "Mend the syntax at the place that is named.",
        _YAML,
    ),
    Rule(
        "TEN022",
        ERROR,
        "a file is UTF-8 text without a byte order mark",
        "Other encodings are read differently by different tools.",
        "Save the file as UTF-8.",
        _YAML,
    ),
    Rule(
        "TEN023",
        ERROR,
        "a file is small and shallow",
        "A huge or deeply nested file can exhaust the machine that checks it.",
        "A tenant file is a few lines; remove what does not belong there.",
        "design: what bad input gets",
    ),
    Rule(
        "TEN024",
        ERROR,
        "no anchors, aliases, tags or directives",
        "They make a value depend on another place, or on the reader.",
        "Write the value out; quote text that starts with &, *, ! or %.",
        _YAML,
    ),
    Rule(
        "TEN025",
        ERROR,
        "tenants/ holds ordinary .yaml files",
        "A link can lead outside the repository, and a .yml file would be passed over in silence.",
        "Replace the link by a file; name the file NAME.yaml.",
        "design: what bad input gets",
    ),
    Rule(
        "TEN026",
        ERROR,
        "storage stays inside the plan",
        "The plan's price covers its storage; a volume never shrinks, so what a company had before may stay.",
        "Ask for no more than the plan's maximum or, above it, what the company had; or choose a larger plan.",
        "design: overrides are bounded by the plan",
    ),
    Rule(
        "TEN027",
        ERROR,
        "overrides stay inside the plan",
        "An override may use less of the plan or use it differently, never more than it holds.",
        "Choose a value inside the bounds that are named, or a larger plan.",
        "design: overrides are bounded by the plan",
    ),
    # --- PLT: platform.yaml
    Rule(
        "PLT001",
        ERROR,
        "platform.yaml follows its schema",
        "Every number of the provider is read from it.",
        "See `tenantry schema platform` for what is accepted.",
        "generator/schemas/platform.schema.json",
    ),
    Rule(
        "PLT002",
        ERROR,
        "this tenantry is one that platform.yaml asks for",
        "Another version may write other manifests.",
        "Install a version that `requires` names, or change `requires` in a pull request of its own.",
        "design: platform.yaml",
    ),
    Rule(
        "PLT003",
        ERROR,
        "what platform.yaml names is there",
        "A ring without its release, or a plan that holds no pod, would fail for every tenant.",
        "Mend the value at the place that is named.",
        "design: platform.yaml",
    ),
    # --- NET: what NetworkPolicies let through
    Rule(
        "NET001",
        ERROR,
        "no pod of a tenant reaches a pod of another",
        "A company's files could be read from another company's namespace.",
        "Take away the policy that is named as evidence at one of the two ends.",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    ),
    Rule(
        "NET002",
        ERROR,
        "what a tenant cannot do without is let through",
        "Names, the web, metrics, traces or the chatbot would fail without a word.",
        "Add a policy for the connection that is named, at the end that refuses it.",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    ),
    Rule(
        "NET003",
        ERROR,
        "no policy lets a tenant out to the cluster's own addresses",
        "Through a node, a Service, the API server or the metadata service a pod can leave its namespace.",
        "Narrow the range, or take these addresses out with `except`.",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-ipblock-selectors",
    ),
    Rule(
        "NET004",
        WARNING,
        "a peer without a namespace selects pods of the tenant",
        "It lets nobody through; mostly two items were written where one was meant.",
        "Put both selectors into one item of the list, or mend the labels.",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
    ),
    # --- rules on two commits
    Rule(
        "CHG001",
        WARNING,
        "the commit before the change can be composed",
        "Without it, rules on two commits have nothing to compare with and are not run.",
        "Nothing, when this change fixes the branch; otherwise look at what is named.",
        "design: check",
    ),
    Rule(
        "CHG002",
        ERROR,
        "an approval is a file of four keys, named after the change that it approves",
        "A file that does not say what it approves, why and by whom lifts nothing.",
        "Let `tenantry check --base REF --approve REASON` write it, or see `tenantry schema approval`.",
        "generator/schemas/approval.schema.json",
    ),
    Rule(
        "CHG003",
        WARNING,
        "an approval has not ended",
        "After its last day an approval lifts nothing.",
        "Remove the file, or give it a later day, in a pull request of its own.",
        "design: the gates",
    ),
    Rule(
        "CHG004",
        WARNING,
        "a change leaves alone what it is judged by",
        "Budget, weakened rules, retired names and tenantry itself count as the commit before the change has them.",
        "Nothing: the change counts as one that touches every tenant. What it allows is allowed once it is merged.",
        "design: the gates",
    ),
    Rule(
        "CHG005",
        ERROR,
        "where Argo CD looks and where it deploys stays, and so do the cluster's own addresses",
        "Another repository, branch or API server moves every tenant; the isolation proof rests on the addresses.",
        "Have the change approved, or take it back.",
        "design: the gates",
    ),
    Rule(
        "CHG006",
        ERROR,
        "what a change does can be judged",
        "Errors that stand on main already can keep tenantry from rendering what the change brings.",
        "Take these errors away first, in a pull request that does nothing else.",
        "design: the gates",
    ),
    Rule(
        "CHG020",
        ERROR,
        "what holds a company's data stays in its render, and in its pods",
        "A claim, secret store or namespace of another name is a new, empty one; the old one is left behind unseen, as"
        " is a claim that is mounted elsewhere, in part, read-only or under another volume, and a key that moves.",
        "Take the change back; a company that moves its data does so by hand, and the change is approved.",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming",
    ),
    Rule(
        "CHG021",
        ERROR,
        "what a rule on two commits needs can be read",
        "A file with errors hides what the company has: a smaller volume or a lost claim would pass unseen.",
        "Have the change approved by somebody who knows what was there.",
        "design: the gates",
    ),
    Rule(
        "CHG022",
        WARNING,
        "a company keeps its hosts",
        "Links, bookmarks and programs of the company's people lead to the host that it had.",
        "Tell the company first, or leave it the host.",
        "design: one pull request shows its whole effect",
    ),
    Rule(
        "CHG023",
        ERROR,
        "no change takes away more hosts than the blast-radius budget allows",
        "A slip in domain or hostSuffixes takes the address of every customer away.",
        "Split the change, or have it approved.",
        "design: one pull request shows its whole effect",
    ),
    Rule(
        "CHG024",
        ERROR,
        "a name is given once",
        "What the earlier company left in the cluster, its volume too, would be the new one's.",
        "Choose another name; a company that comes back gets its last file as it was.",
        "design: lifecycle; A20",
    ),
    Rule(
        "CAP005",
        ERROR,
        "what runs before a change fits the quota after it",
        "With a quota below what runs, every new pod is refused and a rollout never ends.",
        "Lower the number of pods first, and the plan when they are gone.",
        "https://kubernetes.io/docs/concepts/policy/resource-quotas/; R7",
    ),
    Rule(
        "K8S010",
        ERROR,
        "immutable fields stay as they are",
        "The API server refuses the update, and the sync fails until the change is taken back.",
        "Give the changed object another name, or take the change back.",
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates",
    ),
    # --- GIT: what git holds
    Rule(
        "GIT001",
        ERROR,
        "the repository holds ordinary files alone",
        "Argo CD follows links and fetches submodules: it would apply what no rule has seen, or render nothing.",
        "Put the file itself in the place of a link; take repositories inside the repository out.",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/#git-submodules",
    ),
    Rule(
        "GIT002",
        ERROR,
        "a file is the same in git and in every checkout",
        "Where an attribute or line ends change bytes, what is checked is not what Argo CD applies.",
        "Take the attribute away, or end lines in LF; `* text=auto eol=lf` is right.",
        "https://git-scm.com/docs/gitattributes",
    ),
    Rule(
        "GIT003",
        ERROR,
        "paths are told apart on every machine",
        "File systems differ in case and in forms of Unicode; one of two such files would hide the other.",
        "Rename the file.",
        "https://git-scm.com/docs/git-config#Documentation/git-config.txt-coreignoreCase",
    ),
    # --- GEN: generated files
    Rule(
        "GEN001",
        ERROR,
        "a file that tenantry must write is not somebody else's",
        "tenantry never overwrites or removes what it did not make.",
        "Move the file away.",
        "design: nothing is deleted that we did not make",
    ),
    Rule(
        "GEN002",
        ERROR,
        "generated files are current",
        "Argo CD would apply something else than the tenant files say.",
        "Run `tenantry generate` and commit the result.",
        "design: generate --check",
    ),
    # --- FIL: what is opened
    Rule(
        "FIL001",
        ERROR,
        "what is read is an ordinary file of a small size",
        "A link can lead to a device or out of the repository; a FIFO is waited for without end, and a huge file or"
        " folder exhausts the machine. So each is named before it is opened.",
        "Put the file itself in the place of a link; remove the rest, or split it.",
        "design: nothing is opened before it is bounded",
    ),
    # --- ARG: what Argo CD is told
    Rule(
        "ARG001",
        ERROR,
        "every shard has an ApplicationSet that refuses missing keys",
        "Without missingkey=error a missing key becomes the text `<no value>` in a name, a namespace or a path.",
        "Run `tenantry generate`.",
        _TEMPLATE,
    ),
    Rule(
        "ARG002",
        ERROR,
        "the template renders with every entry",
        "One entry that fails freezes its whole set: no company of the shard is created, changed or removed.",
        "Run `tenantry generate`; entries are never edited by hand.",
        _TEMPLATE,
    ),
    Rule(
        "ARG003",
        ERROR,
        "an Application is made once",
        "Of two entries for one Application neither is applied, or two sets fight over it.",
        "Remove the entry that tenantry did not write.",
        _TEMPLATE,
    ),
    Rule(
        "ARG004",
        ERROR,
        "argocd/ and overlays/ hold the files of the tenants alone",
        "Argo CD applies every file of a shard's folder, and an ApplicationSet reads every entry, whoever wrote them.",
        "Move the file away, or run `tenantry generate` for one that is missing.",
        "design: the repository",
    ),
    Rule(
        "ARG005",
        ERROR,
        "an entry has no key of the generator",
        "The git generator overwrites `path` and `values`, so the template reads something else than the entry says.",
        "Run `tenantry generate`.",
        _GIT_FILES,
    ),
    Rule(
        "ARG006",
        ERROR,
        "an entry is flat, and every value is a quoted string",
        "Argo CD reads a plain 12e3 as 12000 and a plain `on` as true: another tenant's name, perhaps.",
        "Run `tenantry generate`.",
        _YAML,
    ),
    Rule(
        "ARG007",
        ERROR,
        "an entry, a set or a file that vanishes takes no objects along",
        "A transient error of git has made ApplicationSets delete everything they had made.",
        "Run `tenantry generate`.",
        _SET_DELETION,
    ),
    Rule(
        "ARG008",
        ERROR,
        "only a tenant that is being purged has the cascade finalizer",
        "With it, deleting the Application deletes the namespace and the customer's files.",
        "Run `tenantry generate`; the state stands in the tenant file.",
        _APP_DELETION,
    ),
    Rule(
        "ARG009",
        ERROR,
        "Namespace, volumes and project carry Prune=false,Delete=false",
        "A volume is gone with its namespace: neither a sync nor a deleted Application may remove them.",
        "Put the annotation back in base/.",
        _SYNC_OPTIONS,
    ),
    Rule(
        "ARG010",
        ERROR,
        "generatePaths is exactly what building the overlay reads",
        "Too little, and a change of base/ never arrives, unseen; too much, and every commit renders everything.",
        "Run `tenantry generate`.",
        _LARGE,
    ),
    Rule(
        "ARG011",
        ERROR,
        "the overlay alone decides what is rendered",
        "An override in the Application is seen by no review of the overlay, and makes Argo CD render one at a time.",
        "Put the change into the overlay's component or base/.",
        _LARGE,
    ),
    Rule(
        "ARG012",
        ERROR,
        "an Application follows its tenant's overlay, in this repository, by the full ref",
        "It would apply what nobody reviewed here.",
        "Run `tenantry generate`.",
        "design: Argo CD",
    ),
    Rule(
        "ARG013",
        ERROR,
        "a project allows one repository, one namespace of one cluster, and that Namespace",
        "The project is what stops an overlay that writes into another company's namespace.",
        "Run `tenantry generate`.",
        _PROJECTS,
    ),
    Rule(
        "ARG014",
        ERROR,
        "a project's lists hold no pattern",
        "A destination `company-*` admits every company, and a * for kinds admits RBAC of the cluster.",
        "Run `tenantry generate`.",
        _PROJECTS,
    ),
    Rule(
        "ARG015",
        ERROR,
        "a project lists the constant kinds and accepts every object of the render",
        "A kind that is missing cannot be applied or pruned; one too many is a way out.",
        "Run `tenantry generate`; a new kind in base/ belongs into generator/generate/argocd.py.",
        _PROJECTS,
    ),
    Rule(
        "ARG016",
        ERROR,
        "an entry makes its tenant's Application, in its tenant's project, namespace and cluster",
        "Whoever writes an entry would choose the project, and so what Argo CD may touch.",
        "Run `tenantry generate`.",
        _SET_SECURITY,
    ),
    Rule(
        "ARG017",
        WARNING,
        "an Application does not replace, force or skip validation",
        "Recreated objects lose their pods and addresses; an empty render would remove everything.",
        "Run `tenantry generate`.",
        _SYNC_OPTIONS,
    ),
    Rule(
        "ARG018",
        ERROR,
        "a volume is in no earlier wave than the pods that mount it",
        "A class that binds on first use waits for the pod, which waits for the wave: for ever.",
        "Put both into one wave.",
        _SYNC_WAVES,
    ),
    Rule(
        "ARG019",
        WARNING,
        "an Ingress and an HPA are in the last wave",
        "They become healthy by others' doing, and a wave waits until all of it is healthy.",
        "Put them into the last wave.",
        _SYNC_WAVES,
    ),
    Rule(
        "ARG020",
        ERROR,
        "with RollingSync nothing waits for ever",
        "An Application in no step never syncs; a confirmed prune is asked for again at each step.",
        "Use rings: they keep autosync and self-heal.",
        _PROGRESSIVE,
    ),
    Rule(
        "ARG021",
        ERROR,
        "what an HPA scales has no replicas in git",
        "Each sync would set the number back, against the autoscaler.",
        "Remove `replicas` from base/.",
        _BEST_PRACTICES,
    ),
    Rule(
        "ARG022",
        ERROR,
        "a destination is a name or an address, not both",
        "Argo CD refuses an Application with both.",
        "Run `tenantry generate`.",
        _PROJECTS,
    ),
    Rule(
        "ARG023",
        WARNING,
        "an ApplicationSet stays well below the size of an object",
        "etcd accepts 1.5 MiB for one object, the set's status included.",
        "Raise argocd.shards in platform.yaml.",
        "A2 of the domain's rules: sizes of ApplicationSets",
    ),
    Rule(
        "ARG024",
        WARNING,
        "an Application retries",
        "Argo CD never tries the same commit twice by itself, so a race leaves a tenant unsynced until the next one.",
        "Run `tenantry generate`.",
        _AUTO_SYNC,
    ),
    Rule(
        "ARG025",
        ERROR,
        "the Namespace comes from the render alone",
        "One that Argo CD makes has no Pod Security labels, and nobody sees it in a review.",
        "Run `tenantry generate`.",
        _SYNC_OPTIONS,
    ),
    Rule(
        "ARG026",
        ERROR,
        "a project's roles are the constant ones, for groups of the company",
        "Argo CD applies with rights of its own, and whoever commands it has them; a wrong policy breaks the project.",
        "Run `tenantry generate`.",
        _PROJECTS,
    ),
    Rule(
        "ARG027",
        ERROR,
        "an entry and a project lie in their tenant's shard",
        "A second set would contest the Application, and stop at that error.",
        "Run `tenantry generate`.",
        "design: shards",
    ),
    Rule(
        "ARG028",
        ERROR,
        "an object asks Argo CD for nothing but a plain sync",
        "A hook is not kept, a replaced object loses its state, and one that is hidden stays when git drops it.",
        "Remove the annotation from base/.",
        _SYNC_OPTIONS,
    ),
    Rule(
        "ARG029",
        ERROR,
        "Argo CD fetches no submodule",
        "What a submodule holds is applied, and read as entries, and no check has seen it.",
        'Set both options to "false" in argocd/platform/, and restart the two programs.',
        "https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/#submodules",
    ),
    # --- SEC: nobody reaches another company, the platform or the node
    Rule(
        "SEC001",
        ERROR,
        "the Namespace enforces the restricted profile, of a pinned version",
        "Without it a pod can take over its node, and with it every company there.",
        "Put the labels back in base/edge/core/namespace.yaml.",
        _POD_SECURITY,
    ),
    Rule(
        "SEC002",
        ERROR,
        "every container meets the restricted profile and cannot write to its image",
        "The API server would accept the Deployment and refuse its pods.",
        "Set the field that is named in base/.",
        _POD_SECURITY,
    ),
    Rule(
        "SEC003",
        ERROR,
        "no pod holds a token of the API server",
        "Whoever breaks into a pod would speak to the API server in its name.",
        "Set automountServiceAccountToken: false on the account and the pod.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    ),
    Rule(
        "SEC004",
        ERROR,
        "everything is denied first, in both directions",
        "Policies only add: a direction that no policy isolates is open, and egress is not implied by ingress.",
        "Put the policy default-deny back.",
        _NETWORK,
    ),
    Rule(
        "SEC005",
        ERROR,
        "every pod reaches the cluster's DNS by UDP and TCP",
        "Answers that are too long for UDP come by TCP; without it some names stop working, some day.",
        "Allow both protocols.",
        _NETWORK,
    ),
    Rule(
        "SEC006",
        ERROR,
        "a peer is a namespace by its name, or addresses outside the cluster",
        "An empty namespaceSelector is every company; a wide block is the metadata service and every pod.",
        "Name the namespace by kubernetes.io/metadata.name; name fewer addresses.",
        _NETWORK,
    ),
    Rule(
        "SEC007",
        ERROR,
        "no policy names another company's namespace",
        "No traffic between companies is what is promised.",
        "Remove the peer.",
        "seed: no traffic between companies",
    ),
    Rule(
        "SEC008",
        ERROR,
        "a Role reads anything but Secrets, and writes only what is meant",
        "Guardrails, tokens and workloads in a company's hands are a way out of it.",
        "Remove the verb; changes come through git.",
        _ACCESS,
    ),
    Rule(
        "SEC009",
        ERROR,
        "a binding gives a Role of the namespace to groups of the company",
        "edit and admin write NetworkPolicies and read Secrets; a group of another company is another company.",
        "Bind a Role that base/ writes to a group NAME:ROLE.",
        _ACCESS,
    ),
    Rule(
        "SEC010",
        ERROR,
        "an image is named by its digest",
        "A tag can be moved: the pods of tomorrow would run something else. (A warning while there is a fixed tag.)",
        "Write newTag and digest under `images:` in base/.",
        "https://kubernetes.io/docs/concepts/containers/images/",
    ),
    Rule(
        "SEC011",
        ERROR,
        "nothing secret stands in git",
        "What was committed once is known for ever.",
        "Take it from an ExternalSecret, and change the secret.",
        "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
    ),
    Rule(
        "SEC012",
        ERROR,
        "secrets come from the company's own path, asked for as the company",
        "A shared store lets any ExternalSecret read any company's keys.",
        "Use the namespace's SecretStore and keys below tenants/NAME/.",
        "https://external-secrets.io/latest/guides/multi-tenancy/",
    ),
    Rule(
        "SEC013",
        ERROR,
        "a Service is a ClusterIP in front of the company's own pods",
        "Any other kind opens a door beside the Gateway, or leads to addresses of others.",
        "Write type: ClusterIP and a selector.",
        "https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
    Rule(
        "SEC014",
        ERROR,
        "an Ingress carries no annotation of a controller",
        "Snippets run in the controller that all companies share; aliases and middlewares reach other hosts.",
        "Remove the annotation.",
        "https://kubernetes.io/docs/concepts/services-networking/ingress/",
    ),
    Rule(
        "SEC015",
        ERROR,
        "the quota forbids LoadBalancers and node ports",
        "Either would be a door that no policy of the platform sees.",
        "Put the two zeros back in base/edge/core/ceilings.yaml.",
        "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    ),
    Rule(
        "SEC016",
        ERROR,
        "no pod reaches for its node",
        "The node's network, files and processes are those of every company on it.",
        "Remove the field that is named.",
        _POD_SECURITY,
    ),
    Rule(
        "SEC017",
        WARNING,
        "every route is encrypted",
        "Passwords and files would be readable on the way.",
        "Name the listener with TLS, or list the host under tls.",
        "https://gateway-api.sigs.k8s.io/guides/tls/",
    ),
    Rule(
        "SEC018",
        ERROR,
        "quota, limits and labels are no weaker than the plan",
        "No company exceeds its ceiling is what is promised.",
        "Run `tenantry generate`, or put it back in base/.",
        "seed: no company can exceed its ceiling",
    ),
    Rule(
        "SEC019",
        ERROR,
        "every rule of a policy says who",
        "Missing or empty `from` and `to` mean everybody, the Internet included.",
        "Name the peers.",
        _NETWORK,
    ),
    Rule(
        "SEC020",
        ERROR,
        "a peer in another namespace names its pods in the same item",
        "Two items mean one or the other: every pod of that namespace, and those pods of one's own.",
        "Put namespaceSelector and podSelector into one item.",
        _NETWORK,
    ),
    Rule(
        "SEC021",
        ERROR,
        "a route has its own hosts and leads to Services of its own namespace",
        "A route without a host takes every host of the Gateway, other companies' included.",
        "Name the hosts; lead to a Service of the namespace.",
        "https://gateway-api.sigs.k8s.io/api-types/httproute/",
    ),
    Rule(
        "SEC022",
        ERROR,
        "every rule of a policy says which ports",
        "A rule without ports opens all of them.",
        "Name the ports.",
        _NETWORK,
    ),
    Rule(
        "SEC023",
        ERROR,
        "a volume is the company's own and new",
        "A claim that chooses its volume can be given another company's files.",
        "Ask for storage by class and size alone.",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/",
    ),
    Rule(
        "SEC024",
        ERROR,
        "nobody of a company gets out of it: the proof holds",
        "Access control is promised; this is what remains when all Roles, bindings and the project are read together.",
        "See the rules of Roles (SEC008), bindings (SEC009) and projects (ARG013-ARG016).",
        _ACCESS,
    ),
    # --- KUS: what kustomize passes over in silence (KUS012, files edited by hand, is GEN002)
    Rule(
        "KUS001",
        ERROR,
        "kustomize builds every overlay",
        "Argo CD runs the same build; what fails here fails there, after the merge.",
        "Mend what kustomize names.",
        _KUSTOMIZE,
    ),
    Rule(
        "KUS002",
        ERROR,
        "a kustomization has the fields alone that tenantry understands",
        "includeSelectors rewrites selectors and the peers of policies; plugins and charts run other programs. So"
        " kustomize is started only after every field was found on a list of those whose effect the rules follow.",
        "Use `resources`, `components`, `patches`, `replacements`, `labels`, `images` and `configMapGenerator`.",
        "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/",
    ),
    Rule(
        "KUS003",
        ERROR,
        "every patch and image of base/ changes something",
        "kustomize says nothing when a patch selects nothing, or an image's name occurs nowhere.",
        "Mend the target or the name, or remove the entry.",
        _KUSTOMIZE,
    ),
    Rule(
        "KUS004",
        ERROR,
        "a kustomization refers to plain paths of this repository alone, a release to its own, each folder once",
        "A remote base can change without a commit, and kustomize takes a path like github.com/x for one also where"
        " a folder of that name exists; a release that refers outside its folder is not frozen.",
        "Copy what is needed into the repository; name folders without dots, and manifests .yaml.",
        "https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.8.1/api/internal/git/repospec.go",
    ),
    Rule(
        "KUS005",
        ERROR,
        "every object lies in the tenant's namespace, and the Namespace is the only one outside",
        "An object elsewhere is out of reach of the quota and the policies, and in reach of others.",
        "Remove the namespace from the object; what is shared belongs to argocd/platform/.",
        "design: namespace = tenant",
    ),
    Rule(
        "KUS006",
        ERROR,
        "nothing of the whole cluster has a namespace",
        "kustomize gives one to every kind that it does not know; the API server refuses it.",
        "Move the object to argocd/platform/.",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
    ),
    Rule(
        "KUS007",
        ERROR,
        "no placeholder is left in the render",
        "A fact that was not written leaves the placeholder of base/ behind, which can even be valid.",
        "Carry the fact to the field by a replacement in the component.",
        "design: an overlay is a data sheet",
    ),
    Rule(
        "KUS008",
        ERROR,
        "no other tenant is named in a render",
        "A namespace, host, path, group or identity of somebody else is a way to them. The same word elsewhere, as the"
        " name of a volume or in a sentence, is none.",
        "Take the name out; use the fact `name`.",
        "seed: no traffic between companies",
    ),
    Rule(
        "KUS009",
        ERROR,
        "kustomize is the pinned version",
        "Argo CD bundles one version; 5.8.0 loses namespaces, others may render otherwise.",
        "Put kustomize 5.8.1 on PATH, or name it in TENANTRY_KUSTOMIZE; in a checkout of tenantry, `make setup` does.",
        "https://github.com/kubernetes-sigs/kustomize/issues/6031",
    ),
    Rule(
        "KUS010",
        ERROR,
        "every YAML reader takes every value for the same",
        "kustomize hands plain scalars on as they are; Argo CD reads them by Go's rules, people's tools by others.",
        "Quote the value in base/.",
        _YAML,
    ),
    Rule(
        "KUS011",
        ERROR,
        "the same files render the same bytes",
        "Argo CD would see a difference at every comparison and sync for ever.",
        "Remove what makes the difference.",
        _KUSTOMIZE,
    ),
    Rule(
        "KUS013",
        ERROR,
        "rendering by class gives what a direct build gives",
        "Rules look at the render of the class; it must be the tenant's own. In each run one tenant of a class is"
        " compared, another one at each commit, and with `check --base` every tenant whose file changed.",
        "This is a defect of tenantry or of the pinned kustomize: report it with the overlay.",
        "design: rendering by class",
    ),
    Rule(
        "KUS014",
        ERROR,
        "components come in their fixed order: add-ons, exposure, exposure of add-ons, facts last",
        "A replacement does not reach what a later component brings, and says nothing.",
        "Run `tenantry generate`.",
        "design: an overlay is a data sheet",
    ),
    Rule(
        "KUS015",
        ERROR,
        "every replacement of base/ writes its fact",
        "kustomize says nothing when `select` matches no object; the field keeps what base/ wrote.",
        "Mend select and fieldPaths, or remove the target.",
        _KUSTOMIZE,
    ),
    Rule(
        "KUS016",
        ERROR,
        "the hosts that are rendered are the hosts that are declared",
        "A host too many takes another company's users; one too few leaves people before a closed door.",
        "Run `tenantry generate`; carry the fact `hosts` to the route.",
        "design: an overlay is a data sheet",
    ),
    Rule(
        "KUS017",
        ERROR,
        "a release reads only facts that tenantry writes",
        "The build of every tenant on the release would fail.",
        "Mend the fieldPath, or use a release that this tenantry knows.",
        "design: a release records the facts it reads",
    ),
    Rule(
        "KUS018",
        ERROR,
        "a kustomization is called kustomization.yaml",
        "kustomize takes kustomization.yml and Kustomization as well; what one reader alone sees is not checked.",
        "Rename the file.",
        "https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.8.1/api/konfig/general.go",
    ),
    # --- K8S: what Kubernetes would refuse, or accept and not do
    Rule(
        "K8S001",
        ERROR,
        "every object follows the strict schema of its kind for the cluster's version",
        "An unknown key is dropped in silence, an unknown kind or value fails the sync.",
        "Mend the field that is named.",
        "https://kubernetes.io/docs/reference/kubernetes-api/",
    ),
    Rule(
        "K8S002",
        ERROR,
        "a selector selects the pods that it is meant for",
        "A Service without pods answers nobody, a policy without pods guards nothing, a Deployment is refused.",
        "Use the labels of the pod template.",
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/",
    ),
    Rule(
        "K8S003",
        ERROR,
        "every container says what it requests and what it may use",
        "With a quota a pod without them is refused, and the quota proof knows nothing of it.",
        "Set requests and limits of what the quota counts.",
        _RESOURCES,
    ),
    Rule(
        "K8S004",
        ERROR,
        "every container, pod and volume fits the LimitRange",
        "Pods outside it are refused; their Deployment only shows fewer replicas.",
        "Change the resources or the LimitRange in base/.",
        _LIMITS,
    ),
    Rule(
        "K8S005",
        ERROR,
        "an autoscaler can do its work",
        "Without a target, a metric or requests it does nothing; two on one workload fight.",
        "Mend what is named.",
        "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/",
    ),
    Rule(
        "K8S006",
        ERROR,
        "pods that share a volume may share it",
        "A ReadWriteOnce volume keeps the second pod, or the new one of a roll-out, from ever starting.",
        "Use ReadWriteMany, or one replica and strategy Recreate.",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes",
    ),
    Rule(
        "K8S007",
        ERROR,
        "no StatefulSet with volumes of its own is scaled",
        "Every replica would have an empty volume of its own, and show a part of the files.",
        "Use a Deployment with one shared volume.",
        "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/",
    ),
    Rule(
        "K8S008",
        ERROR,
        "a disruption budget lets a node be drained",
        "At the least number of pods none may go: a drain waits for ever.",
        "Use maxUnavailable: 1.",
        "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    ),
    Rule(
        "K8S009",
        WARNING,
        "a plan that promises availability always runs two pods",
        "While one pod moves or restarts, nobody answers.",
        "Raise minReplicas of the plan, or promise nothing.",
        "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
    ),
    Rule(
        "K8S011",
        WARNING,
        "containers are probed and pods are spread",
        "A pod that hangs keeps its traffic; pods on one node go down together.",
        "Add the probes or topologySpreadConstraints.",
        "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    ),
    Rule(
        "K8S012",
        ERROR,
        "what is referred to is there",
        "A pod that waits for a Secret that nobody makes never starts; a route without its Service answers 500.",
        "Add the object or mend the name.",
        "https://kubernetes.io/docs/concepts/configuration/secret/",
    ),
    Rule(
        "K8S013",
        ERROR,
        "one LimitRange, consistent, with a default for what the quota counts",
        "With two the default is undefined; a bad default makes pods invalid that say nothing themselves.",
        "Mend base/edge/core/ceilings.yaml.",
        _LIMITS,
    ),
    Rule(
        "K8S014",
        ERROR,
        "a port that is named is a port of the pods",
        "A Service, route or policy that names another lets nothing through, in silence.",
        "Use the name of a container's port.",
        "https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
    ),
    # --- CAP: what a plan holds (CAP005 looks at two commits; CAP001 to CAP003 need the cluster's nodes)
    Rule(
        "CAP004",
        ERROR,
        "everything that may run at once fits the quota",
        "A roll-out at the autoscaler's most would be refused half-way and wait.",
        "Run `tenantry generate`; for what base/ counts, change base/edge/core/ceilings.yaml.",
        _QUOTA,
    ),
    Rule(
        "CAP006",
        WARNING,
        "a plan or an add-on holds the pods that platform.yaml promises",
        "The customer reads a number that can never be reached.",
        "Lower its maxReplicas, or raise its cpu and memory.",
        "design: plans are counts of equal pods",
    ),
    Rule(
        "CAP007",
        ERROR,
        "the volumes fit the quota of storage",
        "The claim would be refused, and the file server wait for it.",
        "Run `tenantry generate`.",
        _QUOTA,
    ),
    Rule(
        "CAP008",
        WARNING,
        "no container promises itself less than its plan's share",
        "The sum of requests would say little of what the plan takes from the nodes.",
        "Raise the container's requests in base/.",
        "design: requests are half of the limits",
    ),
    Rule(
        "CAP009",
        WARNING,
        "what is sold can be used",
        "What the pods can never use in the steady state is sold and never delivered.",
        "Remove maxReplicas, or choose cpu and memory in the proportion of a pod.",
        "design: a plan of which the steady state can fill less than 90 % is a warning",
    ),
    Rule(
        "CAP010",
        ERROR,
        "the pods of every workload can be counted",
        "Without a bound no quota fits: a roll-out or a falling autoscaler would be refused its next pods.",
        "Do what the hint says; docs/concepts/plans.md has the formula of each kind.",
        "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior",
    ),
)

RULES: Final = {row.id: row for row in _ROWS}

OF_INPUT: Final = ("TEN", "PLT", "GIT", "FIL", "GEN")
"""Families that are applied while the input is read or written; platform.yaml has no say in them."""

_DATA: Final = "it keeps a customer's files from being deleted"
_NEIGHBOURS: Final = "it keeps one company out of another's environment"
_RENDER: Final = "without it the other rules would prove nothing"
_FREEZE: Final = "one such entry freezes every tenant of its shard"

_NO_QUOTA: Final = "without it no quota can be worked out"
_TWO_COMMITS: Final = "the sync of this change would stop half-way"

_JUDGE: Final = "a change must not choose what it is judged by"

FIRM: Final = {
    "ARG001": _FREEZE,
    "ARG002": _FREEZE,
    "ARG003": _NEIGHBOURS,
    "ARG005": _FREEZE,
    "ARG006": _FREEZE,
    "ARG007": _DATA,
    "ARG008": _DATA,
    "ARG009": _DATA,
    "ARG012": _NEIGHBOURS,
    "ARG013": _NEIGHBOURS,
    "ARG014": _NEIGHBOURS,
    "ARG015": _NEIGHBOURS,
    "ARG016": _NEIGHBOURS,
    "CAP005": _TWO_COMMITS,
    "CAP010": _NO_QUOTA,
    "CHG001": _TWO_COMMITS,
    "CHG020": _DATA,
    "CHG021": _DATA,
    "CHG022": _TWO_COMMITS,
    "CHG023": _TWO_COMMITS,
    "CHG024": _DATA,
    "CHG002": _JUDGE,
    "CHG003": _JUDGE,
    "CHG004": _JUDGE,
    "CHG005": _JUDGE,
    "CHG006": _JUDGE,
    "K8S010": _TWO_COMMITS,
    "KUS001": _RENDER,
    "KUS002": _RENDER,
    "KUS004": _RENDER,
    "KUS005": _NEIGHBOURS,
    "KUS006": _NEIGHBOURS,
    "KUS008": _NEIGHBOURS,
    "KUS009": _RENDER,
    "KUS011": _RENDER,
    "KUS013": _RENDER,
    "KUS014": _RENDER,
    "KUS015": _RENDER,
    "KUS016": _NEIGHBOURS,
    "KUS018": _RENDER,
    "NET001": _NEIGHBOURS,
    "NET003": _NEIGHBOURS,
    "SEC004": _NEIGHBOURS,
    "SEC006": _NEIGHBOURS,
    "SEC007": _NEIGHBOURS,
    "SEC008": _NEIGHBOURS,
    "SEC009": _NEIGHBOURS,
    "SEC012": _NEIGHBOURS,
    "SEC019": _NEIGHBOURS,
    "SEC021": _NEIGHBOURS,
    "SEC023": _NEIGHBOURS,
    "SEC024": _NEIGHBOURS,
}
"""Rules that platform.yaml cannot weaken, and why."""

LIFTED_BY_APPROVAL: Final = frozenset({"CHG005", "CHG006", "CHG020", "CHG021", "CHG023", "TEN019"})
"""Rules whose errors an approval of the change makes warnings, see `generator.review.approvals`."""


def finding(rule: str, place: Place, fact: str, hint: str = "", obj: str = "") -> Finding:
    """Make a finding of a rule with the rule's own weight.

    What is said may quote the input, so characters that could forge or hide a line of output are escaped here, once.

    Args:
        rule: An id of `RULES`.
        place: Where the cause stands.
        fact: What is the case.
        hint: The way out, when it is known.
        obj: The Kubernetes object, as Kind/namespace/name.
    """
    if not place.file.isprintable():
        place = replace(place, file=_on_one_line(place.file))
    return Finding(rule, RULES[rule].severity, place, _on_one_line(fact), _on_one_line(hint), _on_one_line(obj))


def _on_one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
