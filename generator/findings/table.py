"""Rules that are applied where tenantry reads, builds, writes and compares: their words.

A rule that a function of `generator.rules` checks has its words at that function; `generator.rules.every` knows both.
"""

from collections.abc import Mapping
from typing import Final

from generator.findings import sources
from generator.findings.finding import Finding, Found, Place, Severity
from generator.findings.rule import Firm, Rule

_ROWS: Final = (
    # --- TEN: what stands in a tenant file (and, for the reading itself, in platform.yaml)
    Rule(
        id="TEN001",
        title="a tenant's name is a DNS label of 3 to 40 characters",
        why="The name becomes the namespace, the Application, the AppProject and the first label of the host name.",
        fix="Use lower-case letters, digits and single hyphens; start with a letter, end with a letter or digit.",
        source=sources.NAMES,
    ),
    Rule(
        id="TEN002",
        title="a tenant file is named after its tenant",
        why="Whoever looks for a company looks for its file.",
        fix="Rename the file; a name that is in use never changes.",
        source="tenantry: a tenant is one small file, found by its name",
    ),
    Rule(
        id="TEN003",
        title="no two files declare the same tenant",
        why="Two files would fight over one namespace; names that differ in case alone collide on some file systems.",
        fix="Remove one of the two files.",
        source="tenantry: a tenant is one small file, found by its name",
    ),
    Rule(
        id="TEN004",
        title="a tenant's name is not reserved",
        why=(
            "The name belongs to Kubernetes, to a well-known host, or to the platform: a namespace, project or identity"
            " that platform.yaml, base/ or argocd/platform/ names; or YAML reads it as another type."
        ),
        fix="Choose another name.",
        source=sources.NAMES,
    ),
    Rule(
        id="TEN005",
        title="a retired name is never used again",
        why="A re-created name inherits the old company's access bindings, DNS records and secret paths.",
        fix="Choose another name.",
        source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    ),
    Rule(
        id="TEN006",
        title="keys and values are those of the schema",
        why="A key that is not read would be a promise that is not kept.",
        fix="See `tenantry schema tenant` for what is accepted.",
        source="generator/schemas/tenant.schema.json",
    ),
    Rule(
        id="TEN007",
        title="no key stands twice in a mapping",
        why="YAML readers keep one of the two values, and not all the same one.",
        fix="Keep one of the two.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN008",
        title="a file holds exactly one document",
        why="An empty file or a second document is read differently by different tools.",
        fix="Write one document a file.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN009",
        title="a value has the type that its key needs, for every YAML reader",
        why="`on` is true for one reader and a string for another; `1e3` is a number for Argo CD.",
        fix="Quote the value.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN010",
        title="free text is plain text",
        why=(
            "Control, invisible, bidirectional and look-alike characters mislead people; {{ is code for templates."
            " Joiners (U+200C, U+200D) are taken where a script or an emoji needs them."
        ),
        fix="Write the name as people read it, in Unicode normal form C.",
        source="https://unicode.org/reports/tr36/",
    ),
    Rule(
        id="TEN011",
        title="a tenant's name, cluster and storage class never change",
        why="Argo CD would delete one environment and make another; the API server refuses another class of a volume.",
        fix="Take the change back; a company that moves is a new tenant and a migration.",
        source="tenantry: a name is an identity, and so is an Application's cluster and the class of a volume",
    ),
    Rule(
        id="TEN012",
        title="storage never shrinks",
        why="Kubernetes refuses to make a volume smaller, and the sync fails until the change is taken back.",
        fix="Keep the size with the key storage, also when the plan changes.",
        source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims",
    ),
    Rule(
        id="TEN013",
        title="a host belongs to one tenant",
        why="Two routes for one host send a company's users to another company.",
        fix="Remove the host from one of the two.",
        source="https://gateway-api.sigs.k8s.io/api-types/httproute/",
    ),
    Rule(
        id="TEN014",
        title="a host is a DNS name under an allowed suffix",
        why=(
            "A host outside the provider's domains, or one that platform.yaml, base/ or argocd/platform/ names as the"
            " platform's own, could take over somebody else's address."
        ),
        fix="Use a host under one of platform.yaml's hostSuffixes.",
        source="https://www.rfc-editor.org/rfc/rfc1123",
    ),
    Rule(
        id="TEN015",
        title="names derived from the tenant's fit their limits",
        why="Kubernetes and DNS refuse a longer one only after the merge.",
        fix="Choose a shorter name or host.",
        source=sources.NAMES,
    ),
    Rule(
        id="TEN017",
        title="what was generated for a tenant goes only after the tenant",
        why="A tenant file that vanished by mistake must not take the customer's environment with it.",
        fix="Put the tenant file back (`git restore`, `git revert`).",
        source="tenantry: nothing of a customer is deleted by accident",
    ),
    Rule(
        id="TEN019",
        title="a change stays inside the blast-radius budget",
        why="A slip in a shared file can reach every customer at once.",
        fix="Split the change, or let the platform's owners approve it.",
        source="tenantry: one pull request shows its whole effect, and the budget bounds it",
        lifted_by_approval=True,
    ),
    Rule(
        id="TEN020",
        title="a change removes at most one entry",
        why="Several Applications that vanish at once are usually a mistake.",
        fix="Remove one at a time.",
        source="Argo CD removes every Application whose entry is gone, however many they are",
    ),
    Rule(
        id="TEN021",
        title="a file is YAML",
        why="What cannot be read cannot be checked.",
        fix="Fix the syntax at the place that is named.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN022",
        title="a file is UTF-8 text without a byte order mark",
        why="Other encodings are read differently by different tools.",
        fix="Save the file as UTF-8.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN023",
        title="a file is small and shallow",
        why="A huge or deeply nested file can exhaust the machine that checks it.",
        fix="A tenant file is a few lines; remove what does not belong there.",
        source="tenantry: bad input is refused in bounded time and memory",
    ),
    Rule(
        id="TEN024",
        title="no anchors, aliases, tags or directives",
        why="They make a value depend on another place, or on the reader.",
        fix="Write the value out; quote text that starts with &, *, ! or %.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN025",
        title="tenants/ holds ordinary .yaml files",
        why="A link can lead outside the repository, and a .yml file would be passed over in silence.",
        fix="Replace the link by a file; name the file NAME.yaml.",
        source="tenantry: bad input is refused in bounded time and memory",
    ),
    Rule(
        id="TEN026",
        title="storage stays inside the plan",
        why="The plan's price covers its storage; a volume never shrinks, so what a company had before may stay.",
        fix="Ask for no more than the plan's maximum or, above it, what the company had; or choose a larger plan.",
        source="tenantry: what a tenant file states is bounded by its plan",
    ),
    Rule(
        id="TEN027",
        title="overrides stay inside the plan",
        why="An override may use less of the plan or use it differently, never more than it holds.",
        fix="Choose a value inside the bounds that are named, or a larger plan.",
        source="tenantry: what a tenant file states is bounded by its plan",
    ),
    Rule(
        id="TEN028",
        title="a quota is kept from a larger plan",
        why="The key is for the time between the two steps of a change to a smaller plan, and nothing else.",
        fix="Remove it: `tenantry set NAME quotaFrom=`.",
        source="tenantry: a change to a smaller plan goes in two steps (docs/guides/change-a-plan.md)",
    ),
    Rule(
        id="TEN029",
        title="a day is one that the calendar has",
        why="Nobody could tell when it comes.",
        fix="Write the day as YYYY-MM-DD.",
        source=sources.YAML,
    ),
    Rule(
        id="TEN030",
        title="a tenant file has the keys of its state, and no others",
        why="A key that belongs to another state is a promise that nothing keeps.",
        fix="Let `tenantry set NAME state=...` write them.",
        source="tenantry: a company's life is a table (docs/reference/states.md)",
    ),
    # --- DUE: what a tenant file says of a day, held against today
    Rule(
        id="DUE001",
        severity=Severity.WARNING,
        title="a change to a smaller plan is complete within a week",
        why="The company keeps a quota that it no longer pays for, and capacity is counted for it.",
        fix="When fewer pods run: `tenantry set NAME --complete`.",
        source="tenantry: a change to a smaller plan goes in two steps (docs/guides/change-a-plan.md)",
    ),
    Rule(
        id="DUE002",
        severity=Severity.WARNING,
        title="a trial has not ended",
        why="The company goes on for nothing, or a customer who stays is taken for a trial.",
        fix="Take the day out when the company stays (`tenantry set NAME expires=`), or write a later one.",
        source="tenantry: what a tenant file says of a day is due on that day (docs/guides/add-a-company.md)",
    ),
    Rule(
        id="DUE003",
        severity=Severity.WARNING,
        title="a company whose last day has passed is purged",
        why="What is kept of a customer who left must have a reason.",
        fix="Purge it, set a hold, or give it a later day.",
        source="tenantry: a company's life is a table (docs/reference/states.md)",
    ),
    Rule(
        id="DUE004",
        severity=Severity.WARNING,
        title="a purge that was begun goes on",
        why="Half-way a company has no guards, or is being deleted and nobody looks whether it is gone.",
        fix="Look whether the step is done, and go to the next state.",
        source="tenantry: a company's life is a table (docs/reference/states.md)",
    ),
    Rule(
        id="DUE005",
        severity=Severity.WARNING,
        title="a pin has not ended",
        why="The company misses what its ring gets, security fixes too, and keeps an old release alive.",
        fix="Take the pin out, or write a later day.",
        source="tenantry: what a tenant file says of a day is due on that day (docs/guides/roll-out.md)",
    ),
    Rule(
        id="DUE006",
        severity=Severity.WARNING,
        title="a pause has not ended",
        why="Nothing reaches the company, not even a guard or a repair.",
        fix="Take the pause out, or write a later day.",
        source="tenantry: what a tenant file says of a day is due on that day (docs/guides/roll-out.md)",
    ),
    # --- PLT: platform.yaml
    Rule(
        id="PLT001",
        title="platform.yaml follows its schema",
        why="Every number of the provider is read from it.",
        fix="See `tenantry schema platform` for what is accepted.",
        source="generator/schemas/platform.schema.json",
    ),
    Rule(
        id="PLT002",
        title="this tenantry is one that platform.yaml asks for",
        why="Another version may write other manifests.",
        fix="Install a version that `requires` names, or change `requires` in a pull request of its own.",
        source="tenantry: platform.yaml holds what the provider decides, and only what is there",
    ),
    Rule(
        id="PLT003",
        title="what platform.yaml names is there",
        why="A ring without its release, or a plan that holds no pod, would fail for every tenant.",
        fix="Fix the value at the place that is named.",
        source="tenantry: platform.yaml holds what the provider decides, and only what is there",
    ),
    # --- REL: frozen releases and guards
    Rule(
        id="REL001",
        title="a release is never edited",
        why="Companies run it, rings go back to it, and what a ring has tried is what the next one must get.",
        fix="Put it back; change base/edge or base/guard, and freeze that with `tenantry release`.",
        source="tenantry: a release is frozen once (docs/guides/roll-out.md)",
        firm=Firm.RENDER,
    ),
    Rule(
        id="REL002",
        title="the release that a company is pinned to is there",
        why="The company could not be built.",
        fix="Pin it to a release that there is, or put the release back.",
        source="tenantry: a pinned company stays on its release (docs/guides/roll-out.md)",
        firm=Firm.RENDER,
    ),
    Rule(
        id="REL003",
        title="a maintenance window is one, and a roll-out fits into it",
        why="A release would never move, or its roll-out would go on when the window is shut.",
        fix="Write a time zone that there is, and hours enough.",
        source="tenantry: a window decides when a company's release moves (docs/guides/roll-out.md)",
        firm=Firm.RENDER,
    ),
    # --- NET: what NetworkPolicies let through
    # --- rules on two commits
    Rule(
        id="CHG001",
        severity=Severity.WARNING,
        title="the commit before the change can be composed",
        why="Without it, rules on two commits have nothing to compare with and are not run.",
        fix="Nothing, when this change fixes the branch; otherwise look at what is named.",
        source="tenantry: a change is judged by both of its commits",
        firm=Firm.TWO_COMMITS,
    ),
    Rule(
        id="CHG002",
        title="an approval is a file of four keys, named after the change that it approves",
        why="A file that does not say what it approves, why and by whom lifts nothing.",
        fix="Let `tenantry check --base REF --approve REASON` write it, or see `tenantry schema approval`.",
        source="generator/schemas/approval.schema.json",
        firm=Firm.JUDGE,
    ),
    Rule(
        id="CHG003",
        severity=Severity.WARNING,
        title="an approval has not ended",
        why="After its last day an approval lifts nothing.",
        fix="Remove the file, or give it a later day, in a pull request of its own.",
        source="tenantry: the judge of a change is not in the change (docs/guides/approve-a-change.md)",
        firm=Firm.JUDGE,
    ),
    Rule(
        id="CHG004",
        severity=Severity.WARNING,
        title="a change leaves alone what it is judged by",
        why="Budget, weakened rules, retired names and tenantry itself count as the commit before the change has them.",
        fix="Nothing: the change counts as one that touches every tenant. What it allows is allowed once it is merged.",
        source="tenantry: the judge of a change is not in the change (docs/guides/approve-a-change.md)",
        firm=Firm.JUDGE,
    ),
    Rule(
        id="CHG005",
        title="where Argo CD looks and where it deploys stays, and so do the cluster's own addresses",
        why="Another repository, branch or API server moves every tenant; the isolation proof rests on the addresses.",
        fix="Have the change approved, or take it back.",
        source="tenantry: the judge of a change is not in the change (docs/guides/approve-a-change.md)",
        firm=Firm.JUDGE,
        lifted_by_approval=True,
    ),
    Rule(
        id="CHG006",
        title="what a change does can be judged",
        why="Errors that stand on main already can keep tenantry from rendering what the change brings.",
        fix="Take these errors away first, in a pull request that does nothing else.",
        source="tenantry: the judge of a change is not in the change (docs/guides/approve-a-change.md)",
        firm=Firm.JUDGE,
        lifted_by_approval=True,
    ),
    Rule(
        id="CHG021",
        title="what a rule on two commits needs can be read",
        why="A file with errors hides what the company has: a smaller volume or a lost claim would pass unseen.",
        fix="Have the change approved by somebody who knows what was there.",
        source="tenantry: the judge of a change is not in the change (docs/guides/approve-a-change.md)",
        firm=Firm.DATA,
        lifted_by_approval=True,
    ),
    # --- GIT: what git holds
    Rule(
        id="GIT001",
        title="the repository holds ordinary files alone",
        why="Argo CD follows links and fetches submodules: it would apply what no rule has seen, or render nothing.",
        fix="Put the file itself in the place of a link; take repositories inside the repository out.",
        source="https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/#git-submodules",
    ),
    Rule(
        id="GIT002",
        title="a file is the same in git and in every checkout",
        why="Where an attribute or line ends change bytes, what is checked is not what Argo CD applies.",
        fix="Take the attribute away, or end lines in LF; `* text=auto eol=lf` is right.",
        source="https://git-scm.com/docs/gitattributes",
    ),
    Rule(
        id="GIT003",
        title="paths are told apart on every machine",
        why="File systems differ in case and in forms of Unicode; one of two such files would hide the other.",
        fix="Rename the file.",
        source="https://git-scm.com/docs/git-config#Documentation/git-config.txt-coreignoreCase",
    ),
    # --- GEN: generated files
    Rule(
        id="GEN001",
        title="a file that tenantry must write is not somebody else's",
        why="tenantry never overwrites or removes what it did not make.",
        fix="Move the file away.",
        source="tenantry: nothing is deleted that it did not make",
    ),
    Rule(
        id="GEN002",
        title="generated files are current",
        why="Argo CD would apply something else than the tenant files say.",
        fix="Run `tenantry generate` and commit the result.",
        source="tenantry: the same input gives the same bytes",
    ),
    # --- FIL: what is opened
    Rule(
        id="FIL001",
        title="what is read is an ordinary file of a small size",
        why=(
            "A link can lead to a device or out of the repository; a FIFO is waited for without end, and a huge file or"
            " folder exhausts the machine. So each is named before it is opened."
        ),
        fix="Put the file itself in the place of a link; remove the rest, or split it.",
        source="tenantry: nothing is opened before it is bounded (docs/concepts/what-git-holds.md)",
    ),
    # --- ARG: what Argo CD is told
    # --- SEC: nobody reaches another company, the platform or the node
    # --- KUS: what kustomize passes over in silence (KUS012, files edited by hand, is GEN002)
    Rule(
        id="KUS001",
        title="kustomize builds every overlay",
        why="Argo CD runs the same build; what fails here fails there, after the merge.",
        fix="Fix what kustomize names.",
        source=sources.KUSTOMIZE,
        firm=Firm.RENDER,
    ),
    Rule(
        id="KUS002",
        title="a kustomization has the fields alone that tenantry understands",
        why=(
            "includeSelectors rewrites selectors and the peers of policies; plugins and charts run other programs. So"
            " kustomize is started only after every field was found on a list of those whose effect the rules follow."
        ),
        fix="Use `resources`, `components`, `patches`, `replacements`, `labels`, `images` and `configMapGenerator`.",
        source="https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/",
        firm=Firm.RENDER,
    ),
    Rule(
        id="CAP010",
        title="the pods of every workload can be counted",
        why="Without a bound no quota fits: a roll-out or a falling autoscaler would be refused its next pods.",
        fix="Do what the hint says; docs/concepts/plans.md has the formula of each kind.",
        source="https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior",
        firm=Firm.NO_QUOTA,
    ),
    Rule(
        id="KUS004",
        title="a kustomization refers to plain paths of this repository alone, a release to its own, each folder once",
        why=(
            "A remote base can change without a commit, and kustomize takes a path like github.com/x for one also where"
            " a folder of that name exists; a release that refers outside its folder is not frozen."
        ),
        fix="Copy what is needed into the repository; name folders without dots, and manifests .yaml.",
        source="https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.8.1/api/internal/git/repospec.go",
        firm=Firm.RENDER,
    ),
    Rule(
        id="KUS009",
        title="kustomize is the pinned version",
        why="Argo CD bundles one version; 5.8.0 loses namespaces, others may render otherwise.",
        fix=(
            "Put kustomize 5.8.1 on PATH, or name it in TENANTRY_KUSTOMIZE; in a checkout of tenantry, `make setup`"
            " does."
        ),
        source="https://github.com/kubernetes-sigs/kustomize/issues/6031",
        firm=Firm.RENDER,
    ),
    Rule(
        id="KUS013",
        title="rendering by class gives what a direct build gives",
        why=(
            "Rules look at the render of the class; it must be the tenant's own. In each run one tenant of a class is"
            " compared, another one at each commit, and with `check --base` every tenant whose file changed."
        ),
        fix="This is a defect of tenantry or of the pinned kustomize: report it with the overlay.",
        source="tenantry: companies that differ in name and hosts alone render alike",
        firm=Firm.RENDER,
    ),
    Rule(
        id="KUS018",
        title="a kustomization is called kustomization.yaml",
        why="kustomize takes kustomization.yml and Kustomization as well; what one reader alone sees is not checked.",
        fix="Rename the file.",
        source="https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.8.1/api/konfig/general.go",
        firm=Firm.RENDER,
    ),
    # --- MOD: what is accepted although no rule reads it
    Rule(
        id="MOD003",
        severity=Severity.WARNING,
        title="what platform.yaml accepts until a day is looked at again by then",
        why="Who accepted it wanted it to end.",
        fix="Take out what it accepts and the entry, or write a later day.",
        source="tenantry: a proof counts only what it models (docs/concepts/closed-world.md)",
        firm=Firm.RENDER,
    ),
)

TABLE: Final[Mapping[str, Rule]] = {rule.id: rule for rule in _ROWS}
"""The rules by id."""


def finding(rule: str, place: Place, fact: str, hint: str = "", obj: str = "") -> Finding:
    """Make a finding of a rule of the table.

    Args:
        rule: An id of `TABLE`.
        place: Where the cause stands.
        fact: What is the case.
        hint: The way out, when it is known.
        obj: The Kubernetes object, as Kind/namespace/name.
    """
    return TABLE[rule].finding(Found(place, fact, hint, obj))
