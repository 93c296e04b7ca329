"""Measure what the number of ApplicationSets costs.

    .venv/bin/python -m bench.shards [COMPANIES...]

Brings up the cluster of the tests once for each number of companies and sets, pushes all companies but ten at once, and
prints: seconds until all are Synced, CPU seconds of the ApplicationSet controller until then and in each minute of rest
at two periods of `requeueAfterSeconds`, and how many companies the largest set has, all of which one bad entry freezes.

The companies have a namespace and nothing in it: else the CPUs would be busy with what does not depend on the sets.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import yaml

from generator.layout import shard_of
from tests.cluster.argocd import NAMESPACE, is_synced
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.progress import Progress
from tests.cluster.tools import Tools, prepare
from tests.cluster.waiting import until

COMPANIES = (100, 300)
SETS = (1, 4, 16)
PERIODS = (30, 10)
REST_SECONDS = 60  # a multiple of both periods, or a set is seen looking once too often or too seldom


def main() -> None:
    """Print a line for each number of companies and sets."""
    progress = Progress()
    tools = prepare(progress)
    progress.end()
    periods = ", ".join(f"at {period} s" for period in PERIODS)
    print(f"companies  sets  all Synced  CPU until then  CPU per minute {periods}  in the largest set")
    for companies in map(int, sys.argv[1:] or COMPANIES):
        for sets in SETS:
            print(measure(tools, companies, sets), flush=True)


def measure(tools: Tools, companies: int, sets: int) -> str:
    """Return the line for one fleet."""
    with (
        tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder,
        Cluster(Path(folder) / "cluster", tools) as cluster,
    ):
        cluster.start(lambda _: None)
        fleet = Fleet(cluster, Path(folder))
        fleet.set_platform(argocd={"shards": sets, "requeueAfterSeconds": PERIODS[0]})
        _push(fleet, "Start")
        fleet.start()

        names = fleet.names() + [f"tenant-{number:03}" for number in range(companies - len(fleet.names()))]
        for name in names:
            fleet.write(name, plan="bronze")
        before = _cpu(cluster)
        start = _push(fleet, "Add the others")
        until("all are Synced", lambda: _synced(cluster) >= set(names), seconds=1200, every=2)
        seconds, busy = time.monotonic() - start, _cpu(cluster) - before

        rest: list[float] = []
        for period in PERIODS:
            if period != PERIODS[0]:
                fleet.set_platform(argocd={"requeueAfterSeconds": period})
                _push(fleet, f"Look every {period} seconds")
            until("all sets have the period", partial(_look_every, cluster, period), seconds=60)
            time.sleep(REST_SECONDS / 2)
            before = _cpu(cluster)
            time.sleep(REST_SECONDS)
            rest.append((_cpu(cluster) - before) * 60 / REST_SECONDS)
        largest = max(Counter(shard_of(name, sets) for name in names).values())
    at_rest = ", ".join(f"{spent:.2f}" for spent in rest)
    return f"{companies:>9}  {sets:>4}  {seconds:>8.0f} s  {busy:>12.1f} s  {at_rest:>31}  {largest:>18}"


def _push(fleet: Fleet, message: str) -> float:
    """Generate from the clone, leave only the namespace in `base/`, push that, and return the moment before."""
    fleet.generate_unpublished()
    edge = fleet.deployed.folder / "base" / "edge"
    for folder, resources in ((edge / "core", ["namespace.yaml"]), (edge / "components" / "gateway", [])):
        file = folder / "kustomization.yaml"
        kustomization = yaml.safe_load(file.read_text(encoding="utf-8"))
        kustomization["resources"] = resources
        file.write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    return fleet.force(message)


def _cpu(cluster: Cluster) -> float:
    """Return the CPU seconds that the ApplicationSet controller has used."""
    text = cluster.argocd.metrics("argocd-applicationset-controller")
    return float(re.findall(r"^process_cpu_seconds_total (\S+)", text, re.MULTILINE)[0])


def _synced(cluster: Cluster) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.argocd.applications() if is_synced(item)}


def _look_every(cluster: Cluster, period: int) -> bool:
    sets = cluster.kube.items("ApplicationSet", NAMESPACE)
    return all(item["spec"]["generators"][0]["git"]["requeueAfterSeconds"] == period for item in sets)


if __name__ == "__main__":
    main()
