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


def let_go(before: str, after: str) -> list[str]:
    """Return the claims that the first text of a tenant file keeps, and the second neither keeps nor has again."""
    texts = [yaml_reader.read("", text.encode(errors="surrogateescape"))[0] for text in (before, after)]
    kept, keeps = (_listed(document, "kept") for document in texts)
    came = set(_listed(texts[1], "addons")) - set(_listed(texts[0], "addons"))
    return [] if came else [claim for claim in kept if claim not in keeps]


def _listed(document: Document | None, key: str) -> list[str]:
    return list(strings(mapping(document.data if document else {}).get(key)))
