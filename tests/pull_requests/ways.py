"""What a refusal tells somebody to do: commands that can be run as they stand, or the files that it points at."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

APPROVE: Final = "--approve"

_VERBS: Final = (
    "tenantry (?:add|check|generate|promote|release|set|upgrade)|git (?:add|checkout|mv|restore|revert|rm)|rm"
)
_COMMAND: Final = re.compile(rf"(?<![\w-])((?:{_VERBS}) [^`;,()&]*|tenantry generate)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error that keeps a pull request out: its rule, where it is, what it says and what it says to do."""

    rule: str
    file: str
    line: int
    subject: str
    fact: str
    hint: str

    def __str__(self) -> str:
        """Tell it in a line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" -> {self.hint}" if self.hint else ""
        return f"{place}: {self.fact} [{self.rule}]{hint}"[:400]


def refusals(printed: str) -> list[Refusal]:
    """Read what `check --format json` prints."""
    return [
        Refusal(
            rule=found["rule"],
            file=found["file"],
            line=found["line"] or 0,
            subject=found["object"] or "",
            fact=found["fact"],
            hint=found["hint"] or "",
        )
        for found in json.loads(printed)["findings"]
        if found["severity"] == "error" and not found.get("alreadyOnMain")
    ]


def commands(hint: str) -> Iterator[str]:
    """Yield the commands that a hint names."""
    for match in _COMMAND.finditer(hint):
        yield re.split(r" (?:and|it|there|then|or) ", match[1])[0].strip().rstrip(".:'\"")


def named(one: Refusal, touched: Collection[str]) -> list[str]:
    """Return the changed files that a refusal points at: its place, and paths in its words."""
    words = f"{one.fact} {one.hint} {one.subject}"
    folders = tuple(f"{word.rstrip('./')}/" for word in re.findall(r"[\w.-]+/[\w./-]+", f"{one.file} {words}"))
    return [
        path
        for path in touched
        if path == one.file
        or (folders and f"{path}/".startswith(folders))
        or path in words
        or f"'{path.rpartition('/')[2]}'" in words
    ]


def to_take_back(found: Sequence[Refusal], touched: Collection[str]) -> list[str]:
    """Return the changed files that refusals point at, and that people write."""
    return sorted({path for problem in found for path in named(problem, touched) if not _is_generated(path)})


def to_guess(found: Sequence[Refusal], touched: Collection[str]) -> list[str]:
    """Return the changed files beside the places of refusals, where none is pointed at.

    What is wrong with a generated file, or with an object of base/, comes of base/ and platform.yaml.
    """
    areas = {problem.file.partition("/")[0] for problem in found}
    if areas & {"overlays", "argocd", "base", ""}:
        areas |= {"base", "platform.yaml"}
    return sorted(path for path in touched if path.partition("/")[0] in areas)


def _is_generated(path: str) -> bool:
    return path.startswith(("overlays/", "argocd/apps/", "argocd/shards/")) or path in (
        "argocd/root.yaml",
        "tenants/tenant.schema.json",
    )
