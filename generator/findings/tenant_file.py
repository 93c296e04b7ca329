"""What a tenant file may say, and what falls due by it: the words of these rules, which several places apply."""

from typing import Final

from generator.findings import sources
from generator.findings.finding import Severity
from generator.findings.rule import Rule

ROWS: Final = (
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
        fix=(
            "End it (`tenantry set NAME state=suspended expires=`), take the day out when the company stays"
            " (`tenantry set NAME expires=`), or write a later one."
        ),
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
)
"""In the order of their ids."""
