"""Where each file lives, as paths from the repository's root; the only place that knows."""

import re
from collections.abc import Collection
from typing import Final

PLATFORM: Final = "platform.yaml"
TENANTS: Final = "tenants"
TENANT_SCHEMA: Final = f"{TENANTS}/tenant.schema.json"
BASE: Final = "base"
GUARD: Final = f"{BASE}/guard"
RELEASES: Final = f"{BASE}/releases"
GUARDS: Final = f"{BASE}/guards"
STATES: Final = "states"
"""Folder of a guard that holds what a company's state makes of it."""

EDGE: Final = "edge"
"""What stands for a release that is not frozen, and LIVE for such a guard."""
LIVE: Final = "live"

OVERLAYS: Final = "overlays"
ARGOCD: Final = "argocd"
ROOT_APPLICATION: Final = f"{ARGOCD}/root.yaml"
APPS: Final = f"{ARGOCD}/apps"
SHARDS: Final = f"{ARGOCD}/shards"
APPROVALS: Final = "approvals"
PINS: Final = ".tenantry"
GENERATED: Final = (f"{OVERLAYS}/", f"{APPS}/", f"{SHARDS}/")
PLATFORM_MANIFESTS: Final = f"{ARGOCD}/platform"
OWN: Final = (PLATFORM, TENANTS, BASE, OVERLAYS, ARGOCD, APPROVALS)
"""What tenantry, kustomize or Argo CD read; a repository may hold other things beside."""

_GENERATED_FILES: Final = re.compile(
    f"{OVERLAYS}/[^/]+/(?:kustomization|facts)\\.yaml|{APPS}/[^/]+\\.yaml"
    f"|{SHARDS}/s[0-9]+/(?:applicationset|tenants/[^/]+|projects/[^/]+)\\.yaml|{ROOT_APPLICATION}|{TENANT_SCHEMA}"
)


def stem(path: str) -> str:
    """Return a file's name without its ending; a PurePosixPath for each of 40,000 files is too slow."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def is_tenant_file(path: str) -> bool:
    """Say whether a path is that of a tenant file."""
    return path.startswith(f"{TENANTS}/") and path.endswith(".yaml")


def of_one(tenant: str) -> tuple[str, ...]:
    """Return the files and folders that one tenant is read from, in which it is also seen what others are called.

    Args:
        tenant: Its name, as a person gives it; everything is read for what no tenant is called.
    """
    return (PLATFORM, TENANTS, BASE, PLATFORM_MANIFESTS, overlay(tenant)) if _NAME.fullmatch(tenant) else ()


_NAME: Final = re.compile("[a-z0-9-]{1,63}")


def of_some(tenants: Collection[str], shards: int) -> tuple[str, ...]:
    """Return the files and folders that tenants are judged by, with what Argo CD reads of them.

    Args:
        tenants: Their names, as a person gives them; everything is read for what no tenant is called.
        shards: How many shards there are.
    """
    if not tenants or not all(map(_NAME.fullmatch, tenants)):
        return ()
    all_shards = [shard_name(number) for number in range(shards)]
    shared = (PLATFORM, TENANTS, BASE, PLATFORM_MANIFESTS, ROOT_APPLICATION, APPS, APPROVALS)
    own = (path for shard in all_shards for tenant in tenants for path in _of(tenant, shard))
    return (*shared, *map(application_set, all_shards), *map(overlay, tenants), *own)


def is_own(path: str) -> bool:
    """Say whether tenantry, kustomize or Argo CD may read a file."""
    return path.partition("/")[0] in OWN


def is_where_generate_writes(path: str) -> bool:
    """Say whether a path is a file that generate writes, or a folder above or below one."""
    below = any(path.startswith(folder) for folder in GENERATED)
    return below or path in (OVERLAYS, ARGOCD, APPS, SHARDS, ROOT_APPLICATION, TENANT_SCHEMA)


def is_generated(path: str) -> bool:
    """Say whether a file is one of those that generate writes, by its path."""
    return _GENERATED_FILES.fullmatch(path) is not None


def release(name: str) -> str:
    """Return the folder of a release of base/: `EDGE`, or a frozen copy by its number."""
    return f"{BASE}/{EDGE}" if name == EDGE else f"{RELEASES}/{name}"


def guard(name: str) -> str:
    """Return the folder of what guards tenants: `LIVE`, or a frozen copy by its number."""
    return GUARD if name == LIVE else f"{GUARDS}/{name}"


def record(folder: str) -> str:
    """Return the file that says what a frozen release or guard holds; it stands beside the folder."""
    return f"{folder}.yaml"


def overlay(tenant: str) -> str:
    """Return the folder of a tenant's overlay."""
    return f"{OVERLAYS}/{tenant}"


def kustomization(tenant: str) -> str:
    """Return the path of a tenant's kustomization.yaml."""
    return f"{overlay(tenant)}/kustomization.yaml"


def facts(tenant: str) -> str:
    """Return the path of a tenant's data sheet."""
    return f"{overlay(tenant)}/facts.yaml"


def shard_of(tenant: str, shards: int) -> str:
    """Return the shard that a tenant's name hashes to; ring, plan, cluster and state never decide it.

    Args:
        tenant: The tenant's name.
        shards: How many shards there are.
    """
    import hashlib  # noqa: PLC0415 -- `tenantry --help` takes the layout without it

    digest = hashlib.sha256(tenant.encode()).digest()
    return shard_name(int.from_bytes(digest[:8], "big") % shards)


def shard_name(number: int) -> str:
    """Return the name of a shard: `s00`, `s01`, ..."""
    return f"s{number:02d}"


def is_shard(name: str) -> bool:
    """Say whether a shard may have this name, however many there are."""
    return name[:1] == "s" and name[1:].isdecimal()


def application_set(shard: str) -> str:
    """Return the path of a shard's ApplicationSet."""
    return f"{SHARDS}/{shard}/applicationset.yaml"


def entry(tenant: str, shard: str) -> str:
    """Return the path of the entry that a shard's ApplicationSet reads for a tenant."""
    return f"{SHARDS}/{shard}/tenants/{tenant}.yaml"


def entries_glob(shard: str) -> str:
    """Return the pattern by which a shard's ApplicationSet finds its entries."""
    return f"{SHARDS}/{shard}/tenants/*.yaml"


def project(tenant: str, shard: str) -> str:
    """Return the path of a tenant's AppProject."""
    return f"{SHARDS}/{shard}/projects/{tenant}.yaml"


def _of(tenant: str, shard: str) -> tuple[str, str]:
    return entry(tenant, shard), project(tenant, shard)


def shard_application(shard: str) -> str:
    """Return the path of the Application that applies a shard."""
    return f"{APPS}/{shard}.yaml"


def part_application(name: str) -> str:
    """Return the path of the Application and the project of a part of the platform."""
    return f"{APPS}/part-{name}.yaml"


def is_part(path: str) -> bool:
    """Say whether a file is that of a part of the platform."""
    return path.startswith(f"{APPS}/part-")


def platform_application() -> str:
    """Return the path of the Application that applies argocd/platform."""
    return f"{APPS}/platform.yaml"


def tenant_of(file: str) -> str | None:
    """Return the tenant that a generated file belongs to, or None for one that is shared."""
    *folders, name = file.split("/")
    if file.startswith(f"{OVERLAYS}/") and len(folders) > 1:
        return folders[1]
    if file.startswith(f"{SHARDS}/") and folders[-1] in ("tenants", "projects"):
        return stem(name)
    return None
