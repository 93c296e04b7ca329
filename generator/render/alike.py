"""Tenants whose committed files are the same but for what is their own: name, hosts, display name, path. Pure.

The four files of a tenant are compared as texts with signs in the place of its own strings. Putting the strings back in
gives each file to the last byte, so what is read of one file with sentinels is what would be read of each; and nobody
has to ask whether a file is what `generate` writes, so a fleet that is stale is no slower.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from generator.fleet.model import Tenant
from generator.reading import yaml_writer
from generator.render.classes import NAME, host_of

_SIGN: Final = "\x01"
"""Begins what stands for a string of a tenant; no file that is read strictly may hold it."""

_FILE: Final = f"{_SIGN}\ue000"
_NAME: Final = f"{_SIGN}\ue001"
_DISPLAY: Final = f"{_SIGN}\ue002"
_FIRST_HOST: Final = 0xE003
_BETWEEN: Final = f"{_SIGN}\n"
_MOST_HOSTS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Tenants that are alike.

    Attributes:
        members: The tenants, in the order of the fleet.
        texts: Their files with sentinels; nothing for a tenant that is judged by itself.
    """

    members: tuple[Tenant, ...]
    texts: tuple[str, ...] = ()


def groups(tenants: Iterable[Tenant], texts_of: Callable[[Tenant], Sequence[str] | None]) -> Iterator[Group]:
    """Put tenants together that are alike, the group of the first tenant first.

    Args:
        tenants: The tenants.
        texts_of: Returns what a tenant's files hold; None when it is judged by itself.
    """
    found: defaultdict[tuple[object, ...], list[Tenant]] = defaultdict(list)
    for tenant in tenants:
        texts = texts_of(tenant)
        signed = _signed(tenant, texts) if texts is not None else None
        found[(tenant.name,) if signed is None else (signed, *tenant.kind)].append(tenant)
    for (text, *kind), members in found.items():
        texts = _with_sentinels(str(text), len(members[0].hosts)) if kind else ()
        yield Group(members=tuple(members), texts=texts)


def with_sentinels(tenant: Tenant) -> Tenant:
    """Return a tenant as the one that stands for all that are like it."""
    return replace(tenant, name=NAME, hosts=tuple(map(host_of, range(len(tenant.hosts)))))


def _signed(tenant: Tenant, texts: Sequence[str]) -> str | None:
    """Return the files as one text with signs for the tenant's own strings; None when they hold a sign already."""
    text = _BETWEEN.join(texts)
    if text.count(_SIGN) != len(texts) - 1 or NAME in text or len(tenant.hosts) > _MOST_HOSTS:
        return None
    written = yaml_writer.scalar(tenant.display_name)
    if written == f'"{tenant.display_name}"':  # one that needs an escape is looked at as it is written
        text = text.replace(f"\ndisplayName: {written}\n", f"\ndisplayName: {_DISPLAY}\n", 1)
    text = text.replace(tenant.document.file, _FILE)
    for host, number in sorted(((host, number) for number, host in enumerate(tenant.hosts)), key=_longest_first):
        text = text.replace(host, f"{_SIGN}{chr(_FIRST_HOST + number)}")
    return text.replace(tenant.name, _NAME)


def _longest_first(host: tuple[str, int]) -> int:
    return -len(host[0])


def _with_sentinels(signed: str, hosts: int) -> tuple[str, ...]:
    parts = signed.split(_BETWEEN)
    signs = {_FILE: f"tenants/{NAME}.yaml", _NAME: NAME, _DISPLAY: f'"{NAME}"'}
    signs |= {f"{_SIGN}{chr(_FIRST_HOST + number)}": host_of(number) for number in range(hosts)}
    for sign, sentinel in signs.items():
        parts = [part.replace(sign, sentinel) for part in parts]
    return tuple(parts)
