"""The Application type of Argo CD, as far as our templates fill it.

A template and a patch pass through this Go type before an Application is made of them, and that changes
them: a wrong type is an error, an empty string may vanish. Fields that are not listed here are refused,
never guessed. Source: `pkg/apis/application/v1alpha1/types.go` of Argo CD v3.5, `ObjectMeta` of Kubernetes.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any, Final

from generator.generate.argocd import Manifest

_Decode = Callable[[Any, str], Any]
"""A Go type: from a JSON value and its place to what Go holds; null is the type's zero value."""


class UnsupportedFieldError(ValueError):
    """The field may exist in Argo CD, but is not foreseen here."""


class FieldTypeError(ValueError):
    """Argo CD cannot decode the value into the field's type."""


def decoded(application: Any) -> Manifest:
    """Return an Application as Go holds it: checked, without the fields that Go drops.

    Raises:
        FieldTypeError: Argo CD fails to decode it.
        UnsupportedFieldError: a field is not foreseen here.
    """
    manifest: Manifest = _APPLICATION(application, "")
    return manifest


def patched(application: Manifest, patch: Any) -> Manifest:
    """Return an Application after a strategic merge patch, which Argo CD then decodes again.

    Mappings are merged, null removes a key, the finalizers are united (`patchStrategy: merge`), every other
    list is replaced. `spec.project` stays what it was: Argo CD refuses to patch it.

    Raises:
        FieldTypeError: Argo CD fails to decode the patch or the result.
        UnsupportedFieldError: the patch names a field that is not foreseen here, or holds a directive.
    """
    decoded(patch)
    result = decoded(_merged(application, patch or {}, ()))
    result["spec"]["project"] = application["spec"]["project"]
    return result


def _merged(original: Manifest, patch: Mapping[str, Any], where: tuple[str, ...]) -> Manifest:
    result = dict(original)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = _merged(result.get(key, {}), value, (*where, key))
        elif (*where, key) == ("metadata", "finalizers"):
            result[key] = _united(result.get(key, []), value)
        else:
            result[key] = value
    return result


def _united(original: list[str], patch: list[str]) -> list[str]:
    """Unite two lists in the order of `strategicpatch`: the patch's items in front, in their own order."""
    if not original:
        return patch
    if len(set(original)) < len(original):
        raise UnsupportedFieldError("metadata.finalizers holds one twice")  # Go's order then depends on its memory
    kept = [item for item in original if item not in patch]
    added = list(dict.fromkeys(patch))
    result: list[str] = []
    while kept and added:
        kept_first = added[0] in original and original.index(kept[0]) < original.index(added[0])
        result.append((kept if kept_first else added).pop(0))
    return result + kept + added


# --- Go's types -------------------------------------------------------------------------------------------


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str | None):
        raise FieldTypeError(f"{where} is no string")
    return value or ""


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool | None):
        raise FieldTypeError(f"{where} is neither true nor false")
    return bool(value)


def _count(value: Any, where: str) -> int:
    if value is None:
        return 0
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or value != int(value) or not -(2**63) <= value < 2**63:
        raise FieldTypeError(f"{where} is no integer of 64 bits")
    return int(value)


def _texts(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping | None):
        raise FieldTypeError(f"{where} is no mapping")
    for key in value or ():
        if key.startswith("$"):
            raise UnsupportedFieldError(f"{where}.{key} is a patch directive")
    return {key: _text(text, f"{where}.{key}") for key, text in (value or {}).items()}


def _list_of(item: _Decode) -> _Decode:
    def decode(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list | None):
            raise FieldTypeError(f"{where} is no list")
        if value and None in value:
            raise UnsupportedFieldError(f"{where} holds null")
        return [item(inside, f"{where}[{index}]") for index, inside in enumerate(value or ())]

    return decode


class _Keep(enum.Enum):
    """When Go writes a field."""

    ALWAYS = 'json:"x"'
    GIVEN = 'json:"x,omitempty" on a pointer'
    FILLED = 'json:"x,omitempty" on a value'


_ALWAYS, _GIVEN, _FILLED = _Keep.ALWAYS, _Keep.GIVEN, _Keep.FILLED


def _struct(**fields: tuple[_Keep, _Decode]) -> _Decode:
    def decode(value: Any, where: str) -> Manifest:
        if not isinstance(value, Mapping | None):
            raise FieldTypeError(f"{where or 'the Application'} is no mapping")
        given = value or {}
        prefix = f"{where}." if where else ""
        for key in given:
            if key not in fields:
                raise UnsupportedFieldError(f"the field {prefix}{key} is not supported")
        result: Manifest = {}
        for key, (keep, field) in fields.items():
            inside = field(given.get(key), f"{prefix}{key}")
            if keep is _ALWAYS or (inside if keep is _FILLED else given.get(key) is not None):
                result[key] = inside
        return result

    return decode


_BACKOFF: Final = _struct(duration=(_FILLED, _text), factor=(_GIVEN, _count), maxDuration=(_FILLED, _text))
_SYNC_POLICY: Final = _struct(
    automated=(
        _GIVEN,
        _struct(
            prune=(_GIVEN, _flag),
            selfHeal=(_GIVEN, _flag),
            allowEmpty=(_GIVEN, _flag),
            enabled=(_GIVEN, _flag),
        ),
    ),
    syncOptions=(_FILLED, _list_of(_text)),
    retry=(
        _GIVEN,
        _struct(limit=(_FILLED, _count), backoff=(_GIVEN, _BACKOFF), refresh=(_FILLED, _flag)),
    ),
)
_SOURCE: Final = _struct(repoURL=(_ALWAYS, _text), path=(_FILLED, _text), targetRevision=(_FILLED, _text))
_APPLICATION: Final = _struct(
    metadata=(
        _ALWAYS,
        _struct(
            name=(_FILLED, _text),
            namespace=(_FILLED, _text),
            labels=(_FILLED, _texts),
            annotations=(_FILLED, _texts),
            finalizers=(_FILLED, _list_of(_text)),
        ),
    ),
    spec=(
        _ALWAYS,
        _struct(
            project=(_ALWAYS, _text),
            source=(_GIVEN, _SOURCE),
            destination=(
                _ALWAYS,
                _struct(server=(_FILLED, _text), namespace=(_FILLED, _text), name=(_FILLED, _text)),
            ),
            info=(_FILLED, _list_of(_struct(name=(_ALWAYS, _text), value=(_ALWAYS, _text)))),
            syncPolicy=(_GIVEN, _SYNC_POLICY),
        ),
    ),
)
