"""What the ApplicationSet controller makes of a set and the files of one commit, without a cluster.

The steps are those of Argo CD: find the files, decode each, add `path`, render the template, apply the
rendered `templatePatch`, decide on the finalizer. One failure anywhere stops the whole set, so an
expansion has either all of its Applications or none, and says which file is to blame.

`preservedFields` change nothing here: they keep what somebody wrote on an Application that is already there.
"""

import enum
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from posixpath import basename, dirname
from typing import Any, Final

from generator.applicationset import application as argo
from generator.applicationset import goyaml
from generator.applicationset.globbing import FolderError, Globbing, PatternError, matching
from generator.applicationset.gotemplate import Template, UnsupportedTemplateError
from generator.generate.argocd import API_VERSION, FINALIZER, GENERATOR_TEMPLATE, Manifest
from generator.kube.lenient import mapping, sequence, string
from generator.reading import usual

Decoder = Callable[[str], Any]

RESERVED_KEYS: Final = ("path", "values")
"""Keys of an entry that belong to the generator."""


class Effect(enum.Enum):
    """What a problem does in the cluster."""

    FREEZES = "the whole set stops: nothing is created, updated or deleted until it is fixed"
    UNDECIDED = "it lies outside what tenantry can foresee of Argo CD"
    SKIPPED = "this Application is neither created nor updated"
    CONTESTED = "the set that comes second fails on this Application, and deletes nothing"
    RESERVED = "the key belongs to the generator"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why the cluster will not be what the files say. `path` is the file to blame, if any."""

    effect: Effect
    message: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """An Application and the entry that it was made of."""

    path: str
    manifest: Manifest

    @property
    def name(self) -> str:
        """The Application's name, which may be empty if the entry left it so."""
        return str(self.manifest["metadata"].get("name", ""))


@dataclass(frozen=True, slots=True)
class Expansion:
    """What one ApplicationSet becomes; `applications` is empty as long as a problem freezes the set."""

    name: str
    applications: tuple[Generated, ...]
    problems: tuple[Problem, ...]

    @property
    def frozen(self) -> bool:
        """Say whether nothing of this set moves: something in it fails, or cannot be foreseen."""
        return any(problem.effect in _STOPS for problem in self.problems)


_STOPS: Final = (Effect.FREEZES, Effect.UNDECIDED)


def expand(
    application_set: Mapping[str, Any],
    files: Mapping[str, str],
    *,
    globbing: Globbing = Globbing.GREEDY,
    decode: Decoder = goyaml.decode,
) -> Expansion:
    """Return the Applications that Argo CD makes of a set.

    Args:
        application_set: the manifest; what it may hold is what `generator.generate.argocd` writes, the rest is
            UNDECIDED.
        files: text by path from the repository's root: every file that a pattern of the set could find.
        globbing: how the cluster's Argo CD reads patterns.
        decode: reads an entry; a ValueError of it counts as a file that Argo CD cannot read.

    Returns:
        The Applications in the order of their entries, and every problem: never only the first bad file.
    """
    name = string(mapping(application_set.get("metadata")).get("name"))
    try:
        plan = _Plan(application_set)
        paths = [path for find in plan.finders for path in sorted(find(files, globbing))]
    except (PatternError, _UnsupportedSetError, *_UNFORESEEN) as error:
        return Expansion(name, (), (Problem(Effect.UNDECIDED, str(error)),))
    except (FolderError, argo.FieldTypeError) as error:
        return Expansion(name, (), (Problem(Effect.FREEZES, str(error)),))

    generated: list[Generated] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            if not path.isascii():
                raise UnsupportedTemplateError("a path beyond ASCII is not supported")
            text = files[path]
            # of a file of the usual form all readers say the same
            content = usual.data_of(text.encode("utf-8", "surrogatepass")) if decode is goyaml.decode else None
            entries = _entries(decode(text)) if content is None else [content]  # which holds no number
            problems += _reserved(path, entries)
            beside = {"path": _path(path)} if plan.reads_path else {}
            generated += [Generated(path, plan.of_entry({**entry, **beside})) for entry in entries]
        except _UNFORESEEN as error:
            problems.append(Problem(Effect.UNDECIDED, str(error), path))
        except ValueError as error:
            problems.append(Problem(Effect.FREEZES, str(error), path))
    if any(problem.effect in _STOPS for problem in problems):
        return Expansion(name, (), tuple(problems))
    generated, skipped = _without_duplicates(generated)
    return Expansion(name, tuple(generated), tuple(problems + skipped))


def expand_all(
    application_sets: Iterable[Mapping[str, Any]],
    files: Mapping[str, str],
    *,
    globbing: Globbing = Globbing.GREEDY,
    decode: Decoder = goyaml.decode,
) -> tuple[Expansion, ...]:
    """Expand all sets of a repository, and find the Applications that more than one of them makes."""
    expansions = [expand(appset, files, globbing=globbing, decode=decode) for appset in application_sets]
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for expansion in expansions:
        for application in expansion.applications:
            owners[application.name].append(expansion.name)
    return tuple(
        Expansion(
            expansion.name,
            expansion.applications,
            (
                *expansion.problems,
                *(
                    Problem(
                        Effect.CONTESTED,
                        f"the Application {item.name} is made by {' and '.join(owners[item.name])}",
                        item.path,
                    )
                    for item in expansion.applications
                    if len(owners[item.name]) > 1
                ),
            ),
        )
        for expansion in expansions
    )


class _UnsupportedSetError(ValueError):
    """The set holds something that is not foreseen here."""


_UNFORESEEN: Final = (UnsupportedTemplateError, argo.UnsupportedFieldError, goyaml.UnsupportedYamlError)
_Finder = Callable[[Mapping[str, str], Globbing], set[str]]
_Builder = Callable[[Mapping[str, Any]], Any]


class _Plan:
    """A set with its templates parsed once, so that each entry costs one pass."""

    def __init__(self, application_set: Mapping[str, Any]) -> None:
        spec = _only(application_set.get("spec"), "spec", _SPEC_KEYS)
        if spec.get("goTemplate") is not True or spec.get("goTemplateOptions") != ["missingkey=error"]:
            raise _UnsupportedSetError("only goTemplate with missingkey=error is supported")
        self.finders = [_finder(generator) for generator in sequence(spec.get("generators"))]
        self._namespace = string(mapping(application_set.get("metadata")).get("namespace"))
        self._preserve = mapping(spec.get("syncPolicy")).get("preserveResourcesOnDeletion") is True
        template = argo.decoded(spec.get("template", {}))
        self._build = _builder(template)
        self._patch = Template.parse(string(spec.get("templatePatch")))
        self._patches: dict[str, Any] = {}
        self._copied, self._read = _taken(template, self._patch)
        self.reads_path = "path" in self._copied | self._read
        self._known: dict[str, _Filling | None] = {}

    def of_entry(self, params: Mapping[str, Any]) -> Manifest:
        """Return what `application` returns; of entries that differ in what is only copied, one is worked out."""
        copied = {key: params[key] for key in self._copied if key in params}
        if not all(isinstance(value, str) and value for value in copied.values()):
            return self.application(params)
        looked_at = {key: params[key] for key in self._read if key in params}
        kind = json.dumps([sorted(copied), looked_at], sort_keys=True, ensure_ascii=False)
        if _SIGN in kind:
            return self.application(params)
        if kind not in self._known:
            self._known[kind] = self._with_signs(looked_at, copied)
        filling = self._known[kind]
        if filling is None:
            return self.application(params)
        manifest: Manifest = filling(copied)
        return manifest

    def _with_signs(self, params: Mapping[str, Any], copied: Iterable[str]) -> "_Filling | None":
        """Return what makes an Application of what is copied into it; None when it cannot be made."""
        try:
            signed = self.application({**params, **{key: f"{_SIGN}{key}{_SIGN}" for key in copied}})
        except ValueError:  # for each entry it says which
            return None
        return _filling(signed) or (lambda _: signed)

    def application(self, params: Mapping[str, Any]) -> Manifest:
        """Return the Application of one set of parameters, as the controller hands it to the cluster."""
        manifest = argo.decoded(self._build(params))
        # Without preserveResourcesOnDeletion every Application would take its objects along.
        if not self._preserve and not manifest["metadata"].get("finalizers"):
            manifest["metadata"]["finalizers"] = [FINALIZER]
        text = self._patch.render(params)
        if text not in self._patches:
            if text.lstrip().startswith("{"):
                raise argo.UnsupportedFieldError("a templatePatch in JSON is not supported")
            self._patches[text] = goyaml.decode(text)
        if self._patches[text] is not None:
            manifest = argo.patched(manifest, self._patches[text])
        manifest["metadata"]["namespace"] = self._namespace
        spec = manifest["spec"]
        spec["project"] = spec["project"] or "default"
        if not spec.get("syncPolicy", True):
            del spec["syncPolicy"]
        return {"apiVersion": API_VERSION, "kind": "Application", **manifest}


_SIGN: Final = "\ue000"
"""Stands round the name of a parameter whose value is copied."""

_COPIED: Final = re.compile(f"{_SIGN}([A-Za-z0-9_]+){_SIGN}")

_Filling = Callable[[Mapping[str, str]], Any]
"""From what is copied to a value; what holds nothing of it is one object for all entries."""


def _filling(value: Any) -> _Filling | None:
    """Return a function that fills a value; None when nothing is copied into it."""
    if isinstance(value, str):
        head, *rest = _COPIED.split(value)
        pairs = list(zip(rest[::2], rest[1::2], strict=True))  # a parameter, and the text behind it
        match pairs:
            case []:
                return None
            case [(name, "")] if not head:
                return itemgetter(name)
            case [(name, tail)]:
                return lambda copied: f"{head}{copied[name]}{tail}"
            case _:
                return lambda copied: head + "".join([copied[name] + text for name, text in pairs])
    if isinstance(value, dict):
        filled = [(key, fill) for key, inside in value.items() if (fill := _filling(inside))]

        def fields(copied: Mapping[str, str]) -> Manifest:
            result = value.copy()
            for key, fill in filled:
                result[key] = fill(copied)
            return result

        return fields if filled else None
    if isinstance(value, list):
        items = [(item, _filling(item)) for item in value]
        if not any(fill for _, fill in items):
            return None
        return lambda copied: [fill(copied) if fill else item for item, fill in items]
    return None


def _taken(template: Manifest, patch: Template) -> tuple[frozenset[str], frozenset[str]]:
    """Return which parameters are only copied into a set's Applications, and which decide more than that.

    What is copied into a patch, or into a finalizer, is read or compared once more, and a key may become another.
    """
    held, keys = _templates(template)
    keys = [*keys, *_templates(mapping(template.get("metadata")).get("finalizers"))[0], patch]
    printed = {name for item in held for name in item.printed}
    read = {name for item in (*held, *keys) for name in item.read} | {name for item in keys for name in item.printed}
    if any(_SIGN in item.text for item in (*held, *keys)):
        return frozenset(), frozenset(read | printed)
    return frozenset(printed - read), frozenset(read)


def _templates(value: Any) -> tuple[list[Template], list[Template]]:
    """Return the templates in the values and in the keys of what a set's template holds."""
    if isinstance(value, str):
        return [Template.parse(value)], []
    if isinstance(value, Mapping):
        inside = [_templates(item) for item in value.values()]
        own = [Template.parse(key) for key in value]
    else:
        inside, own = [_templates(item) for item in sequence(value)], []
    return [item for held, _ in inside for item in held], [*own, *(item for _, keys in inside for item in keys)]


_GIT_KEYS: Final = ("repoURL", "revision", "requeueAfterSeconds", "files", "template")
_SPEC_KEYS: Final = (
    "generators",
    "goTemplate",
    "goTemplateOptions",
    "preservedFields",
    "syncPolicy",
    "template",
    "templatePatch",
)


def _only(value: Any, where: str, keys: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _UnsupportedSetError(f"{where} is no mapping")
    for key in value:
        if key not in keys:
            raise _UnsupportedSetError(f"the field {where}.{key} is not supported")
    return value


def _finder(generator: Any) -> _Finder:
    git = _only(_only(generator, "spec.generators", ("git",)).get("git"), "spec.generators.git", _GIT_KEYS)
    files = sequence(git.get("files"))
    # Any other template would override the set's own for what this generator finds.
    if git.get("template", GENERATOR_TEMPLATE) != GENERATOR_TEMPLATE:
        raise _UnsupportedSetError("a template of spec.generators.git that is not empty is not supported")
    wanted: list[str] = []
    unwanted: list[str] = []
    for file in files:
        item = _only(file, "spec.generators.git.files", ("path", "exclude"))
        (unwanted if item.get("exclude") else wanted).append(string(item.get("path")))
    if not files:
        raise _UnsupportedSetError("only a git generator with files is supported")

    def found(files: Mapping[str, str], globbing: Globbing) -> set[str]:
        paths = {path for pattern in wanted for path in matching(pattern, files, globbing)}
        return paths - {path for pattern in unwanted for path in matching(pattern, files, globbing)}

    return found


def _builder(value: Any) -> _Builder:
    """Return a function from parameters to the value with each of its strings rendered, keys included."""
    if isinstance(value, str):
        template = Template.parse(value)
        return (lambda _: value) if template.constant else template.render
    if isinstance(value, dict):
        fields = [(_builder(key), _builder(inside)) for key, inside in value.items()]

        def filled(params: Mapping[str, Any]) -> Manifest:
            result = {key(params): inside(params) for key, inside in fields}
            if len(result) < len(fields):
                raise UnsupportedTemplateError("two keys of a mapping become the same")
            return result

        return filled
    if isinstance(value, list):
        items = [_builder(item) for item in value]
        return lambda params: [item(params) for item in items]
    return lambda _: value


def _entries(content: Any) -> list[dict[str, Any]]:
    """Return the parameters in an entry: one mapping, or a list of them; an empty file is one empty mapping."""
    entries = content if isinstance(content, list) else [content]
    if not all(isinstance(entry, dict | None) for entry in entries):
        raise goyaml.GoYamlError("unable to parse file: it holds neither a mapping nor a list of mappings")
    return [_numbers_as_floats(entry or {}) for entry in entries]


def _numbers_as_floats(value: Any) -> Any:
    """Make every number a float, as Go does with JSON whose types it does not know."""
    if isinstance(value, dict):
        return {key: _numbers_as_floats(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_numbers_as_floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _reserved(path: str, entries: list[dict[str, Any]]) -> Iterator[Problem]:
    for key in RESERVED_KEYS:
        if any(key in entry for entry in entries):
            yield Problem(Effect.RESERVED, f"the key {key} belongs to the generator", path)


def _path(path: str) -> dict[str, Any]:
    """Return the `path` parameters of a file, as the git files generator sets them."""
    folder = dirname(path) or "."
    return {
        "path": folder,
        "basename": basename(folder),
        "filename": basename(path),
        "basenameNormalized": _normalized(basename(folder)),
        "filenameNormalized": _normalized(basename(path)),
        "segments": folder.split("/"),
    }


def _normalized(name: str) -> str:
    return re.sub(r"[^-a-z0-9.]", "-", name.lower())[:253].strip("-.")


def _without_duplicates(generated: list[Generated]) -> tuple[list[Generated], list[Problem]]:
    """Leave out Applications with one name: Argo CD looks errors up by name and applies neither."""
    count = Counter(application.name for application in generated)
    return (
        [item for item in generated if count[item.name] == 1],
        [
            Problem(Effect.SKIPPED, f"{count[item.name]} entries make the Application {item.name}", item.path)
            for item in generated
            if count[item.name] > 1
        ],
    )


_STATUS_ROWS: Final = 5000  # ARGOCD_APPLICATIONSET_CONTROLLER_MAX_RESOURCES_STATUS_COUNT's default


def stored_size(application_set: Mapping[str, Any], names: Iterable[str]) -> int:
    """Estimate the bytes that a set takes in etcd, which accepts 1.5 MiB for one object.

    Counted are the manifest, the record of who manages which field, and a row of `status.resources` for each
    Application, in the longest form that it can have.
    """
    rows = [
        {
            "group": "argoproj.io",
            "version": "v1alpha1",
            "kind": "Application",
            "namespace": mapping(application_set.get("metadata")).get("namespace", ""),
            "name": name,
            "status": "OutOfSync",
            "health": {"status": "Progressing"},
        }
        for name in names
    ]
    stored = {
        **application_set,
        "status": {"resources": rows[:_STATUS_ROWS], "resourcesCount": len(rows)},
    }
    return _bytes(stored) + _bytes(_managed(application_set)) + _FIXED


_FIXED: Final = 2500  # uid, timestamps, four conditions with their messages, the status manager's record


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _managed(value: Any) -> Any:
    """Return the `fieldsV1` of server-side apply: every field by name; a list counts as one."""
    return {f"f:{key}": _managed(inside) for key, inside in value.items()} if isinstance(value, Mapping) else {}
