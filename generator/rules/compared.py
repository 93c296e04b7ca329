"""What rules on two commits look at: each tenant before and after a change, and what the change does to all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from generator import layout
from generator.capacity.shift import Shift
from generator.findings.finding import Finding, Place
from generator.fleet.model import Platform, Tenant
from generator.fleet.states import ACTIVE
from generator.generate.ceilings import Ceiling
from generator.generate.size import Size
from generator.generate.started import Started
from generator.render.rendered import Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tenant before and after a change.

    Attributes:
        before, after: The tenant file's records.
        size_before, size_after: Its numbers.
        rendered_before, rendered_after: Its renders; None when one of them could not be made.
    """

    before: Tenant
    after: Tenant
    size_before: Size
    size_after: Size
    rendered_before: Rendered | None
    rendered_after: Rendered | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A tenant that goes from one state to another.

    Attributes:
        before: The tenant before the change; None for one that comes with it.
        after: The tenant after it.
        again: Whether a commit before the change held the very same file: what approved that one counted once.
        begun: Whether its deletion had begun before the state that it leaves: not all of it may be there.
        leaves: What the tenant renders before the change, where its entry, and so its Application, goes with it.
    """

    before: Tenant | None
    after: Tenant
    again: bool = False
    begun: bool = False
    leaves: Rendered | None = None

    @property
    def states(self) -> tuple[str, str]:
        """The two states; a company begins active."""
        return (self.before.state if self.before else ACTIVE), self.after.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """A tenant whose name is new to the state before the change, and was given earlier.

    Attributes:
        name: The name.
        place: Where the new file says it.
        commit: The last commit that held a file of that name.
        path: Where that file lay.
        restored: Whether the new file is that one as it was.
        published: Whether what was generated for the earlier tenant is still published.
    """

    name: str
    place: Place
    commit: str
    path: str
    restored: bool
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What the state before the change holds and a rule needs, and what no commit has in a form that can be read.

    Attributes:
        file: The file.
        why: The error that keeps it from being read.
        published: Whether something was generated of it all the same.
        storage: Bytes that the file states, as far as that can be read; None when it states none.
        tenant: The tenant as the change leaves it.
    """

    file: str
    why: Finding
    published: bool
    storage: int | None
    tenant: Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two states of the repository side by side.

    Attributes:
        commit: The commit of the state before, in full.
        source: The commit of its platform.yaml and base/: an earlier one when those could not be read.
        before, after: The provider's numbers.
        fleet: How many tenants there are after the change.
        tenants: Names of the tenants that the change touches, sorted.
        steps: Those of them that both states have.
        files: The source files that differ, sorted.
        gone: Tenant files that the state after no longer has: path -> path of a new file with the same content, or
            empty.
        returning: Tenants that come, and whose names were given earlier.
        unread: What could not be compared.
        removals: Rendered objects that are there before and not after, as tenant and object, sorted.
        edited: What the change edits of releases and guards that were frozen before it: the folders, sorted.
        given_again: Those that it brings under a number that something else had before.
        capacity: What the change does to the room on the nodes; None when platform.yaml declares none after it.
        moves: Tenants that go from one state to another.
        purged: Names of the companies that are purging or being deleted, before the change or after it, sorted.
        retiring: Tenants that leave before the change and after it, and whose file differs.
        amended: Tenants whose file differs and that were being purged before the change, or gone, and still are.
        purged_today: Companies that began to be purged on this day (UTC) before the change.
        today: The day; None where nothing is judged by days.
        starts: How services are started after the change, in releases that are new or may be another.
        started: How they are started before it.
        ceilings, ceilings_before: What the quotas of the same releases allow whatever the plan, and those before it.
    """

    commit: str
    source: str
    before: Platform
    after: Platform
    fleet: int
    tenants: tuple[str, ...]
    steps: tuple[Step, ...]
    files: tuple[str, ...]
    gone: Mapping[str, str]
    returning: tuple[Returning, ...]
    unread: tuple[Unread, ...]
    removals: tuple[tuple[str, str], ...]
    edited: tuple[str, ...] = ()
    given_again: tuple[str, ...] = ()
    capacity: Shift | None = None
    moves: tuple[Move, ...] = ()
    purged: tuple[str, ...] = ()
    retiring: tuple[Move, ...] = ()
    amended: tuple[Move, ...] = ()
    purged_today: tuple[str, ...] = ()
    today: date | None = None
    starts: tuple[Started, ...] = ()
    started: tuple[Started, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    ceilings_before: tuple[Ceiling, ...] = ()

    @property
    def then_generate(self) -> str:
        """What follows a command that changes sources, where generated files are committed beside them."""
        return " && tenantry generate" if self.after.publishing == "committed" else ""

    def taken_back(self, steps: Collection[Step]) -> str:
        """Return the command that takes back what changes tenants: base/ and platform.yaml, and their own files."""
        shared = {path if path == layout.PLATFORM else layout.BASE for path in self.files if _is_shared(path)}
        own = {tenant.document.file for step in steps for tenant in (step.before, step.after)} & set(self.files)
        commit = (self.source if shared else self.commit)[:10]
        paths = " ".join([*sorted(shared), *sorted(own)])
        return f"take it back: git restore --source={commit} --staged --worktree {paths}{self.then_generate}"


def _is_shared(path: str) -> bool:
    return path == layout.PLATFORM or path.startswith(f"{layout.BASE}/")
