"""What is due is settled in the tenant files, where a plain edit does it; nobody looks into a cluster for that."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from generator.findings.finding import Refused, TenantryError
from generator.fleet import days
from generator.fleet.model import Fleet
from generator.git.snapshot import Snapshot
from generator.lifecycle import life, plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a tenant file in which something is due.

    Attributes:
        file: Its path.
        text: What it is to hold; None where the edit is refused.
        why: The refusal, in words; empty for none.
    """

    file: str
    text: str | None = None
    why: str = ""


def settled(snapshot: Snapshot, fleet: Fleet, today: date) -> Iterator[Settled]:
    """Yield each tenant file in which a plain edit does what is due, with all such edits of it made.

    Args:
        snapshot: The repository.
        fleet: Its tenants.
        today: The day.

    Raises:
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    edits: dict[str, dict[str, str]] = defaultdict(dict)
    files: dict[str, str] = {}
    for item in days.due(fleet, today):
        if item.edit:
            edits[item.tenant.name].update(item.edit)
            files[item.tenant.name] = item.tenant.document.file
    for name, edit in edits.items():
        try:
            if "state" in edit:
                file, _, text = life.changed(snapshot, name, edit, life.Witness(), today)
            else:
                file, _, text = plans.changed(snapshot, name, edit, today)
        except Refused as refused:
            yield Settled(file=files[name], why=refused.findings[0].fact)
        except TenantryError as error:
            yield Settled(file=files[name], why=str(error))
        else:
            yield Settled(file=file, text=text)
