"""How many pods of a workload can exist at once, those that are still terminating included. Pure.

A ResourceQuota counts a pod from its admission until it is gone, so a roll-out needs room for pods beside those that
are wanted. This module is the only place of that formula: `size` makes quotas with it, the quota proof holds renders
against it, `explain` shows its summands, and `tests/generate/simulator.py` plays it through second by second.

For a Deployment that rolls, with a grace of g seconds, minReadySeconds r, maxSurge s and maxUnavailable u, and an
autoscaler that may let f pods go within g seconds (`ScaleDown.falls`):

    wanted + s + min(ceil(g / r) x (s + u), wanted) + f + f

- s: pods above the wanted number while it rolls.
- ceil(g / r) x (s + u): a pod of the old version is let go when a new one has been ready for r seconds, so that many
  have been let go within a grace. They are no more than there are of the old version.
- f: pods that a fall of the autoscaler has let go, while it has risen again since; where the surge is a percentage it
  falls and rises with them.
- f once more: a fall amid a roll-out may take a new pod whose r seconds are not over. The Deployment then has an
  available pod too many, lets one of the old version go at once, and starts the next: r seconds early.

It counts on one roll-out within a grace (where the minimum is the first, roll-outs may follow each other at once), and
on pods that end within their grace. What lies outside is said in docs/concepts/plans.md.

Sources: pkg/controller/deployment/{rolling,sync}.go, pkg/controller/podautoscaler/horizontal.go and
pkg/quota/v1/evaluator/core/pods.go of kubernetes/kubernetes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from generator.findings.finding import Place
from generator.fleet.model import Resources

Select = Literal["Max", "Min", "Disabled"]

SHORTEST_SCHEDULE: Final = 60
"""Seconds between two runs of a CronJob at least: a schedule has no seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One entry of an autoscaler's `behavior.scaleDown.policies`.

    Attributes:
        kind: `Pods` or `Percent`.
        value: So many pods, or per cent of them.
        period: Seconds in which it allows that once.
    """

    kind: Literal["Pods", "Percent"]
    value: int
    period: int

    def lowest(self, replicas: int) -> int:
        """Return the least that it allows when `replicas` stood at the start of the period, rounded as Kubernetes."""
        return replicas - self.value if self.kind == "Pods" else int(replicas * (1 - self.value / 100))

    def __str__(self) -> str:
        """Return for example `1 pod in 180 s`."""
        what = "%" if self.kind == "Percent" else "pod" if self.value == 1 else "pods"
        return f"{self.value} {what} in {self.period} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleDown:
    """How an autoscaler lets pods go.

    Attributes:
        policies: Its rules, at least one unless it never lets a pod go.
        select: Which of them counts: the one that allows most, or least; or none ever.
        window: Seconds for which it remembers how many pods it has wanted, before it lets one go.
    """

    policies: tuple[Policy, ...]
    select: Select
    window: int

    def falls(self, most: int, least: int, seconds: int) -> int:
        """Return how many pods it can let go within so many seconds, when it wants none back in between.

        After it has wanted one back it lets none go for `window` seconds. So this is all, when the window is shorter
        neither than `seconds` nor than a policy's period (a policy counts from the pods at the start of its period, so
        pods that came since would go as well).

        Args:
            most: Pods at the beginning.
            least: Pods that always stay.
            seconds: How long; an end that is reached is not part of it.
        """
        if self.select == "Disabled":
            return 0
        gone: list[tuple[int, int]] = []
        now, replicas = 0, most
        while now < seconds and replicas > least:
            limit = max(least, self._limit(replicas, now, gone))
            if limit < replicas:
                gone.append((now, replicas - limit))
                replicas = limit
            ends = (when + policy.period for when, _ in gone for policy in self.policies)
            now = min((end for end in ends if end > now), default=seconds)
        return most - replicas

    def __str__(self) -> str:
        """Return for example `1 pod in 180 s`, or `the most of 4 pods in 60 s and 10 % in 60 s`."""
        rules = " and ".join(map(str, self.policies))
        return rules if len(self.policies) < 2 else f"the {'most' if self.select == 'Max' else 'least'} of {rules}"  # noqa: PLR2004 -- one rule needs no choice

    def _limit(self, replicas: int, now: int, gone: list[tuple[int, int]]) -> int:
        choose = min if self.select == "Max" else max
        return choose(
            policy.lowest(replicas + sum(pods for when, pods in gone if when > now - policy.period))
            for policy in self.policies
        )


NEVER: Final = ScaleDown(policies=(), select="Disabled", window=0)
"""What scales a workload that no autoscaler scales."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Pods that may exist beside those that are wanted, for one reason.

    Attributes:
        name: The reason in some words, after the number.
        pods: How many.
        because: The formula with its values.
        fields: The fields that it was made of, as `Workload.places` names them.
    """

    name: str
    pods: int
    because: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """A Deployment that replaces its pods bit by bit.

    Attributes:
        surge, unavailable: `maxSurge` and `maxUnavailable`: a number, or a percentage such as `25%`.
        ready: `minReadySeconds`.
    """

    surge: int | str
    unavailable: int | str
    ready: int

    def step(self, replicas: int) -> tuple[int, int]:
        """Return how many pods there may be above and below the wanted number, rounded as Kubernetes does."""
        above, below = -_part(self.surge, -replicas), _part(self.unavailable, replicas)
        return (above, below) if above or below else (0, 1)


def _part(value: int | str, replicas: int) -> int:
    """Return a number with the sign of the replicas, or a percentage of them, rounded down."""
    if isinstance(value, int):
        return value if replicas >= 0 else -value
    return replicas * int(value.removesuffix("%")) // 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Recreating:
    """A Deployment that lets all pods go, waits until they are gone, and starts the new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A StatefulSet: a pod comes back under its own name, so only when its predecessor is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A Job, or a CronJob that waits for its last run: their pods end by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """A CronJob that ends its last run when the next is due."""


Motion = Rolling | Recreating | Ordered | Once | Replacing
"""How a workload replaces its pods; each way has a formula of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What runs pods, as far as the arithmetic needs it.

    Attributes:
        kind, name: Of the object.
        pod: What one of its pods requests, and what it may use.
        motion: How its pods are replaced.
        grace: Seconds that a pod may take to end, 1 at least: its successor may be there before it is gone.
        least, most: How many pods are wanted, as the render has it: by its autoscaler, or by itself.
        scale_down: How its autoscaler lets pods go.
        places: Where that stands: `pod`, `replicas`, `grace`, `ready`, `surge`, `unavailable`, `scaleDown`.
    """

    kind: str
    name: str
    pod: Resources
    motion: Motion
    grace: int
    least: int
    most: int
    scale_down: ScaleDown = NEVER
    places: Mapping[str, Place] = field(default_factory=dict)

    def headroom(self, most: int, least: int) -> tuple[Share, ...]:
        """Return what may exist beside the wanted pods, by reason; reasons that add nothing are left out.

        Args:
            most: Pods that are wanted at most.
            least: Pods that are wanted at least.
        """
        return tuple(share for share in self._shares(most, least) if share.pods)

    def at_once(self, most: int, least: int) -> int:
        """Return how many pods may exist at once; the arguments are those of `headroom`."""
        return most + sum(share.pods for share in self._shares(most, least))

    def _shares(self, most: int, least: int) -> tuple[Share, ...]:
        match self.motion:
            case Rolling():
                return self._of_a_roll_out(self.motion, most, least)
            case Recreating():
                return (self._of_a_fall(most, least),)
            case Ordered() | Once():
                return ()
            case Replacing():
                because = f"ceil({self.grace} s of grace / {SHORTEST_SCHEDULE} s between two runs) x {most}"
                pods = math.ceil(self.grace / SHORTEST_SCHEDULE) * most
                return (
                    Share(name="of runs that were ended", pods=pods, because=because, fields=("grace", "replicas")),
                )

    def _of_a_roll_out(self, rolling: Rolling, most: int, least: int) -> tuple[Share, ...]:
        above, below = rolling.step(most)
        at_once = f"{above} surge" if not below else f"({above} surge + {below} unavailable)"
        fields = ("grace", "ready", "surge", *(("unavailable",) if below else ()))
        if rolling.ready:
            of_speed = math.ceil(self.grace / rolling.ready) * (above + below)
            because = f"ceil({self.grace} s of grace / {rolling.ready} s of minReadySeconds) x {at_once}"
            because += f", at most the {most} there are" if of_speed > most else ""
        else:
            of_speed = most
            because = f"minReadySeconds is 0: all {most} may end at once"
        fall = self._of_a_fall(most, least, rolling)
        early = f"for each of these a roll-out may replace {_pods(1)} more before its time"
        return (
            Share(name="surge", pods=above, because=f"maxSurge is {rolling.surge}", fields=("surge",)),
            Share(name="terminating in a roll-out", pods=min(of_speed, most), because=because, fields=fields),
            fall,
            Share(name="replaced early", pods=fall.pods, because=early, fields=fall.fields),
        )

    def _of_a_fall(self, most: int, least: int, rolling: Rolling | None = None) -> Share:
        falls = self.scale_down.falls(most, least, self.grace)
        surge = rolling.step(most)[0] - rolling.step(most - falls)[0] if rolling else 0
        because = f"in a grace of {self.grace} s the autoscaler lets {_pods(falls)} go ({self.scale_down})"
        because += f", and the surge {_pods(surge)}" if surge else ""
        return Share(
            name="let go by the autoscaler", pods=falls + surge, because=because, fields=("scaleDown", "grace")
        )


def _pods(number: int) -> str:
    return f"{number} pod" if number == 1 else f"{number} pods"
