"""A change of plan as the tenant file says it: at once where it may be, and otherwise in two steps."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from generator.findings.finding import Refused, TenantryError
from generator.fleet.model import Platform, QuotaFrom, Tenant
from generator.fleet.validate import tenant_in
from generator.generate import smaller
from generator.generate.releases import Release, read_release
from generator.generate.size import Size, size
from generator.git.snapshot import Snapshot
from generator.lifecycle import edit
from generator.pipeline import validated_platform
from generator.reading import quantity, yaml_reader
from generator.reading.yaml_editor import edited, in_one_mapping, quoted_if_needed


def changed(snapshot: Snapshot, name: str, changes: Mapping[str, str], today: date) -> tuple[str, str, str]:
    """Return path, present text and new text of a tenant file, with all that a change of its plan brings.

    A plan whose quota is too small for what may run brings `quotaFrom`, a plan that is large enough takes it out, and a
    plan with less storage brings the size of the volume, which never shrinks.

    Args:
        snapshot: The repository.
        name: The tenant.
        changes: As for `edit.edited_tenant`.
        today: The day of the change.

    Raises:
        TenantryError: There is no such tenant, a key cannot be set, or two such changes cannot be open at once.
        Refused: The file would have errors, or the new plan does not hold what the tenant asks for.
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    file, before, after = proposed(snapshot, name, changes, today)
    edit.refuse_bad(snapshot, {file: after})
    return file, before, after


def proposed(snapshot: Snapshot, name: str, changes: Mapping[str, str], today: date) -> tuple[str, str, str]:
    """Return the same as `changed`, and raise the same but for errors that the file would have."""
    file, before, after = edit.edited_tenant(snapshot, name, changes)
    if changes.get("plan") and not any(key.startswith("quotaFrom") for key in changes):
        after = _Change(snapshot, file, before).settled(after, today, keep_storage="storage" not in changes)
    elif changes.get("quotaFrom.plan"):
        after = edited(after, lambda data: data["quotaFrom"].setdefault("since", quoted_if_needed(str(today))))
    return file, before, after


class _Change:
    """A change of the plan in one tenant file.

    Args:
        snapshot: The repository.
        file: Path of the tenant file.
        before: What it holds.
    """

    def __init__(self, snapshot: Snapshot, file: str, before: str) -> None:
        self._snapshot = snapshot
        self._file = file
        self._platform = validated_platform(snapshot)
        self._before = _tenant(file, before, self._platform)

    def settled(self, after: str, today: date, *, keep_storage: bool) -> str:
        """Return the text with the keys that the change brings; as it is where one of the two cannot be read."""
        old = self._before
        alone = edited(after, lambda data: data.pop("quotaFrom", None))
        new = _tenant(self._file, alone, self._platform)
        if old is None or new is None or old.plan == new.plan:
            return after
        if keep_storage and new.storage < old.storage:
            alone, new = self._with(alone, lambda data: data.update(storage=quantity.bytes_text(old.storage)))
        short = self._shortage(old, new)
        if short is None:
            return alone
        kept = smaller.larger_plan(old, short) or QuotaFrom(plan=short.plan, since=today)
        items = {"plan": quoted_if_needed(kept.plan), "since": quoted_if_needed(str(kept.since))}
        text, new = self._with(alone, lambda data: data.update(quotaFrom=in_one_mapping(items)))
        if self._shortage(old, new):
            fact = f"{old.name} keeps the quota of another plan, and that of plan {old.plan} is needed as well"
            raise TenantryError(fact, f"complete the first change before: tenantry set {old.name} --complete")
        return text

    def _with(self, text: str, change: Callable[[Any], None]) -> tuple[str, Tenant]:
        text = edited(text, change)
        tenant = _tenant(self._file, text, self._platform)
        assert tenant is not None, text
        return text, tenant

    def _shortage(self, old: Tenant, new: Tenant) -> smaller.Shortage | None:
        return smaller.shortage(old, self._size(old), new, self._size(new))

    def _size(self, tenant: Tenant) -> Size:
        return _sized(tenant, self._platform, self._release)

    @cached_property
    def _release(self) -> Release:
        """What the tenant's release runs; a plan changes nothing of it."""
        ring = self._before.ring if self._before else self._platform.default_ring
        return read_release(self._snapshot, ring.pair, self._platform)


def _sized(tenant: Tenant, platform: Platform, release: Release) -> Size:
    """Return the numbers of one tenant.

    Raises:
        Refused: Its plan does not hold what it asks for.
    """
    numbers, findings = size(tenant, platform, release.workloads(tenant.addons))
    if findings:
        raise Refused(findings)
    return numbers


def _tenant(file: str, text: str, platform: Platform) -> Tenant | None:
    document, _ = yaml_reader.read(file, text.encode(errors="surrogateescape"))
    return tenant_in(document, platform) if document is not None else None


# --- the second step


def open_change(snapshot: Snapshot, name: str) -> tuple[Tenant, Size]:
    """Return a tenant whose change to a smaller plan is not complete, without the larger quota; and its numbers.

    Raises:
        TenantryError: There is no such tenant, or it keeps no quota of another plan.
        Refused: Its file has errors.
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    file, text, _ = edit.edited_tenant(snapshot, name, {})
    edit.refuse_bad(snapshot, {file: text})
    platform = validated_platform(snapshot)
    tenant = _tenant(file, text, platform)
    if tenant is None or tenant.quota_from is None:
        raise TenantryError(f"{name} keeps no quota of another plan", "there is nothing to complete")
    tenant = replace(tenant, quota_from=None)
    return tenant, _sized(tenant, platform, read_release(snapshot, tenant.ring.pair, platform))


def completed(snapshot: Snapshot, name: str, why: str, today: date) -> tuple[str, str, str]:
    """Return path, present text and new text of a tenant file without the quota of the plan before.

    Args:
        snapshot: The repository.
        name: The tenant.
        why: Who says that fewer pods run, in words; it stands behind the plan, and so in the commit.
        today: The day.

    Raises:
        TenantryError: There is no such tenant.
        Refused: The file would have errors.
    """
    file, before, after = edit.edited_tenant(snapshot, name, {"quotaFrom": ""})
    after = _PLAN.sub(lambda line: _with_comment(line[1], f"complete since {today}, {why}"), after, count=1)
    edit.refuse_bad(snapshot, {file: after})
    return file, before, after


_PLAN = re.compile(r"^(plan:[^\n]*?)[ \t]*$", re.MULTILINE)
_EARLIER = re.compile(r"(?: *#|;) complete since [0-9]{4}-.*$")


def _with_comment(line: str, comment: str) -> str:
    """Write a comment behind a line, in the place of an earlier one of its kind and behind any other."""
    line = _EARLIER.sub("", line)
    return f"{line}; {comment}" if "#" in line else f"{line}  # {comment}"
