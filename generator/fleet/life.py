"""What a tenant file says of a company's life: its state, and the keys that belong to it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.fleet.states import ACTIVE, DELETING, GONE, KEYS, RETIRED, STATES, SYNCED
from generator.reading.yaml_reader import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a company's data must stay.

    Attributes:
        reason: In words.
        since: The day on which it was set.
    """

    reason: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Who saw a step of a purge done.

    Attributes:
        by: A person, or the cluster.
        date: The day.
    """

    by: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is known of a company that is gone.

    Attributes:
        since: The day on which the last of it was seen gone.
        by: Who retired it.
        commits: The commits in which it went from state to state, by the state that it came to.
        remains: What was not erased, each with the command that erases or shows it.
    """

    since: date
    by: str
    commits: Mapping[str, str]
    remains: tuple[tuple[str, str], ...]


def life_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a tenant file says of the company's life, as attributes of a tenant."""
    hold, stone = data.get("hold"), data.get("tombstone")
    return {
        "state": data.get("state", ACTIVE),
        "retire_on": day(data.get("retireOn")),
        "backup": data.get("backup", ""),
        "hold": Hold(reason=hold["reason"], since=date.fromisoformat(hold["since"])) if hold else None,
        "confirmed": tuple(
            (step, Confirmation(by=said["by"], date=date.fromisoformat(said["date"])))
            for step, said in data.get("confirmed", {}).items()
        ),
        "tombstone": Tombstone(
            since=date.fromisoformat(stone["since"]),
            by=stone["by"],
            commits=stone["commits"],
            remains=tuple((item["what"], item["command"]) for item in stone["remains"]),
        )
        if stone
        else None,
    }


def day(text: str | None) -> date | None:
    """Return the day that a text says; None when there is none."""
    return date.fromisoformat(text) if text is not None else None


def keys_of_the_state(document: Document, page: str) -> Iterator[Finding]:
    """TEN030: a file has the keys that belong to its state, and no others.

    Args:
        document: A tenant file in which the schema finds nothing wrong.
        page: Where hosts of suspended companies lead to, or empty.
    """
    data = document.data
    name, state = data["name"], STATES[data.get("state", ACTIVE)]

    def place() -> Place:  # of nearly all files nobody asks for one
        return document.place(("state",)) if "state" in data else document.place()

    for key in KEYS:
        if key in state.keys and key not in data:
            yield finding("TEN030", place(), f"state: {state.name} needs the key {key}", _way_to_key(name, key))
        elif key in data and key not in state.keys:
            fact = f"{key}: it means nothing while the company is {state.name}"
            hint = f"take it out: tenantry set {name} {key}=" if key in _SET_BY_HAND else "take it out"
            yield finding("TEN030", document.place((key,), key=True), fact, hint)
    for step, needed in ((SYNCED, (DELETING, RETIRED)), (GONE, (RETIRED,))):
        if state.name in needed and step not in data.get("confirmed", {step: ()}):
            fact = f"state: {state.name} needs the key confirmed.{step}"
            yield finding("TEN030", place(), fact, _way_to_key(name, "confirmed"))
    yield from _days_in_order(document)
    if "suspended" in state.parts and not page:
        fact = f"state: {state.name} needs a page that the company's hosts lead to, and platform.yaml has none"
        hint = "declare it in platform.yaml: unavailablePage: https://www.example.com/unavailable"
        yield finding("TEN030", place(), fact, hint)


def _days_in_order(document: Document) -> Iterator[Finding]:
    """Nobody saw a step of a purge done before it could begin: a confirmation that says so is another purge's."""
    said = document.data.get("confirmed", {})
    earlier, what = document.data.get("retireOn"), "retireOn"
    for step in (SYNCED, GONE):
        day = said.get(step, {}).get("date")
        if day is None:
            continue
        if earlier is not None and (day < earlier or (day == earlier and what == "retireOn")):
            fact = f"confirmed.{step} is of {day}, and {what} is {earlier}: nobody can have seen it then"
            hint = "take the state back, and let `tenantry set` go there: it writes what it saw"
            yield finding("TEN030", document.place(("confirmed", step, "date")), fact, hint)
        earlier, what = day, f"confirmed.{step}"


_SET_BY_HAND: Final = ("retireOn", "backup")


def _way_to_key(name: str, key: str) -> str:
    examples = {"retireOn": "2026-12-31", "backup": "s3://backups/" + name}
    if key in examples:
        return f"tenantry set {name} {key}={examples[key]}"
    return "take the state back, and let `tenantry set` go there: it writes what it saw"
