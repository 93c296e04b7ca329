"""Whether companies are healthy, as a cluster or Prometheus tells it. Nothing is changed there."""

import http.client
import json
import urllib.parse
import urllib.request
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from generator.debug import fleet
from generator.findings.finding import EnvironmentProblem, TenantryError
from generator.kube import kubectl
from generator.kube.lenient import mapping, mappings, string
from generator.kube.tenant_names import TENANT_LABEL

_SECONDS: Final = 60
_MOST_BYTES: Final = 64 << 20
_NAMED: Final = 5
_EXAMPLE: Final = "for example https://prometheus.example.com"
_BAD: Final = 'health_status=~"Degraded|Missing|Unknown"'
"""What Argo CD calls a company that is not healthy; Progressing is a roll-out, and Suspended is what git says."""

_NOT_THERE: Final = 'sync_status!="Synced"'

_MINUTES: Final = 10
_STEP: Final = timedelta(minutes=_MINUTES)
_SEEN: Final = f"present_over_time(argocd_app_info[{_MINUTES}m])"
"""In which times of ten minutes Prometheus has seen a company: one that it was started again in is none missed."""


def now_in_cluster(kubeconfig: Path, namespace: str, names: Collection[str]) -> str:
    """Say which companies are not Synced and Healthy now; empty when all are.

    Args:
        kubeconfig: How to reach the cluster.
        namespace: Where Argo CD's Applications are.
        names: The companies.

    Raises:
        EnvironmentProblem: There is no kubectl, or it could not read them.
    """
    options = ("--namespace", namespace, "--selector", TENANT_LABEL, "--output=json", "--request-timeout=60s")
    command = ("--kubeconfig", str(kubeconfig), "get", "applications.argoproj.io", *options)
    answer = kubectl.read(command, "or ask Prometheus: --prometheus URL")
    if answer.error:
        raise EnvironmentProblem(f"applications of namespace {namespace} cannot be read: {answer.error}")
    states = fleet.states(answer.objects, dict.fromkeys(names, ("", "")))
    return _some(f"{state.company} is {state.sync}, {state.health}" for state in states if not state.is_well)


def throughout(url: str, names: Collection[str], time: timedelta) -> tuple[str, int]:
    """Say which companies were not healthy at some moment of a time that ends now; empty when all were, all the time.

    All have to be Synced now as well: a company that the release has not reached is healthy on another. One that came
    amid the time tells of less than all of it, so some other has to have been seen throughout.

    It asks for the metric of Argo CD's controller, `argocd_app_info`, whose label `name` is the company's.

    Args:
        url: Address of Prometheus.
        names: The companies.
        time: How long.

    Returns:
        The words, and how many companies Prometheus has seen throughout.

    Raises:
        TenantryError: The address is none.
        EnvironmentProblem: Prometheus does not answer.
    """
    span = f"[{max(time // timedelta(minutes=1), 1)}m]"
    bad = {_name(row): _status(row) for row in _ask(url, f"count_over_time(argocd_app_info{{{_BAD}}}{span})")}
    now = {_name(row): _status(row) for row in _ask(url, f"argocd_app_info{{{_NOT_THERE}}}")}
    steps = max(time // _STEP, 1)
    every = f"[{steps * _MINUTES}m:{_MINUTES}m]"
    seen = {_name(row): _value(row) for row in _ask(url, f"count_over_time((count by (name) ({_SEEN})){every})")}
    words = [f"{name} was {bad[name]}" for name in names if name in bad]
    words += [f"{name} is {now[name]} now" for name in names if name in now and name not in bad]
    words += [f"Prometheus knows nothing of {name}" for name in names if name not in seen]
    whole = sum(seen.get(name, 0) >= max(steps - 1, 1) for name in names)
    if not whole and not words:
        longest = max(seen[name] for name in names) * _STEP
        words.append(f"Prometheus knows no company for all of the time, and the longest for {longest}")
    return _some(words), whole


def _some(words: Iterable[str]) -> str:
    every = list(words)
    more = f"; and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return "; ".join(every[:_NAMED]) + more


def _name(row: Any) -> str:
    return string(mapping(mapping(row).get("metric")).get("name"))


def _status(row: Any) -> str:
    labels = mapping(mapping(row).get("metric"))
    return ", ".join(filter(None, (string(labels.get("sync_status")), string(labels.get("health_status")))))


def _value(row: Any) -> int:
    """Return the number of a row of a vector, which stands there as a text behind its time."""
    sample = mapping(row).get("value")
    try:
        return int(float(sample[1])) if isinstance(sample, list) else 0
    except (IndexError, TypeError, ValueError):
        return 0


def _ask(url: str, query: str) -> Iterator[Any]:
    if not url.startswith(("http://", "https://")):
        raise TenantryError(f"{url!r} is no address of Prometheus", _EXAMPLE)
    address = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 -- http or https, see above
            data = json.loads(answer.read(_MOST_BYTES))
    except http.client.InvalidURL as error:
        raise TenantryError(f"{url!r} is no address of Prometheus: {error}", _EXAMPLE) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise EnvironmentProblem(f"Prometheus does not answer: {error}", f"look at {url}") from None
    if mapping(data).get("status") != "success":
        raise EnvironmentProblem(f"Prometheus refuses: {string(mapping(data).get('error'))}", f"look at {url}")
    yield from mappings(mapping(mapping(data).get("data")).get("result"))
