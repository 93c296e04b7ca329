"""The files of tenants that are alike, formatted once: texts with gaps for what is a company's own. Pure.

What a template makes of a name, a host, a display name or a path is to print it. That is tried and not believed: the
first of those that are alike is formatted by itself as well, and where the two differ nobody's files are filled in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from generator.fleet.model import Tenant
from generator.reading import yaml_writer
from generator.reading.yaml_reader import Document

_NAME: Final = "tenantry-own-name"
_DISPLAY: Final = "tenantry-own-display"
_FILE: Final = "tenantry-own-file"
_HOST: Final = "tenantry-own-host-"
_GAPS: Final = re.compile(f"({_NAME}|{_DISPLAY}|{_FILE}|{_HOST}[0-9]+[.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mould:
    """Texts in pieces; every second piece of a text is a gap, and says what belongs there."""

    texts: tuple[tuple[str, ...], ...]

    def filled(self, tenant: Tenant) -> tuple[str, ...]:
        """Return the texts of a tenant."""
        own = {_NAME: tenant.name, _DISPLAY: yaml_writer.scalar(tenant.display_name)[1:-1], _FILE: tenant.document.file}
        own |= {_host(number): host for number, host in enumerate(tenant.hosts)}
        return tuple("".join([*map(own.get, pieces, pieces)]) for pieces in self.texts)


def signed(tenant: Tenant) -> Tenant:
    """Return a tenant with signs for what is its own."""
    return replace(
        tenant,
        name=_NAME,
        display_name=_DISPLAY,
        hosts=tuple(map(_host, range(len(tenant.hosts)))),
        document=Document(_FILE, "", None),
    )


def _host(number: int) -> str:
    return f"{_HOST}{number}."


def mould(tenant: Tenant, texts: Sequence[str], own: Sequence[str]) -> Mould | None:
    """Make the mould of those that are alike; None where that does not give what formatting gives.

    Args:
        tenant: The first of them.
        texts: What formatting gives for `signed`.
        own: What it gives for the tenant itself.
    """
    made = Mould(texts=tuple(tuple(_GAPS.split(text)) for text in texts))
    return made if made.filled(tenant) == tuple(own) else None
