"""The isolation proof over rendered tenants; the proof itself is in `generator.reachability.proof`."""

from collections.abc import Iterator

from generator.once import once
from generator.reachability.policy import UnreadableError
from generator.reachability.proof import Isolation, prove_isolation
from generator.reachability.space import Space, read_space
from generator.reachability.views import values_of
from generator.render.rendered import Rendered, Repository, Representative


@once
def prove(repository: Repository) -> Isolation:
    """Prove for every ordered pair of rendered tenants that no pod of the first reaches a pod of the second.

    Tenants whose policies cannot be evaluated are in no pair; NET002 says of them that they cannot be.
    """
    # what rules look at, which is the first of each class, is kept; of the many others nobody asks again
    read_now = (read(item) if item.represents else _space_of(item) for item in repository.rendered)
    alone = [space for space in read_now if isinstance(space, Space)]
    spaces = [*alone, *(space for item in repository.representatives for space in _spaces(item))]
    return prove_isolation(spaces, repository.fleet.platform.cluster.addresses)


def _spaces(representative: Representative) -> Iterator[Space]:
    """Yield one Space for tenants that are alike, or one for each where a label holds more than the name."""
    space = read(representative.subject)
    if not isinstance(space, Space):
        return
    name = representative.subject.tenant.name
    if any(name in value and value != name for value in values_of(space)):
        each = (_space_of(representative.of(tenant)) for tenant in representative.members)
        yield from (item for item in each if isinstance(item, Space))
    else:
        yield space.renamed(name, tuple(tenant.name for tenant in representative.members))


@once
def read(rendered: Rendered) -> Space | UnreadableError:
    """Read a tenant's pods and policies, or return why they cannot be evaluated."""
    return _space_of(rendered)


def _space_of(rendered: Rendered) -> Space | UnreadableError:
    try:
        space = read_space(rendered.objects)
    except UnreadableError as error:
        return error
    if space.namespace != rendered.tenant.name:
        return UnreadableError(f"Namespace/{space.namespace}: it is not the tenant's")
    return space
