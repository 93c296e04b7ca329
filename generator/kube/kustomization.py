"""IO in: the gate before kustomize, and which files a folder's build reads.

kustomize is started on a folder only after everything that it would read was looked at: each kustomization holds
fields that are understood (`generator.kube.allowed`), each reference leads to an ordinary file or folder of this
repository, each manifest is bounded. What a build reads is also what an Application is rendered again for.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused
from generator.findings.table import finding
from generator.git import ordinary
from generator.git.snapshot import Snapshot
from generator.kube import allowed
from generator.kube.allowed import Needs, Reference
from generator.kube.printed import Known
from generator.once import Worked, once
from generator.reading import files, parsed
from generator.reading.files import BadFile, Kind
from generator.reading.yaml_reader import Document

FILE: Final = "kustomization.yaml"
SPELLINGS: Final = frozenset({FILE, "kustomization.yml", "kustomization"})
"""What kustomize takes for a kustomization, in lower case: some file systems do not tell the cases apart."""

_NEAR: Final = 0.75
"""How much alike a name and `kustomization.yaml` are when one is taken for the other: `kustomize.yaml` is."""

_MOST_FOLDERS: Final = 256
"""Kustomizations of one build; tenantry's own base has 7."""


@dataclass(frozen=True, slots=True)
class Buildable:
    """A folder that kustomize may be started on; `Gate` makes it, and nothing else should.

    Attributes:
        folder: The folder.
        known: The objects that were printed so far behind the same gate, to be added to.
    """

    folder: Path
    known: Known = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Lead:
    """A reference that leads to something: what it says, the path from the root, what is there, and where it stands.

    Of nearly all references nobody asks where they stand, so that is looked for when somebody does.
    """

    text: str
    path: str
    kind: Kind
    document: Document | None
    where: tuple[str | int, ...] = ()

    @property
    def place(self) -> Place:
        return self.document.place(self.where) if self.document else Place(f"{self.path}/{FILE}")


@dataclass(frozen=True, slots=True)
class _Folder:
    """What was found out about one kustomization."""

    document: Document | None
    leads: tuple[_Lead, ...]
    findings: tuple[Finding, ...]


class Gate:
    """Looks at what kustomize would read, at each file once, and so is as old as what it has seen: one for each run.

    Args:
        snapshot: The repository.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.worked: Worked = {}
        self._folders: dict[str, _Folder] = {}
        self._passed: set[str] = set()
        self._known: Known = {}
        self._manifests: dict[str, tuple[Finding, ...]] = {}

    def open(self, folder: str) -> Buildable:
        """Let kustomize build a folder.

        Args:
            folder: From the root.

        Raises:
            Refused: What it would read is not understood.
        """
        if folder not in self._passed:
            self.closure([folder])
        return Buildable(self.snapshot.place(folder), self._known)

    def beside(self, folder: Path, reads: Iterable[str]) -> Buildable:
        """Let kustomize build a folder that tenantry wrote itself, outside the repository.

        Args:
            folder: The folder.
            reads: The folders of the repository that it refers to, or was copied from.

        Raises:
            Refused: What it would read of them is not understood.
        """
        self.closure(reads)
        return Buildable(folder, self._known)

    def closure(self, folders: Iterable[str]) -> tuple[str, ...]:
        """Return every path that building these folders reads, sorted; what lies inside another of them is left out.

        Args:
            folders: Folders with a kustomization, as paths from the root.

        Raises:
            Refused: What they read is not understood; everything is named.
        """
        start = tuple(dict.fromkeys(folders))
        missing = [folder for folder in start if self.snapshot.kind_of(folder) is not Kind.FOLDER]
        leads = [_Lead(folder, folder, Kind.FOLDER, None) for folder in start]
        return self._follow(start, leads if not missing else (), map(self._no_kustomization, missing))

    def reads(self, overlay: Document, read: Collection[str] = ()) -> tuple[str, ...]:
        """Return every path that building an overlay reads, as `closure` does.

        Args:
            overlay: Its kustomization.yaml, which was read before.
            read: Other files that were read before, as strictly.

        Raises:
            Refused: What it reads is not understood; everything is named.
        """
        self._manifests |= dict.fromkeys(read, ())
        folder = _folder_of(overlay.file)
        judged = self._judge_document(folder, overlay)
        return self._follow((folder,), judged.leads, judged.findings, (folder,))

    def survey(self, folder: str) -> Mapping[str, Document]:
        """Look at every kustomization and every manifest below a folder, whether or not something refers to it.

        Args:
            folder: From the root.

        Returns:
            The kustomizations by their folders.

        Raises:
            Refused: Something there is not understood; everything is named.
        """
        held, bad = self.snapshot.collect(folder, files.BY_HAND)
        others = {path: self.snapshot.held[path] for path in self.snapshot.everything_under(folder) if path not in held}
        found = [*bad, *ordinary.ordinary_files({path: entry for path, entry in others.items() if not entry.is_file})]
        documents: dict[str, Document] = {}
        for file in held:
            name = file.rpartition("/")[2]
            if name.lower() in SPELLINGS:
                judged = self._judge(_folder_of(file))
                found += judged.findings
                if judged.document is not None:
                    documents[_folder_of(file)] = judged.document
            elif name.endswith(".yaml"):
                found += self._judge_manifest(file)
        if found:
            raise Refused(found)
        return documents

    # --- from folder to folder

    def _follow(
        self, start: Iterable[str], leads: Iterable[_Lead], found: Iterable[Finding], above: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Follow leads to everything that is read; each folder may be built once, as kustomize would build it twice."""
        reached = set(start)
        findings = list(found)
        first: dict[str, _Lead] = {}
        pending = [(lead, above) for lead in leads]
        while pending:
            lead, stack = pending.pop(0)
            reached.add(lead.path)
            if lead.kind is Kind.FILE:
                continue
            if wrong := _again(lead, stack, first):
                findings.append(wrong)
                continue
            first[lead.path] = lead
            judged = self._judge(lead.path)
            findings += judged.findings
            pending += [(inner, (*stack, lead.path)) for inner in judged.leads]
            if len(first) > _MOST_FOLDERS:
                fact = f"one build has more than {_MOST_FOLDERS} kustomizations"
                findings.append(finding("KUS004", lead.place, fact, "put several into one"))
                break
        if findings:
            raise Refused(findings)
        self._passed |= {*start}
        return outermost(reached)

    # --- one kustomization

    def _judge(self, folder: str) -> _Folder:
        if folder not in self._folders:
            self._folders[folder] = self._judge_folder(folder)
        return self._folders[folder]

    def _judge_folder(self, folder: str) -> _Folder:
        file = f"{folder}/{FILE}"
        misspelt: tuple[Finding, ...] = ()
        try:
            misspelt = tuple(self._misspelt(folder))
            if self.snapshot.kind_of(file) is None:
                return _Folder(None, (), misspelt or (self._no_kustomization(folder),))
            document, found = parsed.document(self.snapshot.parsed(file))
        except BadFile as bad:
            return _Folder(None, (), (*misspelt, bad.finding))
        if document is None:
            return _Folder(None, (), (*misspelt, *found))
        return self._judge_document(folder, document)

    def _judge_document(self, folder: str, document: Document) -> _Folder:
        findings = [*self._misspelt(folder), *allowed.check(document)]
        leads = []
        for reference in allowed.references(document.data):
            if allowed.is_plain(reference):
                lead = self._lead(folder, document, reference)
                if isinstance(lead, _Lead):
                    leads.append(lead)
                else:
                    findings += lead
        return _Folder(document, tuple(leads), tuple(findings))

    def _misspelt(self, folder: str) -> Iterator[Finding]:
        """Yield the files that kustomize takes for a kustomization, and that are not called as ours is.

        The disk says which there are: kustomize also reads what git ignores.
        """
        names = self.snapshot.names_in(folder)
        for name in names:
            if name != FILE and name.lower() in SPELLINGS:
                here = f"{folder}/{name}"
                hint = f"rename it: git mv {here} {folder}/{FILE}"
                if FILE in names:
                    hint = f"move what it says into {FILE}, and remove it: git rm {here}"
                fact = f"kustomize reads this file, and tenantry reads {FILE} alone"
                yield finding("KUS018", Place(here), fact, hint)

    def _no_kustomization(self, folder: str) -> Finding:
        from difflib import get_close_matches  # noqa: PLC0415 -- for errors alone

        # one of that very name lies there when git ignores it
        others = [name for name in self.snapshot.names_in(folder) if name != FILE]
        near = get_close_matches(FILE, others, n=1, cutoff=_NEAR)
        if near:
            here = f"{folder}/{near[0]}"
            fact = f"there is no {FILE} in this folder, and {near[0]} is none for kustomize"
            return finding("KUS018", Place(here), fact, f"rename it: git mv {here} {folder}/{FILE}")
        why, way = self.snapshot.why_missing(f"{folder}/{FILE}")
        fact = f"there is no {FILE} in this folder" + (f": {why}" if why else "")
        return finding("KUS018", Place(folder), fact, way or "write one, or name the files where the folder is named")

    # --- one reference

    def _lead(self, folder: str, document: Document, reference: Reference) -> _Lead | tuple[Finding, ...]:
        """Return where a plain reference leads, or what is wrong with that."""

        def refused(fact: str, hint: str) -> tuple[Finding, ...]:
            return (finding("KUS004", document.place(reference.where), fact, hint),)

        path = resolve(folder, reference.text)
        said = repr(reference.text)
        home = _release_of(folder)
        if path is None:
            hint = "copy what it leads to into the repository"
            return refused(f"{said} leads outside the repository", hint)
        kind = self.snapshot.kind_of(path)
        if home and not f"{path}/".startswith(f"{home}/"):
            return refused(f"there is no {said} in {home}", "copy it into the release")
        if kind is None:
            why, way = self.snapshot.why_missing(path)
            fact = f"there is no {said}: {why}" if why else f"there is no {said}"
            return refused(fact, way or _hint_for_nothing(folder))
        if kind in (Kind.LINK, Kind.OTHER):
            return tuple(ordinary.ordinary_files({path: self.snapshot.held[path]}))
        if kind is Kind.FOLDER and reference.needs in (Needs.MANIFEST, Needs.DATA):
            return refused(f"{said} is a folder, and {reference.needs} is needed", "name a file")
        if kind is Kind.FILE and reference.needs is Needs.FOLDER:
            return refused(f"{said} is a file, and {reference.needs} is needed", "name a folder")
        if kind is Kind.FILE:
            wrong = self._judge_data(path) if reference.needs is Needs.DATA else self._judge_manifest(path)
            if wrong:
                return wrong
        return _Lead(reference.text, path, kind, document, reference.where)

    def kustomizations_in(self, folder: str) -> Iterator[str]:
        """Yield the kustomization files below a folder that can be read."""
        for path in self.snapshot.under(folder):
            if path.endswith(f"/{FILE}") and self._judge(path.removesuffix(f"/{FILE}")).document is not None:
                yield path

    def is_bounded(self, path: str) -> bool:
        """Say whether a manifest may be parsed as a whole."""
        return not self._judge_manifest(path)

    def _judge_manifest(self, path: str) -> tuple[Finding, ...]:
        if path not in self._manifests:
            try:
                self._manifests[path] = parsed.bounded(self.snapshot.parsed(path))
            except BadFile as bad:
                self._manifests[path] = (bad.finding,)
        return self._manifests[path]

    def _judge_data(self, path: str) -> tuple[Finding, ...]:
        try:
            self.snapshot.read(path)
        except BadFile as bad:
            return (bad.finding,)
        return ()


@once
def gate_of(snapshot: Snapshot) -> Gate:
    """Return the gate of a snapshot, which looks at each of its files once."""
    return Gate(snapshot)


def _again(lead: _Lead, stack: tuple[str, ...], first: Mapping[str, _Lead]) -> Finding | None:
    """Say that a folder is built from inside itself, or twice; None when neither is so."""
    if any(f"{folder}/".startswith(f"{lead.path}/") for folder in stack):
        fact = f"{lead.text!r} leads back to {lead.path}, of which this is a part"
        return finding("KUS004", lead.place, fact, "remove it")
    if lead.path in first:
        fact = f"{lead.text!r} builds {lead.path} a second time: {first[lead.path].place} names it as well"
        return finding("KUS004", lead.place, fact, "name it once")
    return None


def _hint_for_nothing(folder: str) -> str:
    if folder.startswith(f"{layout.OVERLAYS}/"):
        return "run `tenantry generate`"
    return "write it, or remove the reference"


def _folder_of(file: str) -> str:
    return file.rpartition("/")[0]


def _release_of(folder: str) -> str:
    """Return the release of base/ that a folder is part of, or nothing."""
    parts = folder.split("/")
    if parts[0] != layout.BASE:
        return ""
    return "/".join(parts[:3] if parts[1:2] in (["releases"], ["guards"]) else parts[:2])


def resolve(folder: str, reference: str) -> str | None:
    """Return the path from the repository's root that a plain reference leads to; None when it leads outside."""
    parts = folder.split("/")
    for part in reference.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or None


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Sort paths and leave out those that lie inside another one."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda item: item.split("/")):
        if not kept or not f"{path}/".startswith(f"{kept[-1]}/"):
            kept.append(path)
    return tuple(sorted(kept))
