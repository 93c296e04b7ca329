"""StatefulSets, DaemonSets, Jobs and CronJobs.

Source: pkg/apis/apps/validation and pkg/apis/batch/validation of k8s.io/kubernetes, and its reader of schedules,
https://github.com/robfig/cron.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from generator.admission import claims, forms
from generator.admission.problem import Part, Problem
from generator.admission.ranges import MOST, MOST_SECONDS, check_bounds, check_needed, check_words
from generator.admission.workloads import check_count, check_template
from generator.kube.lenient import mapping, sequence, string
from generator.reading.time_zones import zone_of

# --- StatefulSets

_RETENTION: Final = ("Delete", "Retain")


def check_stateful_set(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a StatefulSet."""
    counts = ("minReadySeconds", "replicas")
    yield from check_bounds(part, dict.fromkeys(counts, (0, MOST)))
    yield from check_bounds(part.below(mapping(part.data.get("ordinals")), "ordinals"), {"start": (0, MOST)})
    yield from check_words(part, {"podManagementPolicy": ("OrderedReady", "Parallel")})
    yield from forms.DNS_LABEL.check(part, "serviceName") if part.data.get("serviceName") else ()
    kept = part.below(
        mapping(part.data.get("persistentVolumeClaimRetentionPolicy")), "persistentVolumeClaimRetentionPolicy"
    )
    yield from check_words(kept, {"whenDeleted": _RETENTION, "whenScaled": _RETENTION})
    strategy = part.below(mapping(part.data.get("updateStrategy")), "updateStrategy")
    yield from _check_update(strategy)
    rolling = strategy.below(mapping(strategy.data.get("rollingUpdate")), "rollingUpdate")
    yield from check_bounds(rolling, {"partition": (0, MOST)})
    yield from check_count(rolling, "maxUnavailable", most=100)
    if rolling.data.get("maxUnavailable") in (0, "0%"):
        yield rolling.problem("with 0 no pod may ever be replaced", "maxUnavailable", hint="write 1")
    for number, item in enumerate(sequence(part.data.get("volumeClaimTemplates"))):
        claim = part.below(mapping(item), "volumeClaimTemplates", number)
        yield from check_needed(claim.below(mapping(claim.data.get("metadata")), "metadata"), "name")
        yield from claims.check_claim(claim.below(mapping(claim.data.get("spec")), "spec"))
    yield from check_template(part)


def _check_update(part: Part) -> Iterator[Problem]:
    yield from check_words(part, {"type": ("OnDelete", "RollingUpdate")})
    if part.data.get("type") == "OnDelete" and part.data.get("rollingUpdate") is not None:
        hint = "remove it, or write type RollingUpdate"
        yield part.problem("it stands beside type OnDelete", "rollingUpdate", hint=hint)


# --- DaemonSets


def check_daemon_set(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a DaemonSet."""
    yield from check_bounds(part, dict.fromkeys(("minReadySeconds", "revisionHistoryLimit"), (0, MOST)))
    strategy = part.below(mapping(part.data.get("updateStrategy")), "updateStrategy")
    yield from check_words(strategy, {"type": ("OnDelete", "RollingUpdate")})
    rolling = strategy.below(mapping(strategy.data.get("rollingUpdate")), "rollingUpdate")
    for field in ("maxSurge", "maxUnavailable"):
        yield from check_count(rolling, field, most=100)
    if strategy.data.get("type", "RollingUpdate") == "RollingUpdate":
        surge, gone = rolling.data.get("maxSurge", 0), rolling.data.get("maxUnavailable", 1)
        if surge not in (0, "0%") and gone not in (0, "0%"):
            hint = "write maxUnavailable: 0 beside it, or remove it"
            yield rolling.problem("a DaemonSet has maxSurge or maxUnavailable, and not both", "maxSurge", hint=hint)
        elif surge in (0, "0%") and gone in (0, "0%"):
            fact = "with maxSurge 0 and maxUnavailable 0 no pod may ever be replaced"
            yield rolling.problem(fact, "maxUnavailable", hint="write 1 as one of the two")
    yield from check_template(part)


# --- Jobs

_NOT_UNDERSTOOD: Final = (
    "backoffLimitPerIndex",
    "managedBy",
    "manualSelector",
    "maxFailedIndexes",
    "podFailurePolicy",
    "successPolicy",
)


_MOST_INDEXED: Final = 100_000
_LABELS_OF_A_JOB: Final = frozenset(
    f"{prefix}{name}" for prefix in ("", "batch.kubernetes.io/") for name in ("controller-uid", "job-name")
)


def check_job(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a Job, or of a CronJob's Jobs."""
    counts = ("backoffLimit", "completions", "parallelism", "ttlSecondsAfterFinished")
    yield from check_bounds(part, {**dict.fromkeys(counts, (0, MOST)), "activeDeadlineSeconds": (0, MOST_SECONDS)})
    for field in _NOT_UNDERSTOOD:
        if field in part.data:
            yield part.problem("tenantry does not know what the API server checks of it", field, hint="remove it")
    if part.data.get("selector") is not None:
        yield part.problem("the API server writes the selector of a Job", "selector", hint="remove it")
    words = {"completionMode": ("Indexed", "NonIndexed"), "podReplacementPolicy": ("Failed", "TerminatingOrFailed")}
    yield from check_words(part, words)
    if part.data.get("completionMode") == "Indexed" and part.data.get("completions") is None:
        yield part.problem("Indexed needs completions", "completionMode", hint="write how many there are")
    if part.data.get("completionMode") == "Indexed":
        yield from check_bounds(part, {"parallelism": (0, _MOST_INDEXED)})
    for label in (
        _LABELS_OF_A_JOB & mapping(mapping(mapping(part.data.get("template")).get("metadata")).get("labels")).keys()
    ):
        fact = "the API server writes this label"
        yield part.problem(fact, "template", "metadata", "labels", label, hint="remove it")
    spec = mapping(mapping(part.data.get("template")).get("spec"))
    if spec.get("restartPolicy", "Always") not in ("Never", "OnFailure"):
        path = ("template", "spec", "restartPolicy") if "restartPolicy" in spec else ("template", "spec")
        fact = "the restartPolicy of such pods is Never or OnFailure: the Job would never end"
        yield part.problem(fact, *path, hint="write restartPolicy: Never")


_INDEXED_NAME: Final = 63


def check_job_name(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say that the pods of an indexed Job, which are called as it is and by their number, would have no name."""
    part = Part(("metadata",), mapping(whole.get("metadata")), whole)
    spec = mapping(whole.get("spec"))
    completions = spec.get("completions")
    if spec.get("completionMode") == "Indexed" and isinstance(completions, int) and completions > 0:
        name = f"{part.data.get('name')}-{completions - 1}"
        if not forms.DNS_LABEL.fits(name):
            yield part.problem(f"its last pod would be called {name}, which {forms.DNS_LABEL.said_of(name)}", "name")


# --- CronJobs

_LONGEST_NAME: Final = 52


def check_cron_job_name(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say that a CronJob's name leaves no room for the time that is appended to it."""
    part = Part(("metadata",), mapping(whole.get("metadata")), whole)
    length = len(string(part.data.get("name")))
    if length > _LONGEST_NAME:
        yield part.problem(f"{length} characters, and {_LONGEST_NAME} is the most for a CronJob", "name")


def check_cron_job(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a CronJob."""
    counts = ("failedJobsHistoryLimit", "successfulJobsHistoryLimit")
    yield from check_bounds(part, {**dict.fromkeys(counts, (0, MOST)), "startingDeadlineSeconds": (0, MOST_SECONDS)})
    yield from check_words(part, {"concurrencyPolicy": ("Allow", "Forbid", "Replace")})
    schedule = string(part.data.get("schedule"))
    if fact := schedule_problem(schedule):
        hint = "write it as minute, hour, day, month and weekday: 0 3 * * *"
        yield part.problem(fact, "schedule", hint=hint)
    zone = part.data.get("timeZone")
    if isinstance(zone, str) and zone_of(zone) is None:
        yield part.problem(f"{forms.short(zone)} is no time zone", "timeZone", hint="write one such as Etc/UTC")


_WORDS: Final = ("annually", "daily", "hourly", "midnight", "monthly", "weekly", "yearly")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final[Sequence[tuple[str, int, int, Sequence[str]]]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _DAYS),
)
_EVERY: Final = re.compile(r"@every ([0-9]+(\.[0-9]+)?(h|m|s|ms|us|ns))+")


def schedule_problem(text: str) -> str:
    """Say why Kubernetes cannot read a schedule, or nothing."""
    if "TZ" in text:
        return f"{forms.short(text)} names a time zone: that is the field timeZone"
    if text.startswith("@"):
        return "" if text[1:] in _WORDS or _EVERY.fullmatch(text) else f"{forms.short(text)} is no schedule"
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return f"{forms.short(text)} has {len(parts)} fields, and a schedule has {len(_FIELDS)}"
    for part, (name, least, most, words) in zip(parts, _FIELDS, strict=True):
        if not all(_is_range(item, least, most, words) for item in part.split(",")):
            return f"{forms.short(part)} is no {name} of a schedule: {least} to {most}"
    return ""


def _is_range(text: str, least: int, most: int, words: Sequence[str]) -> bool:
    span, slash, step = text.partition("/")
    if slash and not (step.isascii() and step.isdecimal() and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    first, dash, last = span.partition("-")
    start = _number(first, least, words)
    end = _number(last, least, words) if dash else start
    return start is not None and end is not None and least <= start <= end <= most


def _number(text: str, least: int, words: Sequence[str]) -> int | None:
    if text.lower() in words:
        return words.index(text.lower()) + least
    return int(text) if text.isascii() and text.isdecimal() else None
