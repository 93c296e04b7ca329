"""Edit tenant files as a person would: comments and order stay, and a result that is refused is never written."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from generator import layout, rules
from generator.findings.finding import Refused, TenantryError
from generator.findings.words import did_you_mean
from generator.fleet import earlier
from generator.fleet.load import Sources, files_called, is_plain_path, load, load_some
from generator.fleet.neighbours import among_others
from generator.fleet.validate import validate
from generator.generate.write import replace
from generator.git.snapshot import Snapshot
from generator.kube.lenient import mapping
from generator.lifecycle import keeping
from generator.pipeline import validated_platform
from generator.reading import yaml_writer
from generator.reading.files import Kind
from generator.reading.schema import package_schema
from generator.reading.yaml_editor import edited, in_one_line, quoted_if_needed
from generator.reading.yaml_reader import Document


def new_tenant(
    snapshot: Snapshot, name: str, *, plan: str, addons: Sequence[str], display_name: str | None
) -> tuple[str, str]:
    """Return path and text of a new tenant file.

    Raises:
        TenantryError: The tenant is there already, or git would ignore its file.
        Refused: The file would have errors.
    """
    data = {"name": name, "displayName": display_name, "plan": plan, "addons": list(addons) or None}
    file = f"{layout.TENANTS}/{name}.yaml"
    above = "../" * (len(PurePosixPath(file).parts) - 2)
    schema = f"{above}{PurePosixPath(layout.TENANT_SCHEMA).name}"
    lines = [f"{key}: {_as_written(value)}\n" for key, value in data.items() if value is not None]
    text = f"# yaml-language-server: $schema={schema}\n{''.join(lines)}"
    if snapshot.kind_of(file) is not None or os.path.lexists(snapshot.home / file):
        raise TenantryError(f"{file} is there already", f"change it: tenantry set {name} KEY=VALUE")
    sold = validated_platform(snapshot).addons
    if unsold := next((addon for addon in addons if addon not in sold), None):
        there = ", ".join(sold) or "none"
        hint = did_you_mean(unsold, sold) or f"there is: {there}; or sell it in {layout.PLATFORM}"
        raise TenantryError(f"this platform has no add-on {unsold!r}", hint)
    refuse_bad(snapshot, {file: text})
    if rule := snapshot.ignored_by(file):
        raise TenantryError(f"git ignores {file}, by {rule}", "take that line out")
    return file, text


def _as_written(value: Any) -> str:
    """Write a text plain when every reader agrees on it, quoted otherwise; a list in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_as_written, value))}]"
    return value if yaml_writer.is_plain(value) else yaml_writer.scalar(value)


def edited_tenant(snapshot: Snapshot, name: str, changes: Mapping[str, str]) -> tuple[str, str, str]:
    """Return path, present text and new text of a tenant file; whether the new one may stand, `refuse_bad` says.

    Args:
        snapshot: The repository.
        name: The tenant.
        changes: Dotted key -> new value as text; an empty one removes the key. A key with `+` or `-` behind it is a
            list, to which items are added or from which they are taken; one with `?` is written where it is not set.

    Raises:
        TenantryError: There is no such tenant, or a key cannot be set.
        Refused: The file cannot be read.
    """
    files = files_called(snapshot, [name])
    sources = load(snapshot) if files is None else load_some(snapshot, files)
    document = next((tenant for tenant in sources.tenants if PurePosixPath(tenant.file).stem == name), None)
    if document is None:
        unreadable = [found for found in sources.findings if PurePosixPath(found.place.file).stem == name]
        if unreadable:
            raise Refused(unreadable)
        hint = (
            did_you_mean(name, [PurePosixPath(tenant.file).stem for tenant in sources.tenants]) or "see `tenantry list`"
        )
        raise TenantryError(f"there is no tenant {name!r}", hint)
    if not isinstance(document.data, dict):
        refuse_bad(snapshot, {document.file: document.text})
    return document.file, document.text, changed_text(snapshot, document, changes)


def changed_tenants(snapshot: Snapshot, changes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return path and new text of each tenant file that becomes another.

    Args:
        snapshot: The repository.
        changes: As for `changed_tenant`.

    Raises:
        TenantryError: A key cannot be set.
        Refused: A tenant file cannot be read, or would have errors.
    """
    sources = load(snapshot)
    if sources.findings:
        raise Refused(sources.findings)
    texts = {tenant.file: (tenant.text, changed_text(snapshot, tenant, changes)) for tenant in sources.tenants}
    changed = {file: after for file, (before, after) in texts.items() if before != after}
    refuse_bad(snapshot, changed)
    return tuple(changed.items())


def changed_text(snapshot: Snapshot, document: Document, changes: Mapping[str, str]) -> str:
    """Return the text of a tenant file after changes, and after what they bring: claims of add-ons that it drops."""
    text = edited(document.text, change_of(changes))
    keys = {change.rstrip("+-?") for change in changes}
    if "addons" not in keys or "kept" in keys:
        return text
    return keeping.settled(document, text, validated_platform(snapshot))


def change_of(changes: Mapping[str, str]) -> Callable[[Any], None]:
    """Return what makes changes in the data of a tenant file; the argument is that of `edited_tenant`.

    Raises:
        TenantryError: A key cannot be set, said when it is called.
    """

    def change(data: Any) -> None:
        for change, value in changes.items():
            key = change.rstrip("+-?")
            path = key.split(".")
            if change.endswith("?") and _is_set(data, path):
                continue
            is_list = change.endswith(("+", "-"))
            _assign(data, path, _edited_list(data, path, change, value) if is_list else _typed(key, value))

    return change


def _is_set(data: Any, path: list[str]) -> bool:
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True


def _schema_of(key: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = package_schema("tenant")
    for step in key.split("."):
        if step not in schema.get("properties", {}):
            raise TenantryError(f"a tenant file has no key {key!r}", "see `tenantry schema tenant`")
        schema = schema["properties"][step]
    return schema


def _typed(key: str, value: str) -> Any:
    """Read a value as the type that the schema gives its key; None removes the key."""
    schema = _schema_of(key)
    if not value:
        return None
    match schema["type"]:
        case "boolean" if value in ("true", "false"):
            return value == "true"
        case "integer" if value.isdecimal() and value.isascii():
            return int(value)
        case "array":
            return [quoted_if_needed(item) for item in value.split(",")]
        case "object":
            raise TenantryError(
                f"{key} is a mapping", f"set a key inside it: {key}.{next(iter(schema['properties']))}=..."
            )
        case _:
            return quoted_if_needed(value)


def _edited_list(data: Any, path: list[str], change: str, value: str) -> Any:
    """Return a list with items added, where it has them not, or taken out; None, for no key, when nothing is left.

    What stands there and is no list is returned as it is: the check of the result names it.
    """
    key = ".".join(path)
    if _schema_of(key)["type"] != "array":
        raise TenantryError(f"{key} is no list", f"write {key}={value or 'VALUE'}")
    if not value:
        raise TenantryError(f"{change}= names no item", f"write {change}=VALUE; {key}= takes the whole list out")
    items: list[str] = _typed(key, value)
    for step in path[:-1]:
        data = mapping(data).get(step)
    found = mapping(data).get(path[-1])
    held = in_one_line([]) if found is None else found
    if not isinstance(held, list):
        return held
    if change.endswith("-"):
        for item in dict.fromkeys(items):
            if item in held:
                held.remove(item)
    else:
        held.extend(item for item in dict.fromkeys(items) if item not in held)
    return held or None


def _assign(data: Any, path: list[str], value: Any) -> None:
    *above, last = path
    parents = [data]
    for step in above:
        if not isinstance(parents[-1].get(step), dict):
            if value is None:
                return
            parents[-1][step] = {}
        parents.append(parents[-1][step])
    if value is not None:
        parents[-1][last] = value
        return
    parents[-1].pop(last, None)
    for step, parent in zip(reversed(above), reversed(parents[:-1]), strict=True):
        if not parent[step]:
            del parent[step]


def refuse_bad(snapshot: Snapshot, texts: Mapping[str, str]) -> None:
    """Validate the repository as it would be with these files.

    Raises:
        Refused: One of them would have errors; those of other files do not stand in the way.
    """
    proposed = {file: text.encode(errors="surrogateescape") for file, text in texts.items()}
    _, findings = validate(_sources(snapshot, proposed), rules.known, earlier.of_work_tree(snapshot.home))
    mine = [found for found in findings if found.place.file in proposed or found.place.file == layout.PLATFORM]
    if mine:
        raise Refused(mine)


def _sources(snapshot: Snapshot, proposed: Mapping[str, bytes]) -> Sources:
    """Read what may have a say in files as they would be: of others, who shares a name or a host with one of them."""
    is_usual = all(is_plain_path(file) and snapshot.kind_of(file) in (None, Kind.FILE) for file in proposed)
    if len(proposed) != 1 or not is_usual:
        return load(snapshot, proposed)
    return among_others(snapshot, load_some(snapshot, proposed, proposed))[0]


def write(root: Path, file: str, text: str) -> None:
    """Write a tenant file, whole or not at all."""
    replace(root / file, text.encode())
