"""Roll-outs at the autoscaler's maximum, with a fall and a rise at the worst moment, and what exists meanwhile.

The worst moment (docs/concepts/plans.md) is right after a new pod was started in the second half of a roll-out, when a
fall takes that pod. Which pod a ReplicaSet lets go depends on the nodes; here it is said, by the annotation that is
meant for that. When the autoscaler falls follows from the load: a stabilization window after the load has gone. Where
a company runs two workloads, the second one follows the first, so that both are at their worst at the same time.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from generator.reading.quantity import count, millicores, octets
from tests.cluster import stand_ins
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import is_ready
from tests.cluster.kube import Object

_BUSY, _QUIET = "250m", "50m"
_COST = "controller.kubernetes.io/pod-deletion-cost"
_REVISION = "deployment.kubernetes.io/revision"
_RESTARTED = "tenantry.dev/restarted"

# What a plan's quota counts of pods, and how its amounts are read.
COUNTED = {
    "pods": count,
    "requests.cpu": millicores,
    "limits.cpu": millicores,
    "requests.memory": octets,
    "limits.memory": octets,
}

Amounts = Mapping[str, int]
"""A number of pods, millicores, bytes, by the names that a quota has for them."""


@dataclass(slots=True)
class RollOut:
    """One workload of one company, driven through roll-outs.

    Args:
        cluster: where it runs.
        namespace: of the company.
        workload: name of its Deployment and autoscaler.
        most: the autoscaler's maximum.
        window: its stabilization window, in seconds.
        step_seconds: minReadySeconds.
        grace: seconds that its pods take to end.
        leader: another workload of the company, whose next fall it waits for, to fall together with it.

    Attributes:
        peak: pods that existed at most, those that were terminating included.
        fell, rose: when the autoscaler fell last in this roll-out, and rose again; 0 for not yet.
        falls: how often it was made to fall.
        took: seconds from the first new pod of the last roll-out to its end.
    """

    cluster: Cluster
    namespace: str
    workload: str
    most: int
    window: float
    step_seconds: float
    grace: float
    leader: "RollOut | None" = None
    peak: int = 0
    fell: float = 0.0
    rose: float = 0.0
    falls: int = 0
    took: float = 0.0
    _busy: bool = True
    _awaits: int = -1
    _restart_at: float = 0.0
    _before: str = ""
    _started: list[float] = field(default_factory=list)
    _costs: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, cluster: Cluster, namespace: str, workload: str, leader: "RollOut | None" = None) -> "RollOut":
        """Return the roll-out of a workload as it is in the cluster."""
        scaler = cluster.kube.get("HorizontalPodAutoscaler", workload, namespace) or {}
        deployment = cluster.kube.get("Deployment", workload, namespace) or {}
        rules = scaler["spec"]["behavior"]["scaleDown"]
        return cls(
            cluster,
            namespace,
            workload,
            most=scaler["spec"]["maxReplicas"],
            window=rules["stabilizationWindowSeconds"],
            step_seconds=deployment["spec"]["minReadySeconds"],
            grace=deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"],
            leader=leader,
        )

    def set_busy(self, *, busy: bool) -> None:
        """Let its pods use so much that the autoscaler wants all it may have, or fewer."""
        self._busy = busy
        usage = _BUSY if busy else _QUIET
        stand_ins.set_cpu_usage(self.cluster.kube, self.workload, usage, self.namespace)

    def is_full(self) -> bool:
        """Return whether all pods that there may be are ready, none is going and no roll-out is under way."""
        pods = self._pods()
        return len(pods) == self.most and all(map(is_ready, pods)) and _is_complete(self._deployment())

    def begin(self, *, by_itself: bool = False) -> None:
        """Begin a roll-out: now, or later where a fall has to be on its way before.

        Args:
            by_itself: whether it comes from elsewhere, from git.
        """
        self._forget()
        if self.leader:
            self._awaits = self.leader.falls
        elif not by_itself:
            self._start()

    def _forget(self) -> None:
        self.fell = self.rose = self.took = self._restart_at = 0.0
        self._started.clear()
        self._before = self._newest()["metadata"]["uid"]

    def _start(self) -> None:
        self._restart_at = time.monotonic()
        moment = (self.most // 2 + 1 / 3) * self.step_seconds  # of the second half's first new pod
        if moment < self.window:
            self._let_fall()
            self._restart_at += self.window - moment

    def step(self) -> bool:
        """Look, and do what is due; to be called several times a second.

        Returns:
            Whether the roll-out is over and the autoscaler at its maximum, or nothing has begun.
        """
        if self.leader and self._awaits == self.leader.falls:
            return True
        if self.leader and self._awaits >= 0:
            self._awaits = -1
            self._forget()
            self._start()
        if self._restart_at and time.monotonic() >= self._restart_at:
            self._restart_at = 0.0
            self._restart()
        pods, deployment, newest = self._pods(), self._deployment(), self._newest()
        self.peak = max(self.peak, len(pods))
        self._let_the_newest_go_first(pods)
        began = newest["metadata"]["uid"] != self._before
        if began and newest["spec"]["replicas"] > len(self._started):
            self._started.append(time.monotonic())
        self._fall_and_rise(deployment["spec"]["replicas"])
        is_over = began and self._busy and _is_complete(deployment) and deployment["spec"]["replicas"] == self.most
        if is_over and not self.took:
            self.took = time.monotonic() - self._started[0]
            self._awaits = self.leader.falls if self.leader else -1
        return is_over

    def _restart(self) -> None:
        """Change the template, as `kubectl rollout restart` does."""
        template = {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: str(time.time())}}}}}
        self.cluster.kube.patch("Deployment", self.workload, template, self.namespace)

    def _fall_and_rise(self, replicas: int) -> None:
        now = time.monotonic()
        if self.rose and now > self.rose + self.grace:  # as long as it lasts
            self.fell = self.rose = 0.0
        if self._busy and not self.fell and self._quiet_is_due(now):
            self._let_fall()
        if not self.fell and replicas < self.most:
            self.fell = now
            self.set_busy(busy=True)
        if self.fell and not self.rose and replicas == self.most:
            self.rose = now

    def _let_fall(self) -> None:
        self.falls += 1
        self.set_busy(busy=False)

    def _quiet_is_due(self, now: float) -> bool:
        """Return whether a fall one window from now comes right after a new pod has started in the second half."""
        if len(self._started) < 3:  # of which it is known how long a step takes
            return False
        each = (self._started[-1] - self._started[0]) / (len(self._started) - 1)
        ahead, into = divmod(now + self.window - self._started[-1], each)
        size = len(self._started) + int(ahead)
        return self.most < 2 * size and size < self.most - 1 and each / 5 < into < each / 2

    def _let_the_newest_go_first(self, pods: list[Object]) -> None:
        for pod in sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"])):
            name = pod["metadata"]["name"]
            if name not in self._costs and "deletionTimestamp" not in pod["metadata"]:
                self._costs[name] = -len(self._costs)
                patch = {"metadata": {"annotations": {_COST: str(self._costs[name])}}}
                self.cluster.kube.patch("Pod", name, patch, self.namespace)

    # --- what there is

    def _labels(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.workload}

    def _pods(self) -> list[Object]:
        return self.cluster.kube.items("Pod", self.namespace, self._labels())

    def _deployment(self) -> Object:
        return self.cluster.kube.get("Deployment", self.workload, self.namespace) or {}

    def _newest(self) -> Object:
        sets = self.cluster.kube.items("ReplicaSet", self.namespace, self._labels())
        return max(sets, key=lambda one: int(one["metadata"]["annotations"][_REVISION]))


def drive(
    roll_outs: Collection[RollOut], needed: Mapping[str, Amounts], *, times: int, seconds: float
) -> dict[str, dict[str, int]]:
    """Drive roll-outs that have begun; those of a company that does not reach its peak are begun again, a few times.

    Args:
        roll_outs: what is driven.
        needed: the most that the quota of each company is expected to count.
        times: how often each is begun at most.
        seconds: how long all of it may take.

    Returns:
        The most that the quota of each company has counted at one moment, by its own word (`status.used`).

    Raises:
        TimeoutError: it took longer.
    """
    end = time.monotonic() + seconds
    peaks = {name: dict.fromkeys(COUNTED, 0) for name in needed}
    begun = dict.fromkeys(needed, 1)
    going = {name: [out for out in roll_outs if out.namespace == name] for name in needed}
    while going:
        for name, workloads in list(going.items()):
            are_over = []
            for workload in workloads:
                are_over.append(workload.step())
                _look(workload.cluster, peaks)
            if not all(are_over):
                continue
            if peaks[name] == needed[name] or begun[name] == times:
                del going[name]
                continue
            begun[name] += 1
            for workload in workloads:
                workload.begin()
        if time.monotonic() > end:
            raise TimeoutError(f"not over after {seconds:g} s: {peaks}, and {needed} were expected")
        time.sleep(0.2)
    return peaks


def _look(cluster: Cluster, peaks: dict[str, dict[str, int]]) -> None:
    """Raise the peaks to what the quotas count now; often, because a peak may last for a second or two."""
    for name, peak in peaks.items():
        counted = used(cluster, name)
        peaks[name] = {what: max(most, counted[what]) for what, most in peak.items()}


def used(cluster: Cluster, namespace: str) -> dict[str, int]:
    """Return what the quota of a company counts at this moment."""
    quota = cluster.kube.get("ResourceQuota", "plan", namespace) or {}
    return {what: read(quota["status"]["used"][what]) for what, read in COUNTED.items()}


def refusals(cluster: Cluster, namespace: str) -> list[str]:
    """Return what was said to pods of a namespace that were refused."""
    events = cluster.kube.items("Event", namespace)
    return [event["message"] for event in events if event.get("reason") == "FailedCreate"]


def _is_complete(deployment: Object) -> bool:
    """Return whether no roll-out is under way."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [wanted] * 3
