"""The one table of rules: id, weight, what it says, why it matters, how to mend, and where the demand comes from.

`tenantry explain RULE` and the reference page are made from it. The functions that check a rule live in the modules
of this package, by family; the TEN and PLT rules are applied while the input is read (`generator.yamlio`,
`generator.load`, `generator.validate`).
"""

from dataclasses import dataclass
from typing import Final

from generator.findings import Finding, Place, Severity

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
_YAML = "https://yaml.org/spec/1.2.2/ and https://yaml.org/type/"

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
        "The name belongs to Kubernetes, to the platform, to a well-known host, or YAML reads it as another type.",
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
        "Control, invisible, bidirectional and look-alike characters mislead people; {{ is code for templates.",
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
        "A host outside the provider's domains could take over somebody else's address.",
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
        "The plan's price covers its storage.",
        "Ask for no more than the plan's maximum, or choose a larger plan.",
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
    Rule(
        "KUS001",
        ERROR,
        "kustomize builds every overlay",
        "Argo CD runs the same build; what fails here fails there, after the merge.",
        "Mend what kustomize names.",
        "https://kubectl.docs.kubernetes.io/references/kustomize/",
    ),
    Rule(
        "KUS013",
        ERROR,
        "rendering by class gives what a direct build gives",
        "Rules look at the render of the class; it must be the tenant's own.",
        "This is a defect of tenantry or of the pinned kustomize: report it with the overlay.",
        "design: rendering by class",
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
    # --- rules on two commits
    Rule(
        "CHG001",
        WARNING,
        "the commit before the change can be composed",
        "Without it, rules on two commits have nothing to compare with and are not run.",
        "Nothing, when this change mends the branch; otherwise look at what is named.",
        "design: check",
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
)

RULES: Final = {row.id: row for row in _ROWS}

OF_INPUT: Final = ("TEN", "PLT", "GEN")
"""Families that are applied while the input is read or written; platform.yaml has no say in them."""

_DATA: Final = "it keeps a customer's files from being deleted"
_NEIGHBOURS: Final = "it keeps one company out of another's environment"
_RENDER: Final = "without it the other rules would prove nothing"
_FREEZE: Final = "one such entry freezes every tenant of its shard"

FIRM: Final = {
    "ARG001": _FREEZE,
    "ARG002": _FREEZE,
    "ARG003": _NEIGHBOURS,
    "ARG005": _FREEZE,
    "ARG006": _FREEZE,
    "ARG007": _DATA,
    "ARG008": _DATA,
    "ARG009": _DATA,
    "ARG013": _NEIGHBOURS,
    "ARG014": _NEIGHBOURS,
    "ARG016": _NEIGHBOURS,
    "KUS001": _RENDER,
    "KUS004": _RENDER,
    "KUS005": _NEIGHBOURS,
    "KUS006": _NEIGHBOURS,
    "KUS008": _NEIGHBOURS,
    "KUS009": _RENDER,
    "KUS011": _RENDER,
    "KUS013": _RENDER,
    "KUS015": _RENDER,
    "KUS016": _NEIGHBOURS,
    "SEC004": _NEIGHBOURS,
    "SEC006": _NEIGHBOURS,
    "SEC007": _NEIGHBOURS,
    "SEC008": _NEIGHBOURS,
    "SEC009": _NEIGHBOURS,
    "SEC012": _NEIGHBOURS,
}
"""Rules that platform.yaml cannot weaken, and why."""


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
    return Finding(rule, RULES[rule].severity, place, _on_one_line(fact), _on_one_line(hint), _on_one_line(obj))


def _on_one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
