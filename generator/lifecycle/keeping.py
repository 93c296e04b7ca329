"""What a company keeps of an add-on that it drops: the claim, with what is in it. Pure."""

from typing import Any

from generator.fleet.model import Platform
from generator.kube.lenient import mapping, strings
from generator.reading import yaml_reader
from generator.reading.yaml_editor import edited, in_one_line, quoted_if_needed
from generator.reading.yaml_reader import Document


def settled(before: Document, text: str, platform: Platform) -> str:
    """Return the text of a tenant file with the claims of add-ons that it drops, and without those that it has again.

    Args:
        before: The file as it was.
        text: The file with other add-ons.
        platform: Says which add-on has which claim.
    """
    after, _ = yaml_reader.read(before.file, text.encode(errors="surrogateescape"))
    had, has = _listed(before, "addons"), _listed(after, "addons")
    kept = _listed(before, "kept")
    wanted = [claim for claim in kept if claim not in platform.claims or platform.claims[claim].name not in has]
    wanted += [
        claim
        for claim, addon in platform.claims.items()
        if addon.name in had and addon.name not in has and claim not in kept
    ]
    if wanted == kept:
        return text

    def change(data: Any) -> None:
        if wanted:
            data["kept"] = in_one_line([quoted_if_needed(claim) for claim in wanted])
        else:
            del data["kept"]

    return edited(text, change)


def let_go(before: str, after: str, platform: Platform) -> list[str]:
    """Return the claims that a company has, with an add-on or kept, by the first text of its file and not the second.

    Args:
        before: The file as it was.
        after: The file as it is to be.
        platform: Says which add-on has which claim.
    """
    had, has = (_held(text, platform) for text in (before, after))
    return [claim for claim in had if claim not in has]


def _held(text: str, platform: Platform) -> list[str]:
    document, _ = yaml_reader.read("", text.encode(errors="surrogateescape"))
    addons = _listed(document, "addons")
    return [*_listed(document, "kept"), *(name for name, addon in platform.claims.items() if addon.name in addons)]


def _listed(document: Document | None, key: str) -> list[str]:
    return list(strings(mapping(document.data if document else {}).get(key)))
