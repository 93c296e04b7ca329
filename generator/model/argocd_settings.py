"""The settings of Argo CD that argocd/platform/ may hold: which are understood, and which of their values.

What Argo CD applies, and whether it holds to the projects, hangs on these. A key that is not listed is refused.
https://argo-cd.readthedocs.io/en/stable/operator-manual/argocd-cm-yaml/
"""

import csv
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

_ANY: Final = r"[\s\S]*"
_SOME_TIME: Final = r"[1-9][0-9]*(s|m|h)([0-9]+(s|m))*"
_SOON: Final = r"[1-9][0-9]{0,2}s|[1-9][0-9]?m([0-5]?[0-9]s)?"
_NUMBER: Final = r"[1-9][0-9]*"

SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "argocd-cm": {
        r"timeout\.reconciliation": _SOON,  # 0 is never, and then a change is seen when a webhook tells of it
        r"timeout\.reconciliation\.jitter": rf"{_SOON}|0s?",
        r"timeout\.hard\.reconciliation(\.jitter)?": rf"{_SOME_TIME}|0s?",
        r"url|additionalUrls": r"https://\S+|(- https://\S+\s*)+",
        r"(dex|oidc)\.config": _ANY,  # who may log in; what they may do is in argocd-rbac-cm
        r"admin\.enabled|exec\.enabled|users\.anonymous\.enabled": "false",
        r"server\.rbac\.log\.enforce\.enable": "true",
        r"application\.resourceTrackingMethod": r"annotation|annotation\+label",
        r"(application|resource|project)\.links": _ANY,
        r"(ui|help|statusbadge)\.[\w.]+": _ANY,
        r"resource\.customizations\.health\.[\w.*-]+": _ANY,
        r"resource\.(exclusions|inclusions)": "",
        r"installationID|ga\.trackingid|ga\.anonymizeusers": _ANY,
        r"users\.session\.duration": _SOME_TIME,
    },
    "argocd-cmd-params-cm": {
        r"(applicationsetcontroller|reposerver)\.enable\.git\.submodule": "false",
        r"[a-z]+\.log\.(level|format)": r"[a-z]+",
        r"(controller|applicationsetcontroller)\.[\w.]*(processors|limit|concurrent\.reconciliations\.max)": _NUMBER,
        r"reposerver\.parallelism\.limit|controller\.kubectl\.parallelism\.limit": _NUMBER,
        r"controller\.(repo\.server|self\.heal)\.timeout\.seconds|reposerver\.[\w.]*timeout[\w.]*": r"[0-9]+s?",
        r"controller\.k8sclient\.retry\.\w+(\.\w+)*": _NUMBER,
        r"controller\.(diff\.server\.side|ignore\.normalizer\.jq\.timeout)": r"true|[0-9]+s",
        r"controller\.sharding\.algorithm": r"legacy|round-robin|consistent-hashing",
        r"applicationsetcontroller\.enable\.new\.git\.file\.globbing": "true",
        r"applicationsetcontroller\.policy": "sync",
        r"otlp\.(address|headers|attrs)": _ANY,
    },
    "argocd-rbac-cm": {r"policy\.default": "", r"policy(\.[\w-]+)?\.csv": _ANY, r"scopes": _ANY},
    "argocd-notifications-cm": {".*": _ANY},
    "argocd-ssh-known-hosts-cm": {".*": _ANY},
    "argocd-tls-certs-cm": {".*": _ANY},
    "argocd-gpg-keys-cm": {".*": _ANY},
}
"""ConfigMap -> the form of a key -> the form of its values; ConfigMaps of other names Argo CD does not read."""

_ONLY_EMPTY: Final = {
    "argocd-cm": "what Argo CD does not look at, it neither compares nor puts right",
    "argocd-rbac-cm": "nobody may have rights unasked",
}
"""Why a setting of these ConfigMaps has no value, where none is understood."""


def why_not(name: str, key: str, value: Any, companies: Collection[str]) -> str:
    """Say why a setting may not be there; nothing when it may.

    Args:
        name: The ConfigMap.
        key: The setting.
        value: Its value.
        companies: Names of companies, whose groups get nothing here.
    """
    known = SETTINGS.get(name)
    if known is None:
        return ""
    form = next((form for pattern, form in known.items() if re.fullmatch(pattern, key)), None)
    if form is None:
        return "it is no setting of Argo CD that is understood"
    if not re.fullmatch(form, str(value).strip()):
        allowed = f"only {form} is understood" if re.fullmatch(r"[a-z]+", form) else "that is not understood"
        return f"{str(value)[:60]!r}: {_ONLY_EMPTY[name] if not form else allowed}"
    return _grant(str(value), companies) if name == "argocd-rbac-cm" and key.endswith(".csv") else ""


def _grant(policy: str, companies: Collection[str]) -> str:
    """Say which line of a policy grants something to a company or to everybody, if any."""
    lines = [line.strip() for line in policy.splitlines()]
    for line in (line for line in lines if not line.startswith("#")):
        parts = next(csv.reader([line], skipinitialspace=True), [])  # as Argo CD does, quotes included
        subject = parts[1].strip() if len(parts) > 1 else ""
        if subject in ("*", "role:''", "role:") or subject.partition(":")[0] in companies:
            return f"the line {line!r} grants something to {subject}"
    return ""
