"""The companies as compact data: what the table of the page is drawn from, in the browser and on demand. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

from generator.capacity.load import of_company
from generator.cost.bill import Bill
from generator.fleet import states
from generator.fleet.model import ArgoCD, Fleet, Tenant
from generator.generate.size import Size

_GI: Final = 1024**3


def data(fleet: Fleet, sizes: Mapping[str, Size], bill: Bill | None) -> dict[str, Any]:
    """Return what the script of the page reads; words that many companies share stand once, and rows name their index.

    Args:
        fleet: The companies.
        sizes: Their numbers.
        bill: What each costs a year; None without prices.
    """
    plans, rings = list(fleet.platform.plans), [ring.name for ring in fleet.platform.rings]
    in_states, addons = _Words(), _Words()
    costs = {share.name: round(float(share.costs), 2) for share in bill.companies} if bill else {}
    rows = []
    for tenant in fleet.tenants:
        levels = of_company(sizes[tenant.name])
        has, runs = levels.sold.requests_cpu, levels.guaranteed.cpu
        rows.append(
            [
                tenant.name,
                "" if tenant.display_name == tenant.name else tenant.display_name,
                plans.index(tenant.plan),
                rings.index(tenant.ring.name),
                in_states.index(state(tenant)),
                addons.index(", ".join(tenant.addons)),
                has - runs,
                has,
                round(sizes[tenant.name].storage_in_all / _GI, 2),
                costs.get(tenant.name, 0),
                "" if tenant.hosts[0] == f"{tenant.name}.{fleet.platform.domain}" else tenant.hosts[0],
            ]
        )
    return {
        "plans": plans,
        "rings": rings,
        "states": in_states.all,
        "addons": addons.all,
        "domain": fleet.platform.domain,
        "links": _links(fleet.platform.argocd),
        "currency": bill.currency if bill else "",
        "rows": rows,
    }


def _links(argocd: ArgoCD) -> dict[str, str]:
    """Return what is looked at for a company, `{tenant}` standing for its name: its Application, and the dashboards."""
    own = {"Argo CD": f"{argocd.url}/applications/{argocd.namespace}/{{tenant}}"} if argocd.url else {}
    return own | dict(argocd.links)


def state(tenant: Tenant) -> str:
    """Say where a company is in its life, as its file says."""
    if tenant.state != states.ACTIVE:
        return f"{tenant.state}, files until {tenant.retire_on}" if tenant.retire_on else tenant.state
    if tenant.quota_from:
        return f"keeps the quota of {tenant.quota_from.plan}"
    return f"trial until {tenant.expires}" if tenant.expires else tenant.state


class _Words:
    """Words, each once, in the order in which they came."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def index(self, word: str) -> int:
        """Return which one a word is."""
        if word not in self.all:
            self.all.append(word)
        return self.all.index(word)


def as_script(found: Mapping[str, Any]) -> str:
    """Write data for a `script` element: JSON in which nothing can end the element or begin another.

    https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
    """
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
