"""Sizes as sentinels: companies that differ in numbers alone, which kustomize copies, are built together.

A size of its own is the one thing that makes a company unlike all others, and there may be as many sizes as companies.
So in the data sheet of a class a number stands for another one of the same form (digits, then the same unit), and each
company's objects are that build with its own digits put in. That is exact as long as kustomize takes the number for a
text to copy, and so what is understood is a list, of what may be done with it:

- a replacement carries it whole, from the data sheet to one of a few fields that nothing else picks by (`carried`);
- in what kustomize printed, each sentinel stands in such a field, by itself (`stands_alone`).

A number that is read in any other way is part of what a class has in common, and a class whose build fails, or prints
a sentinel elsewhere, is built by its own numbers. A member of each class is compared with its own build as well.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from generator import layout
from generator.kube.branching import FACTS
from generator.kube.kustomization import FILE, Gate
from generator.kube.lenient import mapping, mappings, strings
from generator.kube.printed import Printed
from generator.once import once
from generator.reading import parsed
from generator.reading.files import GENERATED

Numbers = tuple[str, ...]
"""The digits of a company's numbers, in the order of its data sheet."""

_BEGINS: Final = "8761"
_SENTINEL: Final = re.compile(f"{_BEGINS}([0-9]{{2}})")
_MOST: Final = 100
_FORM: Final = re.compile("([1-9][0-9]{0,5})((?:m|k|M|G|T|Ki|Mi|Gi|Ti)?)")
"""Digits, few enough that no reader writes them otherwise, and a unit; all readers agree on what that is."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_FIELDS: Final = re.compile(
    r"spec\.(?:minReplicas|maxReplicas|resources\.requests\.storage|hard\.(?:[A-Za-z]+|\[[A-Za-z./-]+\]))"
)
"""Fields that a number may be carried to: no name, no key of a list, nothing that a kustomization picks by."""

_OPERATION: Final = re.compile(r"""\bop["']?\s*:\s*["']?(\w*)""")
_UNDERSTOOD: Final = frozenset({"add", "remove", "replace"})
"""Operations of a patch that look at no value; the others copy or compare one."""


@once
def carried(gate: Gate) -> frozenset[str] | None:
    """Return which facts are read in other ways than to be carried whole; None where it is not known what reads one.

    Args:
        gate: Holds the repository, of which all of base/ is looked at.
    """
    held, bad = gate.snapshot.collect(layout.BASE, GENERATED)
    texts = [raw.decode("utf-8", "replace") for raw in held.values()]
    operations = {operation for text in texts for operation in _OPERATION.findall(text)}
    if bad or not operations <= _UNDERSTOOD or any(_BEGINS in text for text in texts):
        return None
    read: set[str] = set()
    for file in held:
        document, _ = parsed.document(gate.snapshot.parsed(file)) if file.endswith(f"/{FILE}") else (None, ())
        for replacement in mappings(mapping(document.data if document else None).get("replacements")):
            source, targets = mapping(replacement.get("source")), list(mappings(replacement.get("targets")))
            fact = str(source.get("fieldPath"))
            fields = [field for target in targets for field in strings(target.get("fieldPaths"))]
            if source.get("kind") != FACTS or not _PLAIN.fullmatch(fact):
                return None
            whole = not any("options" in place for place in (source, *targets))
            if not whole and any(map(_FIELDS.fullmatch, fields)):
                return None
            if not whole or not all(map(_FIELDS.fullmatch, fields)):
                read.add(fact)
    return frozenset(read)


def sized(facts: dict[str, Any], read: frozenset[str] | None) -> Numbers:
    """Put sentinels in the place of the numbers of a data sheet that are carried whole.

    Args:
        facts: The data sheet, which is changed.
        read: As `carried` returns it.

    Returns:
        The digits whose place they took; none where sentinels could not be told apart from what stands there.
    """
    if read is None or _BEGINS in json.dumps(facts):
        return ()
    found: list[str] = []
    for path, holder, key in list(_texts(facts.get("spec"), "spec"))[:_MOST]:
        match = _FORM.fullmatch(holder[key])
        if match is not None and not any(f"{path}.".startswith(f"{fact}.") for fact in read):
            holder[key] = f"{_BEGINS}{len(found):02}{match[2]}"
            found.append(match[1])
    return tuple(found)


def _texts(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield each text that stands in mappings alone: its path, and where it stands."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, str):
            yield f"{path}.{key}", value, key
        else:
            yield from _texts(inner, f"{path}.{key}")


def stands_alone(objects: Iterable[Mapping[str, Any]], text: str) -> bool:
    """Say whether each sentinel that was printed stands in a field for numbers, by itself.

    Args:
        objects: The objects of a build with sentinels.
        text: What kustomize printed.
    """
    values = (value for obj in objects for value in _values(mapping(obj.get("spec"))))
    return sum(map(_is_sentinel, values)) == text.count(_BEGINS)


def _values(spec: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what stands in the fields of `_FIELDS`."""
    yield from (spec.get("minReplicas"), spec.get("maxReplicas"), *mapping(spec.get("hard")).values())
    yield mapping(mapping(spec.get("resources")).get("requests")).get("storage")


def _is_sentinel(value: Any) -> bool:
    match = _FORM.fullmatch(str(value))
    return match is not None and _SENTINEL.fullmatch(match[1]) is not None


def filled(text: str, numbers: Numbers) -> str:
    """Put a company's own digits into a text."""
    return _SENTINEL.sub(lambda match: numbers[int(match[1])], text)


def fill(gate: Gate, objects: tuple[dict[str, Any], ...], numbers: Numbers) -> tuple[dict[str, Any], ...]:
    """Return objects with a company's own digits in the place of the sentinels; those that hold none as they are.

    Args:
        gate: Keeps them: objects with equal texts are one.
        objects: As kustomize printed them.
        numbers: The digits.
    """
    return tuple(_filled(gate, one, numbers) if isinstance(one, Printed) else one for one in objects)


def _filled(gate: Gate, one: Printed, numbers: Numbers) -> Printed:
    if _BEGINS not in one.text:
        return one
    own = filled(one.text, numbers)
    known, key = _known(gate), (own, one["kind"], one["metadata"]["name"])
    if key not in known:
        known[key] = Printed(json.loads(filled(json.dumps(one), numbers)), own)
    return known[key]


@once
def _known(gate: Gate) -> dict[tuple[str, str, str], Printed]:
    """Return the objects that were made so far, to be added to."""
    del gate
    return {}
