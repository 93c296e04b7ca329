"""Ways out that several rules name."""

from typing import Final

from generator.render.rendered import Repository

GENERATE: Final = "run `tenantry generate`"


def way_back(repository: Repository, owner: str | None, otherwise: str) -> str:
    """Return the one command that passes: a tenant file that was lost comes back; what is nobody's goes.

    Args:
        repository: All that is committed.
        owner: Whose the file is, if anybody's.
        otherwise: The command that removes it.
    """
    if owner is not None and owner in repository.ways:
        return f"put the tenant file back: {repository.ways[owner]}"
    return f"remove it: {otherwise}"
