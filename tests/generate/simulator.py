"""A Deployment, its ReplicaSets, its autoscaler and a quota, played second by second.

It knows nothing of `generator.generate.headroom` but the numbers that stand in a manifest, and does with them what
Kubernetes 1.36 does: pkg/controller/deployment/{sync,rolling}.go, pkg/controller/replicaset/replica_set.go and
pkg/controller/podautoscaler/horizontal.go. What a real cluster leaves open is drawn: when a pod is ready, which pod a
ReplicaSet lets go first, in which order the controllers act within a second.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from generator.generate.headroom import Recreating, Rolling, Workload

_AHEAD = 0.3
"""How often the Deployment acts twice before a ReplicaSet has caught up."""

FIRST_RETRY = 0.005
LONGEST_RETRY = 1000.0
"""Seconds after which a ReplicaSet tries again what was refused: doubled each time, up to this."""


@dataclass(slots=True, eq=False)
class Pod:
    """One pod: when it is ready, and what decides whether its ReplicaSet lets it go before others."""

    ready: int
    crowd: int


@dataclass(slots=True, eq=False)
class ReplicaSet:
    """The pods of one template: as many as its Deployment wants, as far as the quota admits them."""

    template: int
    wanted: int = 0
    pods: list[Pod] = field(default_factory=list)
    retry: float = 0.0
    wait: float = FIRST_RETRY


class Simulation:
    """One workload in one namespace.

    Args:
        workload: Its numbers.
        random: Draws what is left open.
        most, least: The autoscaler's bounds; it begins at its maximum.
        admits: Pods that the quota admits; None for all.
        startup: Draws after how many seconds a new pod is ready.
        newest_first: Whether a new pod always stands on the most crowded node, so that it is the first to go.

    Attributes:
        now: The second.
        peak: Pods that existed at most, those that were terminating included.
        refused: How often the quota has refused a pod.
        replicas: What the autoscaler wants.
    """

    def __init__(
        self,
        workload: Workload,
        random: Random,
        *,
        most: int,
        least: int = 1,
        admits: int | None = None,
        startup: Callable[[], int] = lambda: 0,
        newest_first: bool = False,
    ) -> None:
        assert isinstance(workload.motion, Rolling | Recreating)
        self.motion, self.grace, self.rules = workload.motion, workload.grace, workload.scale_down
        self.most, self.least, self.replicas = most, least, most
        self._random, self._admits, self._startup, self._newest_first = random, admits, startup, newest_first
        self.now = self.peak = self.refused = self._due = 0
        self.sets = [ReplicaSet(template=0, wanted=most)]
        self.sets[0].pods = [Pod(ready=-(10**6), crowd=0) for _ in range(most)]
        self.terminating: list[int] = []
        self._scaled_for = (most, most + self._step()[0])
        self._ups: list[tuple[int, int]] = []
        self._downs: list[tuple[int, int]] = []
        self._recommended: list[tuple[int, int]] = []

    # --- what a test does

    def roll_out(self) -> None:
        """Change the template."""
        self.sets.append(ReplicaSet(template=self.newest.template + 1))
        self._due = self.now

    def ask(self, pods: int) -> None:
        """Let the autoscaler look at a load for which it would want so many pods (horizontal.go)."""
        wanted = min(self.most, max(self.least, pods))
        recent = [(when, number) for when, number in self._recommended if when > self.now - self.rules.window]
        self._recommended = [*recent, (self.now, wanted)]
        if wanted < self.replicas:
            wanted = min(self.replicas, max(number for _, number in self._recommended))
            wanted = max(wanted, min(self.replicas, self._lowest()), self.least)
        if wanted > self.replicas:
            self._ups.append((self.now, wanted - self.replicas))
        elif wanted < self.replicas:
            self._downs.append((self.now, self.replicas - wanted))
        self.replicas = wanted

    def evict(self, pods: int) -> None:
        """Let so many ready pods go, as a dead node's are: they count in the quota for twice their grace."""
        for _ in range(pods):
            largest = max(self.sets, key=lambda one: len(one.pods))
            largest.pods.remove(min(largest.pods, key=lambda pod: pod.ready))
            self.terminating.append(self.now + 2 * self.grace)
        self._due = self.now

    def settle(self) -> None:
        """Let the controllers act until there is nothing left to do in this second."""
        self.terminating = [end for end in self.terminating if end > self.now]
        if self.now < self._due and self._scaled_for[0] == self.replicas:
            return
        acts = True
        while acts:
            acts = self._deployment()
            if acts and self._random.random() < _AHEAD:
                self._deployment()
            acts |= self._replica_sets()
        self._due = self._next()

    def tick(self) -> None:
        """Go on to the next second."""
        self.settle()
        self.now += 1

    def skip(self) -> None:
        """Go on to the next second in which something happens by itself."""
        self.settle()
        self.now = self._due

    # --- what a test sees

    @property
    def newest(self) -> ReplicaSet:
        """The ReplicaSet of the template that is wanted."""
        return self.sets[-1]

    @property
    def pods(self) -> int:
        """Pods that exist and are to stay."""
        return sum(len(appset.pods) for appset in self.sets)

    @property
    def complete(self) -> bool:
        """Whether no roll-out is under way."""
        return self.pods == len(self.newest.pods) == self.replicas == self._available(self.newest)

    @property
    def unavailable(self) -> int:
        """Pods whose minReadySeconds are not over."""
        return self.pods - sum(map(self._available, self.sets))

    # --- the autoscaler

    def _lowest(self) -> int:
        """Return what its scale-down policies allow at this moment (calculateScaleDownLimitWithBehaviors)."""
        if self.rules.select == "Disabled":
            return self.replicas
        proposed = []
        for policy in self.rules.policies:
            added = sum(pods for when, pods in self._ups if when > self.now - policy.period)
            removed = sum(pods for when, pods in self._downs if when > self.now - policy.period)
            at_start = self.replicas - added + removed
            if policy.kind == "Pods":
                proposed.append(at_start - policy.value)
            else:
                proposed.append(int(at_start * (1 - policy.value / 100)))
        return min(proposed) if self.rules.select == "Max" else max(proposed)

    # --- the Deployment

    def _step(self, replicas: int | None = None) -> tuple[int, int]:
        if isinstance(self.motion, Recreating):
            return 0, 0
        number = self.replicas if replicas is None else replicas

        def part(value: int | str, round_: Callable[[float], int]) -> int:
            return value if isinstance(value, int) else round_(int(value[:-1]) * number / 100)

        above, below = part(self.motion.surge, math.ceil), part(self.motion.unavailable, math.floor)
        return (above, below) if above or below else (0, 1)

    def _available(self, one: ReplicaSet) -> int:
        ready = self.motion.ready if isinstance(self.motion, Rolling) else 0
        return sum(pod.ready + ready <= self.now for pod in one.pods)

    def _next(self) -> int:
        """Return the next second in which something happens by itself."""
        ready = self.motion.ready if isinstance(self.motion, Rolling) else 0
        times = [pod.ready + ready for appset in self.sets for pod in appset.pods] + self.terminating
        times += [math.ceil(appset.retry) for appset in self.sets]
        return min((time for time in times if time > self.now), default=self.now + 1)

    def _deployment(self) -> bool:
        before = [appset.wanted for appset in self.sets]
        if self._scaled_for[0] != self.replicas:
            self._scale()
        elif isinstance(self.motion, Recreating):
            self._recreate()
        else:
            self._roll()
        self.sets = [appset for appset in self.sets if appset.pods or appset.wanted or appset is self.newest]
        return before != [appset.wanted for appset in self.sets]

    def _scale(self) -> None:
        """Spread a new number of replicas over the ReplicaSets in proportion (sync.go, scale)."""
        above, _ = self._step()
        total_before = self._scaled_for[1]
        self._scaled_for = (self.replicas, self.replicas + above)
        active = [appset for appset in self.sets if appset.wanted]
        if len(active) <= 1:
            for item in active:
                item.wanted = self.replicas
            return
        if self.newest.wanted == self.replicas == self._available(self.newest):
            for item in active:
                item.wanted = self.replicas if item is self.newest else 0
            return
        if isinstance(self.motion, Recreating):
            return
        total = self.replicas + above
        change = left = total - sum(item.wanted for item in active)
        if not change:
            return
        # the largest first; of equals the newest when it grows, the oldest when it shrinks
        active.sort(key=lambda one: (-one.wanted, -one.template if change > 0 else one.template))
        for item in active:
            share = math.floor(item.wanted * total / total_before + 0.5) - item.wanted
            share = 0 if not left else min(share, left) if change > 0 else max(share, left)
            item.wanted += share
            left -= share
        active[0].wanted = max(0, active[0].wanted + left)

    def _roll(self) -> None:
        """Scale the new ReplicaSet up, else the old ones down (rolling.go)."""
        above, below = self._step()
        total = sum(appset.wanted for appset in self.sets)
        if self.newest.wanted > self.replicas:
            self.newest.wanted = self.replicas
            return
        if self.newest.wanted < self.replicas and total < self.replicas + above:
            self.newest.wanted += min(self.replicas + above - total, self.replicas - self.newest.wanted)
            return
        old = [appset for appset in self.sets[:-1] if appset.wanted]
        floor = self.replicas - below
        may_go = total - floor - (self.newest.wanted - self._available(self.newest))
        if not old or may_go <= 0:
            return
        for item in old:  # cleanupUnhealthyReplicas
            unhealthy = min(may_go, item.wanted - self._available(item))
            if unhealthy > 0:
                item.wanted -= unhealthy
                may_go -= unhealthy
        spare = sum(map(self._available, self.sets)) - floor
        for item in old:  # scaleDownOldReplicaSetsForRollingUpdate
            down = max(0, min(spare, item.wanted))
            item.wanted -= down
            spare -= down

    def _recreate(self) -> None:
        """Start the new pods when none of the old ones is left, those that are terminating included (recreate.go)."""
        for appset in self.sets[:-1]:
            appset.wanted = 0
        if not any(appset.pods for appset in self.sets[:-1]) and (self.newest.pods or not self.terminating):
            self.newest.wanted = self.replicas

    # --- the ReplicaSets and the quota

    def _replica_sets(self) -> bool:
        acts = [self._replica_set(item) for item in self._in_any_order()]
        return any(acts)

    def _in_any_order(self) -> list[ReplicaSet]:
        return self._random.sample(self.sets, len(self.sets)) if len(self.sets) > 1 else self.sets

    def _replica_set(self, one: ReplicaSet) -> bool:
        surplus = len(one.pods) - one.wanted
        if surplus > 0:
            one.pods.sort(key=self._first_to_go)
            del one.pods[:surplus]
            self.terminating += [self.now + self.grace] * (surplus if self.grace else 0)
            self._count()
            return True
        if surplus == 0 or one.retry > self.now:
            return False
        for _ in range(-surplus):
            if self._admits is not None and self.pods + len(self.terminating) >= self._admits:
                self.refused += 1
                self._back_off(one)
                return False
            crowd = self.now if self._newest_first else self._random.randrange(3)
            one.pods.append(Pod(ready=self.now + self._startup(), crowd=crowd))
            self._count()
        one.wait = FIRST_RETRY
        return True

    def _back_off(self, one: ReplicaSet) -> None:
        """Try again later, and each time twice as long after; all tries within this second are refused alike."""
        retry = max(one.retry, float(self.now))
        while retry <= self.now:
            retry += one.wait
            one.wait = min(2 * one.wait, LONGEST_RETRY)
        one.retry = retry

    def _first_to_go(self, pod: Pod) -> tuple[bool, int, int]:
        """Order as Kubernetes does: those that are not ready, those on a crowded node, those ready last."""
        return pod.ready <= self.now, -pod.crowd, -pod.ready

    def _count(self) -> None:
        self.peak = max(self.peak, self.pods + len(self.terminating))
