"""Rules that are applied where tenantry reads, builds, writes and compares: their words.

A rule that a function of `generator.rules` checks has its words at that function; `generator.rules.every` knows both.
"""

from collections.abc import Mapping
from typing import Final

from generator.findings import sources
from generator.findings.finding import Finding, Found, Place, Severity
from generator.findings.rule import Firm, Rule
from generator.findings.tenant_file import ROWS

_ROWS: Final = (
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
        title="where Argo CD looks and deploys stays, as do the cluster's own addresses and what runs beside companies",
        why=(
            "Another repository, branch or API server moves every tenant; the isolation proof rests on the addresses;"
            " what runs beside the companies, and Argo CD's own settings, can undo from outside what is proved of them;"
            " another page for companies that are suspended gets their people."
        ),
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
        title="rendering and judging by class gives what a direct build gives",
        why=(
            "Rules look at the render of the class; it must be the tenant's own. In each run one tenant of a class is"
            " compared, another one at each commit, and with `check --base` every tenant whose file changed; of one of"
            " them every rule is asked as well."
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

TABLE: Final[Mapping[str, Rule]] = {rule.id: rule for rule in (*ROWS, *_ROWS)}
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
