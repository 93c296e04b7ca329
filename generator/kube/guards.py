"""Which objects guard a company and which run for it; the folders of base/ hold the one or the other."""

from collections.abc import Mapping
from typing import Any, Final

from generator.kube.lenient import group_of

GUARDS: Final = frozenset(
    {
        ("", "LimitRange"),
        ("", "Namespace"),
        ("", "PersistentVolumeClaim"),
        ("", "ResourceQuota"),
        ("", "ServiceAccount"),
        ("external-secrets.io", "SecretStore"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    }
)
"""What `base/guard` may hold, by group and kind: no pod template, and nothing that must fit the version of one. The
account of a workload must, and so it comes with its workload."""

KINDS: Final = frozenset(kind for _, kind in GUARDS)


def guards(obj: Mapping[str, Any]) -> bool:
    """Say whether an object is of a kind that guards a company."""
    return (group_of(obj), obj.get("kind")) in GUARDS
