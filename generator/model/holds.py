"""Holding an object against the model: everything in it that is not understood."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator.findings.words import did_you_mean
from generator.kube.pods import TEMPLATES
from generator.model.fields import EVERY, PROOFS, Field, Node, kinds
from generator.reading.schema import Path

Declared = Mapping[str, Sequence[str]]
"""What platform.yaml declares, by the name that fields call it by (`gateway.namespace`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodelled:
    """A part of an object that no rule and no reason covers.

    Attributes:
        path: Where it stands; empty for an object of a kind that is not in the model.
        value: What stands there; None for what is missing.
        fact: What is the case.
        hint: What to write instead, where that is known.
        near: A question whether a key that is known was meant, or nothing.
        proofs: The proofs that say nothing as long as it is there.
        acceptable: Whether it may be accepted by name.
    """

    path: Path
    value: Any
    fact: str
    hint: str = ""
    near: str = ""
    proofs: tuple[str, ...] = PROOFS
    acceptable: bool = True


def unmodelled(obj: Mapping[str, Any], declared: Declared, inert: Mapping[str, Sequence[str]]) -> Iterator[Unmodelled]:
    """Yield what in an object is not understood.

    Args:
        obj: The object.
        declared: What platform.yaml declares.
        inert: The provider's own keys by `labels` and `annotations`, each exact or a prefix that ends in `/`.
    """
    known = kinds().get((str(obj.get("apiVersion")), str(obj.get("kind"))))
    if known is None:
        fact = f"{obj.get('apiVersion')} {obj.get('kind')} is no kind that a company may have"
        near = did_you_mean(str(obj.get("kind")), [name for _, name in kinds()])
        here = f"what all companies share belongs to argocd/platform/{f'; {near}' if near else ''}"
        yield Unmodelled(path=(), value=None, fact=fact, hint=here, acceptable=False)
        return
    for found in _walk(known.root, {key: obj[key] for key in obj if key not in ("apiVersion", "kind")}, (), declared):
        if not (is_metadata(known.name, found.path) and _is_own(found, known.name, inert)):
            yield found


def is_metadata(kind: str, path: Path) -> bool:
    """Say whether a label or an annotation of an object, or of the pods that it makes, stands there."""
    last = path[-3:-1] in (("metadata", "labels"), ("metadata", "annotations"))
    return last and path[:-3] in ((), TEMPLATES.get(kind, ()))


def only_with_a_prefix(kind: str, path: Path) -> bool:
    """Say whether other programs select by such a key there: namespaces and pods are selected by their labels."""
    return kind == "Namespace" or (path[-2] == "labels" and len(path) > len(("metadata", "labels", "key")))


def _is_own(found: Unmodelled, kind: str, inert: Mapping[str, Sequence[str]]) -> bool:
    """Say whether a label or annotation is the provider's own."""
    key = str(found.path[-1])
    keys = inert.get(str(found.path[-2]), ())
    if "/" not in key and only_with_a_prefix(kind, found.path):
        return False
    return key in keys or any(own.endswith("/") and key.startswith(own) for own in keys)


def _walk(node: Node, value: Any, path: Path, declared: Declared) -> Iterator[Unmodelled]:
    if node.known is not None and not (node.below or node.patterns):
        yield from _of_value(node.known, value, path, declared)
    elif isinstance(value, Mapping):
        for key, below in node.below.items():
            if below.known is not None and below.known.required and key not in value:
                yield _missing(below.known, (*path, key), declared)
            elif key == "annotations" and key not in value:
                yield from _walk(below, {}, (*path, key), declared)
        for key, inner in value.items():
            step = node.step(str(key)) if EVERY not in node.below else None
            if step is None:
                yield _unlisted((*path, key), inner, node)
            else:
                yield from _walk(step, inner, (*path, key), declared)
    elif isinstance(value, list):
        below_every = node.below.get(EVERY)
        for index, item in enumerate(value):
            if below_every is None:
                yield _unlisted((*path, index), item, node)
            else:
                yield from _walk(below_every, item, (*path, index), declared)
    else:
        yield Unmodelled(path=path, value=value, fact="what stands here has another form than the model knows")


def _unlisted(path: Path, value: Any, node: Node) -> Unmodelled:
    near = did_you_mean(str(path[-1]), [key for key, below in node.below.items() if key != EVERY and _may_stand(below)])
    if node.known is not None and node.known.refused:
        return Unmodelled(path=path, value=value, fact=node.known.refused, near=near, proofs=node.known.proofs)
    return Unmodelled(path=path, value=value, fact="no rule reads it, and nothing says why it cannot matter", near=near)


def _may_stand(node: Node) -> bool:
    return node.known is None or not node.known.refused


def _missing(known: Field, path: Path, declared: Declared) -> Unmodelled:
    allowed = _allowed(known, declared)
    fact = f"it is missing{f': {known.otherwise}' if known.otherwise else ''}"
    hint = f"write {_or(allowed)}" if allowed else ""
    return Unmodelled(path=path, value=None, fact=fact, hint=hint, acceptable=False)


def _of_value(known: Field, value: Any, path: Path, declared: Declared) -> Iterator[Unmodelled]:
    if known.refused:
        yield Unmodelled(path=path, value=value, fact=known.refused, proofs=known.proofs)
        return
    if isinstance(value, Mapping | list):
        fact = "what stands here has another form than the model knows"
        yield Unmodelled(path=path, value=value, fact=fact, proofs=known.proofs)
        return
    allowed = _allowed(known, declared)
    why = f": {known.otherwise}" if known.otherwise else ""
    if known.source and not allowed:
        fact = f"{written(value)} is declared nowhere{why}"
        hint = f"write it in platform.yaml, under clusters.{DECLARED[known.source]}"
        yield Unmodelled(path=path, value=value, fact=fact, hint=hint, proofs=known.proofs)
    elif allowed and not any(_same(value, item) for item in allowed):
        fact = f"{written(value)} is not {_or(allowed)}{why}"
        yield Unmodelled(path=path, value=value, fact=fact, hint=f"write {_or(allowed)}", proofs=known.proofs)
    elif known.matches and not re.fullmatch(known.matches, str(value)):
        fact = f"{written(value)} is not understood{why}"
        yield Unmodelled(path=path, value=value, fact=fact, proofs=known.proofs)


DECLARED: Final[Mapping[str, str]] = {
    "gateway.namespace": "NAME.network.gateway.namespace",
    "gateway.name": "NAME.network.gateway.name",
    "gateway.listener": "NAME.network.gateway.listener",
    "ingress.class": "NAME.network.ingress.class",
    "storageClasses": "NAME.storageClasses",
    "secrets.server": "NAME.secrets.server",
    "secrets.path": "NAME.secrets.path",
    "secrets.mountPath": "NAME.secrets.mountPath",
    "secrets.role": "NAME.secrets.role",
    "secrets.audience": "NAME.secrets.audience",
}
"""Where platform.yaml says what fields may be."""


def _allowed(known: Field, declared: Declared) -> tuple[Any, ...]:
    return tuple(declared.get(known.source, ())) if known.source else known.only or ()


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _or(values: Sequence[Any]) -> str:
    texts = [written(value) for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"


_PLAIN: Final = re.compile(r"[A-Za-z_][\w./:=,-]*")


def written(value: Any) -> str:
    """Write a value as it may stand in YAML, on one line."""
    if (
        isinstance(value, str)
        and _PLAIN.fullmatch(value)
        and value.lower() not in ("true", "false", "null", "yes", "no")
    ):
        return value
    return json.dumps(value, ensure_ascii=False)


def at(path: Path) -> str:
    """Write a path so that it can be told from every other: keys with dots stand in brackets."""
    text = ""
    for step in path:
        plain = isinstance(step, str) and re.fullmatch(r"[\w-]+", step)
        text += f".{step}" if plain else f"[{step}]"
    return text.removeprefix(".")


def digest(value: Any) -> str:
    """Name a value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
