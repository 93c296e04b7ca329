"""Freeze what runs, or what guards, as the next release; and drop what nobody uses any more."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator import layout, pipeline
from generator.findings.finding import Finding, Found, Refused, Severity, TenantryError
from generator.findings.words import plural
from generator.fleet.model import Fleet, Platform
from generator.fleet.rings import Pair
from generator.generate import frozen
from generator.generate.write import replace
from generator.git import ancestry, door
from generator.git.snapshot import Snapshot
from generator.history import rings as history
from generator.kube.kustomization import gate_of
from generator.kube.lenient import Object
from generator.kube.pods import pod_spec
from generator.reading.files import BY_HAND
from generator.render.base_probe import read_base
from generator.render.rendered import Base, identity
from generator.review.verify import weaken
from generator.rules import every
from generator.rules.change import immutable_changes
from generator.rules.podsecurity import all_containers
from generator.rules.rule import Per

_BY_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A release that is ready to be written.

    Attributes:
        number: Its number.
        source: What is frozen: base/edge or base/guard.
        folder: Where to.
        files: What it holds, by path.
        record: What stands beside it.
    """

    number: str
    source: str
    folder: str
    files: Mapping[str, bytes]
    record: str


def next_release(snapshot: Snapshot, *, of_guard: bool, notes: str) -> Copy:
    """Return what base/edge, or base/guard, is frozen to.

    Args:
        snapshot: The repository.
        of_guard: Whether what guards is frozen.
        notes: What is new in it.

    Raises:
        Refused: It has errors, which nobody could take out later; an image is named by a tag alone where platform.yaml
            demands digests; or a field differs from the release before that the API server does not change.
        TenantryError: It is what the release before is.
        EnvironmentProblem: There is no kustomize.
    """
    fleet, _ = pipeline.validated(snapshot)
    source, above = (layout.GUARD, layout.GUARDS) if of_guard else (layout.release(layout.EDGE), layout.RELEASES)
    before = frozen.numbers(snapshot, above)[-1:]
    now = frozen.digest(snapshot, source)
    if before and frozen.digest(snapshot, f"{above}/{before[0]}") == now:
        way = f"tenantry promote {'--guard ' if of_guard else ''}RING {before[0]}"
        raise TenantryError(f"{source} is what {above}/{before[0]} holds", f"nothing is to be frozen: {way}")
    errors = [*_errors(snapshot, fleet, before[0] if before else "", of_guard=of_guard)]
    if errors:
        raise Refused(errors)
    number = str(_highest_ever(snapshot, above) + 1)
    folder = f"{above}/{number}"
    held = snapshot.collect_all(source, BY_HAND)
    files = {f"{folder}{path.removeprefix(source)}": raw for path, raw in held.items()}
    return Copy(number=number, source=source, folder=folder, files=files, record=frozen.record(now, notes))


def write(root: Path, copy: Copy) -> None:
    """Write a release; its record comes last, so that half of one is known."""
    if os.path.lexists(root / copy.folder):
        raise TenantryError(f"{copy.folder} is there already, and git does not hold it", f"rm -r {copy.folder}")
    for path, raw in copy.files.items():
        replace(root / path, raw)
    replace(root / layout.record(copy.folder), copy.record.encode())


def _highest_ever(snapshot: Snapshot, above: str) -> int:
    """Return the highest number that was given, also to a release that is gone: a number means one thing for ever."""
    given = [int(number) for number in frozen.numbers(snapshot, above)]
    head = ancestry.head(snapshot.home)
    if head:
        repository = door.open_repository(snapshot.home)
        commits = repository.run("rev-list", head, "--", above)
        options = ("-r", "-m", "--root", "-z", "--name-only", "--no-renames", "--diff-filter=A", "--stdin")
        said = os.fsdecode(repository.run("diff-tree", *options, "--", above, stdin=commits))
        given += map(int, re.findall(rf"(?:\0|^){re.escape(above)}/([1-9][0-9]*)(?:/|\.yaml)", said))
    return max(given, default=0)


# --- what is refused


def _errors(snapshot: Snapshot, fleet: Fleet, before: str, *, of_guard: bool) -> Iterator[Finding]:
    gate = gate_of(snapshot)
    base, unread = read_base(gate, fleet, Pair(layout.EDGE, layout.LIVE))
    if unread:
        raise Refused(unread)
    found, _ = weaken(every.check(base, Per.GUARD, Per.RELEASE), fleet.platform.rules)
    yield from (problem for problem in found if problem.severity is Severity.ERROR)
    if not of_guard:
        yield from _without_digest(base, fleet.platform)
    if before:
        pair = Pair(layout.EDGE, before) if of_guard else Pair(before, layout.LIVE)
        earlier, _ = read_base(gate, fleet, pair, in_use=False)
        yield from _cannot_be_changed(earlier, base, f"{layout.GUARDS if of_guard else layout.RELEASES}/{before}")


def _without_digest(base: Base, platform: Platform) -> Iterator[Finding]:
    """SEC010: yield the images that are named by a tag alone, where platform.yaml demands digests."""
    if not platform.image_digests:
        return
    for obj in _objects(base).values():
        for container in all_containers(pod_spec(obj) or {}):
            image = str(container.get("image", ""))
            if not _BY_DIGEST.search(image):
                fact = f"the image {image} is not named by its digest, and {layout.PLATFORM} demands it (imageDigests)"
                hint = f"write its digest under images: in base/; docker buildx imagetools inspect {image} tells it"
                yield every.RULES["SEC010"].finding(Found(base.place(obj), fact, hint, _named(obj)))


def _cannot_be_changed(before: Base, after: Base, folder: str) -> Iterator[Finding]:
    """K8S010: yield what differs from the release before and what the API server refuses to change."""
    earlier = _objects(before)
    for name, obj in _objects(after).items():
        for field in immutable_changes(earlier[name], obj) if name in earlier else ():
            fact = f"{field} is another one than in {folder}, and cannot be changed once the object is there"
            hint = "give the changed object another name, or write what stood there"
            yield every.RULES["K8S010"].finding(Found(after.place(obj), fact, hint, _named(obj)))


def _named(obj: Object) -> str:
    """Name an object without its namespace, which is a sentinel."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def _objects(base: Base) -> Mapping[str, Object]:
    return {identity(obj): obj for probe in base.probes for obj in probe.objects}


# --- what nobody uses


def unused(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the folders of releases and guards that no ring and no company names, without the newest of each."""
    fleet, _ = pipeline.validated(snapshot)
    named = {folder for pair in fleet.pairs for folder in (layout.release(pair.release), layout.guard(pair.guard))}
    found = []
    for above in (layout.RELEASES, layout.GUARDS):
        folders = [f"{above}/{number}" for number in frozen.numbers(snapshot, above)]
        found += [folder for folder in folders[:-1] if folder not in named]
    return tuple(found)


def ways_back(snapshot: Snapshot) -> Mapping[str, str]:
    """Return the folders of the releases that rings were on last, before what they are on: folder -> name of the ring.

    A ring on edge goes back by an edit of that.

    Raises:
        EnvironmentProblem: The clone is shallow, so nobody knows.
    """
    head = ancestry.head(snapshot.home)
    if not head:
        return {}
    fleet, _ = pipeline.validated(snapshot)
    known = history.read(door.open_repository(snapshot.home), head)
    found = {}
    for ring in (ring for ring in fleet.platform.rings if ring.release != layout.EDGE):
        if release := known.before(ring.name, [pair.release for pair in ring.pairs]):
            found[layout.release(release)] = ring.name
    return found


def is_held(snapshot: Snapshot, folder: str) -> bool:
    """Say whether the last commit has a release and its record as they are: only then can git bring them back."""
    if not ancestry.head(snapshot.home):
        return False
    options = ("--porcelain", "--untracked-files=all", "--ignored", "--", folder, layout.record(folder))
    return not door.open_repository(snapshot.home).run("status", *options)


def remove(root: Path, folders: tuple[str, ...]) -> None:
    """Remove releases with their records."""
    for folder in folders:
        shutil.rmtree(root / folder)
        (root / layout.record(folder)).unlink(missing_ok=True)


def said_of(copy: Copy) -> str:
    """Say what was frozen."""
    return f"froze {copy.source} as {copy.folder}: {plural(len(copy.files), 'file')}"
