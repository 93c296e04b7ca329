"""What a tombstone says, as data and as a page for whoever asks whether a company's data is gone. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.fleet.life import Tombstone
from generator.fleet.model import Tenant
from generator.fleet.states import GONE, SYNCED

_SEEN: Final = {
    SYNCED: "the Application was Synced without what kept namespace and volumes from being deleted",
    GONE: "the Application and the namespace were gone",
}

NOT_ATTESTED: Final = (
    "that the backup can be read, or is the last one: nothing here looks into it",
    "that a storage system overwrites what it gives back",
    "that copies which people of the company or of the provider made are gone",
    "what a person confirmed without the cluster: the name above stands for it",
    "that no more is left than the tombstone names: it is a text, and people may edit it",
)
"""What no certificate of ours can say."""


def data_of(tenant: Tenant, stone: Tombstone) -> dict[str, Any]:
    """Return what a certificate says, as plain data.

    Args:
        tenant: The company that is gone.
        stone: Its tombstone.
    """
    return {
        "company": tenant.name,
        "displayName": tenant.display_name,
        "retired": str(stone.since),
        "by": stone.by,
        "commits": dict(stone.commits),
        "seen": [{"what": _SEEN[step], "by": said.by, "date": str(said.date)} for step, said in tenant.confirmed],
        "backup": {"reference": tenant.backup, "verified": False},
        "notErased": [{"what": what, "command": command} for what, command in stone.remains],
        "notAttested": list(NOT_ATTESTED),
    }


def page(data: Mapping[str, Any]) -> str:
    """Return the same as a page of Markdown.

    Args:
        data: As `data_of` returns it.
    """
    return "\n".join(_lines(data)) + "\n"


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {data['company']} was retired"
    yield ""
    yield f"{data['displayName']} ({data['company']}) was retired on {data['retired']} by {data['by']}."
    yield ""
    yield "## Seen"
    yield ""
    yield from (f"- {item['date']}, by {item['by']}: {item['what']}" for item in data["seen"])
    yield ""
    yield "## Commits"
    yield ""
    yield from (f"- {state}: {commit}" for state, commit in data["commits"].items())
    yield ""
    yield "## Not erased"
    yield ""
    remains = [f"- {item['what']}: `{item['command']}`" for item in data["notErased"]]
    yield from remains or ["- the tombstone names nothing, which does not mean that nothing is left"]
    yield ""
    yield "## Not attested"
    yield ""
    yield f"- the backup {data['backup']['reference']} was not verified"
    yield from (f"- {what}" for what in data["notAttested"])
