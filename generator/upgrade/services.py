"""The step to services and add-ons as data. Pure.

Before it the generator knew two services by name: the facts of each stood under a name of its own in the data sheet, an
add-on was a key of the tenant file that is true or false, and its addresses were called `endpoints`. Which names these
are is read off the repository: a component that reads the fact `spec.X.maxReplicas` says that X is an add-on, or, where
it is the component of core's facts, that X is the service.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from generator import layout
from generator.kube.lenient import mapping, mappings, string
from generator.reading.yaml_editor import edited, in_one_line, in_one_mapping
from generator.upgrade.texts import Changes, Texts, data_of

_IS_OF_TODAY: Final = re.compile(r"^service:", re.MULTILINE)
_MOST: Final = re.compile(r"spec\.([A-Za-z0-9-]+)\.maxReplicas")
_PREFIX: Final = re.compile(r"\b([a-z0-9][a-z0-9-]*)--placeholder\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """A service as the old layout has it.

    Attributes:
        fact: What its facts are called, and an add-on's key in tenant files.
        workload: What is scaled.
        component: The folder that brings it; `facts` for the main one.
    """

    fact: str
    workload: str
    component: str


def is_done(texts: Texts) -> bool:
    """Say by the text of platform.yaml alone whether nothing is left to do; False when that is not plain.

    Args:
        texts: The files.
    """
    return _IS_OF_TODAY.search(texts.get(layout.PLATFORM, "")) is not None


def upgraded(texts: Texts) -> Changes:
    """Return the files that become others; none when the layout is not that of before.

    Args:
        texts: The files; what cannot be read is left as it is, and is named when it is validated.
    """
    platform = data_of(layout.PLATFORM, texts.get(layout.PLATFORM, ""))
    if not platform.get("plans") or "service" in platform:
        return {}
    services = {service.fact: service for service in _services(texts)}
    main = next((service for service in services.values() if service.component == "facts"), None)
    if main is None:
        return {}
    addons = {fact: service for fact, service in services.items() if service is not main}
    changed = {layout.PLATFORM: _platform(texts, main, addons)}
    for path, text in texts.items():
        if layout.is_tenant_file(path):
            changed[path] = _tenant(path, text, tuple(addons))
        elif path.startswith(f"{layout.BASE}/") and path.endswith(".yaml"):
            changed[path] = _base(text, main, addons)
    return {path: text for path, text in changed.items() if text != texts[path]}


def _services(texts: Texts) -> Iterator[_Service]:
    for path, text in texts.items():
        if path.startswith(f"{layout.BASE}/") and path.endswith("/kustomization.yaml"):
            for replacement in mappings(data_of(path, text).get("replacements")):
                fact = _MOST.fullmatch(string(mapping(replacement.get("source")).get("fieldPath")))
                if not fact:
                    continue
                for target in mappings(replacement.get("targets")):
                    workload = string(mapping(target.get("select")).get("name"))
                    yield _Service(fact=fact[1], workload=workload, component=PurePosixPath(path).parts[-2])


def _platform(texts: Texts, main: _Service, addons: Mapping[str, _Service]) -> str:
    def change(data: Any) -> None:
        service = in_one_mapping({"workload": main.workload})
        data.insert(list(data).index("plans"), "service", service)
        for name, addon in (data.get("addons") or {}).items():
            if name in addons:
                _addon(texts, addon, addons[name], main)

    return edited(texts[layout.PLATFORM], change)


def _addon(texts: Texts, data: Any, addon: _Service, main: _Service) -> None:
    """Say of an add-on what was known by its name: its workload, its host, and that it calls the main service."""
    data.insert(0, "workload", addon.workload)
    if addon.component != addon.workload:
        data.insert(1, "component", addon.component)
    exposed = (text for path, text in texts.items() if f"/components/{addon.component}-" in path)
    prefix = next((found[1] for text in exposed if (found := _PREFIX.search(text))), "")
    if prefix:
        data["hostPrefix"] = prefix
    data["calls"] = in_one_line([main.workload])
    if "endpoints" in data:
        data["reaches"] = data.pop("endpoints")


def _tenant(path: str, text: str, addons: tuple[str, ...]) -> str:
    """Write the add-ons that are on as a list, in the place of the first of their keys."""
    held = data_of(path, text)
    own = [name for name in addons if isinstance(held.get(name), bool)]
    listed = held.get("addons", [])
    if not own or not isinstance(listed, list):
        return text

    def change(data: Any) -> None:
        where = min(list(data).index(name) for name in own)
        comments = [data.ca.items[name] for name in own if name in data.ca.items]
        on = [name for name in own if data.pop(name) and name not in listed]
        if "addons" in data:
            data["addons"].extend(on)
        elif on:
            data.insert(where, "addons", in_one_line(on))
            if comments:
                data.ca.items["addons"] = comments[0]

    return edited(text, change)


def _base(text: str, main: _Service, addons: Mapping[str, _Service]) -> str:
    """Let replacements read the facts where they stand now."""
    text = re.sub(rf"\bspec\.{re.escape(main.fact)}\.(?=(?:min|max)Replicas\b)", "spec.service.", text)
    for fact in addons:
        text = re.sub(rf"\bspec\.{re.escape(fact)}\.endpoints\b", f"spec.addons.{fact}.reaches", text)
        text = re.sub(rf"\bspec\.{re.escape(fact)}\.(?=(?:min|max)Replicas\b)", f"spec.addons.{fact}.", text)
    return text
