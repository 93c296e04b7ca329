"""Companies on the cluster, brought there as a user would: files pushed, `tenantry publish`, the root applied once.

The repository is a copy of this one with the address of the harness's git server. It is in `branch` mode: people push
to `main`, Argo CD follows `deploy`, which `tenantry publish` alone writes.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import yaml

from generator.layout import is_shard
from tests.cluster.argocd import NAMESPACE, is_compared, is_healthy, is_synced, started_at
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import LOOKED_INTO, SLOW_TO_END
from tests.cluster.git_server import Clone, environment
from tests.cluster.kube import Object, has_condition
from tests.cluster.tools import UnavailableError
from tests.cluster.waiting import until

_ROOT = Path(__file__).parents[2]
_BRANCH = "deploy"

# Companies beside those of this repository, each changed by one test alone, so that nobody has to change them back.
UPGRADED, DROPPING, SCALED, DOWNGRADED = "company-011", "company-012", "company-013", "company-014"
SUSPENDED, LEAVING, PURGED, LOST = "company-015", "company-016", "company-017", "company-019"
BRONZE, SILVER, GOLD = SLOW_TO_END[:3]
_OWN: dict[str, dict[str, object]] = {
    UPGRADED: {"plan": "bronze"},
    DROPPING: {"plan": "silver", "addons": ["chatbot"]},
    SCALED: {"plan": "bronze"},
    DOWNGRADED: {"plan": "silver", "storage": "50Gi"},
    SUSPENDED: {"plan": "bronze"},
    LEAVING: {"plan": "bronze", "addons": ["chatbot"]},
    PURGED: {"plan": "bronze", "addons": ["chatbot"]},
    LOST: {"plan": "bronze"},
    LOOKED_INTO: {"plan": "bronze"},
    BRONZE: {"plan": "bronze"},
    SILVER: {"plan": "silver", "addons": ["chatbot"]},
    GOLD: {"plan": "gold"},
}

# The files whose seconds rule a roll-out: each has the grace, preStop, minReadySeconds, and a window and period.
_WITH_SECONDS = ("base/edge/core/fileserver.yaml", "base/edge/components/ai-chatbot/ai-chatbot.yaml")
_KEYS = "minReadySeconds|terminationGracePeriodSeconds|seconds|stabilizationWindowSeconds"
_SECONDS = re.compile(
    rf"^(?P<key> *(?:{_KEYS}): | *- type: Pods\n *value: 1\n *periodSeconds: )(?P<seconds>\d+)", re.MULTILINE
)
_TIMES = 5

# Small tests touch the whole of a small fleet; what bounds such a change has tests of its own.
_BUDGET = {"tenants": 1000, "share": 100, "removals": 10_000}


class Fleet:
    """The companies of this repository, and those that a test adds.

    Args:
        cluster: where they live.
        folder: for two clones of the repository.

    Attributes:
        clone: `main`, in which a test edits what people edit.
        deployed: `deploy`, in which a test does what our checks would refuse.
        repository: the repository on the server.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """Fill the repository; the cluster is only looked at.

        Raises:
            UnavailableError: the cluster has a namespace that could be somebody's, and would be taken away at the end.
        """
        self._cluster = cluster
        self._last_push: str | None = None
        self._unwatched: list[str] = []
        if taken := [name for name in map(_name_of, cluster.kube.items("Namespace")) if name.startswith("company-")]:
            msg = f"the cluster has the namespace {taken[0]}: its companies and those of the tests would be mixed up"
            raise UnavailableError(msg)
        self.repository = cluster.git.create("fleet", cluster.argocd.webhooks)
        self.clone = self.repository.clone(folder / "main")
        for name in ("base", "tenants", "argocd/platform"):
            shutil.copytree(_ROOT / name, self.clone.folder / name)
        self.write_seconds()
        platform = yaml.safe_load((_ROOT / "platform.yaml").read_text())
        platform["git"] |= {"repoURL": self.repository.url, "publishing": "branch", "publishingBranch": _BRANCH}
        platform["budget"] = _BUDGET
        self._write_platform(platform)
        for name, fields in _OWN.items():
            self.write(name, **fields)
        self.merge("Start")
        self.deployed = Clone(folder / "deployed")
        self.clone.git("clone", "--quiet", "--branch", _BRANCH, self.repository.url, str(self.deployed.folder))

    def start(self) -> None:
        """Hand the repository to Argo CD, by the steps of docs/guides/start.md."""
        self.apply_root()
        until("Argo CD has its settings", lambda: self.is_well("tenantry-platform"), seconds=60)
        self._cluster.argocd.restart()
        self.await_well(*self.names(), seconds=600)  # no claim yet, and the machine may be busy
        self.await_shards()

    def remove(self) -> None:
        """Take everything away that the fleet has brought, for a cluster that stays."""
        kubectl = self._cluster.kube.kubectl
        for kinds in ("applications", "applicationsets,applications", "appprojects"):  # or one brings the next back
            kubectl("delete", kinds, "--all", "--namespace", NAMESPACE)
        kubectl("delete", "namespace", "--ignore-not-found", *self.names())

    def apply_root(self) -> None:
        """Apply `argocd/root.yaml` as it is published."""
        self._cluster.kube.apply(self.published("argocd/root.yaml"))

    def names(self) -> list[str]:
        """Return the names of all companies of `main` that are not gone."""
        files = (self.clone.folder / "tenants").rglob("*.yaml")
        return sorted(path.stem for path in files if "\nstate: retired\n" not in path.read_text())

    def write_seconds(self, part: int = 5, of: Path = _ROOT) -> None:
        """Write into `base/` a fifth of the seconds that rule a roll-out, or another part of them.

        So no claim waits minutes for minReadySeconds; each number is a whole one, so their proportions are those of
        what is shipped.

        Args:
            part: how large a part.
            of: where the files of `base/` stand.
        """
        for file in _WITH_SECONDS:
            text, found = _SECONDS.subn(lambda match: _less(match, part), (of / file).read_text())
            assert found == _TIMES, f"{file}: {found} numbers of seconds, and {_TIMES} were expected"
            (self.clone.folder / file).write_text(text)

    def change_images(self) -> None:
        """Write another tag of each image into the clone's `base/edge`: a release of everything that runs."""
        for kustomization in (self.clone.folder / "base" / "edge").rglob("kustomization.yaml"):
            kustomization.write_text(re.sub(r"newTag: \S+", f"newTag: v{time.time_ns()}", kustomization.read_text()))

    def write(self, name: str, **fields: object) -> None:
        """Write a company's file in the clone, whatever it was before."""
        text = yaml.safe_dump({"name": name, **fields}, allow_unicode=True)
        (self.clone.folder / "tenants" / f"{name}.yaml").write_text(text)

    def set(self, name: str, **fields: object) -> None:
        """Change fields of a company's file in the clone."""
        before = yaml.safe_load((self.clone.folder / "tenants" / f"{name}.yaml").read_text())
        self.write(**{**before, **fields})

    def run_set(self, name: str, *arguments: str) -> None:
        """Run `tenantry set` for a company in the clone, as a salesperson would.

        Raises:
            RuntimeError: it refused; the text has its words.
        """
        _tenantry(self.clone.folder, "set", name, *arguments)

    def may_set(self, name: str, *arguments: str) -> bool:
        """Run `tenantry set`, and return whether it let the change pass; False while what it waits for is not so yet.

        Raises:
            RuntimeError: it refused for another reason.
        """
        try:
            self.run_set(name, *arguments)
        except RuntimeError as error:
            if " is not " not in str(error):
                raise
            return False
        return True

    def run(self, verb: str, *arguments: str) -> str:
        """Run a verb of tenantry in the clone, and return what it prints.

        Raises:
            RuntimeError: it refused; the text has its words.
        """
        return _tenantry(self.clone.folder, verb, *arguments)

    def set_platform(self, **fields: object) -> None:
        """Change fields of `platform.yaml` in the clone; those below a mapping one by one."""
        platform = yaml.safe_load((self.clone.folder / "platform.yaml").read_text())
        for key, value in fields.items():
            platform[key] = {**platform.get(key, {}), **value} if isinstance(value, dict) else value
        self._write_platform(platform)

    def shrink(self, *names: str) -> None:
        """Bring the file servers of these companies back to one pod, and return when nobody else is left.

        By a maximum that falls, which an autoscaler obeys at once, and that is taken back.
        """
        files = {name: self.clone.folder / "tenants" / f"{name}.yaml" for name in names}
        before = {name: file.read_text() for name, file in files.items()}
        for name in names:
            self.set(name, overrides={"maxReplicas": 1})
        self.merge("Let no more than one pod run")
        labels = {"app.kubernetes.io/name": "fileserver"}

        def are_small() -> bool:
            return all(len(self._cluster.kube.items("Pod", name, labels)) == 1 for name in names)

        until(f"one file server for each of {', '.join(names)}", are_small, seconds=300, every=1)
        self.await_shards()
        for name, file in files.items():
            file.write_text(before[name])
        self.merge("Let as many run as before")
        self.await_published(*names)
        self.await_shards()

    def merge(self, message: str) -> float:
        """Push what has changed in the clone to `main`, publish it, and return the moment before both."""
        start = time.monotonic()
        self.clone.push(message)
        self.publish()
        return start

    def approve_and_merge(self, message: str) -> float:
        """Bring the approval of what has changed in the clone to `main`, then that itself, and publish both."""
        git = self.clone.git
        git("switch", "--quiet", "--create", "change")
        git("add", "--all")
        git("commit", "--quiet", "--message", message)
        _tenantry(self.clone.folder, "check", "--base", "main", "--approve", "they left")
        git("switch", "--quiet", "main")
        git("add", "approvals")
        git("commit", "--quiet", "--message", "Approve what comes next")
        git("merge", "--quiet", "--no-edit", "change")
        git("branch", "--quiet", "--delete", "change")
        start = time.monotonic()
        git("push", "--quiet", "origin", "HEAD:main")
        self.publish()
        return start

    def tenant_file(self, name: str) -> str:
        """Return what a company's file in the clone holds."""
        return (self.clone.folder / "tenants" / f"{name}.yaml").read_text()

    def publish(self) -> None:
        """Run `tenantry publish` in the clone.

        Raises:
            RuntimeError: it refused; the text has its words.
        """
        _tenantry(self.clone.folder, "publish")
        self._pushed(self.clone.git("log", "--format=%s", "--max-count=1").strip())

    def generate_unpublished(self) -> None:
        """Generate from the clone's files into `deployed`: what `force` pushes, or a test renders."""
        self.pull_deployed()
        for name in ("base", "tenants"):
            shutil.copytree(self.clone.folder / name, self.deployed.folder / name, dirs_exist_ok=True)
        shutil.copy(self.clone.folder / "platform.yaml", self.deployed.folder)
        _tenantry(self.deployed.folder, "generate")

    def verify_deployed(self) -> None:
        """Run `tenantry verify` on what is in `deployed`.

        Raises:
            RuntimeError: it found something; the text has its words.
        """
        _tenantry(self.deployed.folder, "verify")

    def force(self, message: str) -> float:
        """Push what has changed in `deployed` past every check, and return the moment before."""
        start = time.monotonic()
        self.deployed.git("add", "--all")
        self.deployed.git("commit", "--quiet", "--message", message)
        self.deployed.git("push", "--quiet", "origin", f"HEAD:{_BRANCH}")
        self._pushed(message)
        return start

    def pull_deployed(self) -> str:
        """Bring `deployed` to what is published now, and return that commit."""
        self.deployed.git("fetch", "--quiet", "origin", _BRANCH)
        self.deployed.git("reset", "--quiet", "--hard", f"origin/{_BRANCH}")
        self.deployed.git("clean", "--quiet", "--force", "-d")
        return self.deployed.git("rev-parse", "HEAD").strip()

    def published(self, path: str) -> str:
        """Return the text of a file on the branch that Argo CD follows."""
        self.clone.git("fetch", "--quiet", "origin", _BRANCH)
        return self.clone.git("show", f"origin/{_BRANCH}:{path}")

    def render(self, name: str) -> list[Object]:
        """Return the company's objects, as kustomize builds them from what is in `deployed`."""
        command = (self._cluster.tools.kustomize, "build", f"overlays/{name}")
        done = subprocess.run(command, cwd=self.deployed.folder, capture_output=True, text=True, check=True)
        return list(yaml.load_all(done.stdout, yaml.CSafeLoader))

    @contextmanager
    def changed(self) -> Iterator[None]:
        """Let a test change what it wants; at the end both branches and the cluster have again what they had.

        It may add no company: what that brings is guarded against being taken away.
        """
        self.pull_deployed()
        before = [clone.git("rev-parse", "HEAD").strip() for clone in (self.clone, self.deployed)]
        try:
            yield
        finally:
            self.deployed.git("fetch", "--quiet", "origin", _BRANCH)
            touched = self._touched(before[1], "FETCH_HEAD")
            for clone, branch, commit in zip((self.clone, self.deployed), ("main", _BRANCH), before, strict=True):
                clone.git("reset", "--quiet", "--hard", commit)
                clone.git("clean", "--quiet", "--force", "-d")
                clone.git("push", "--quiet", "--force", "origin", f"HEAD:{branch}")
            self._pushed("Back to what was there before")
            self.await_published(*touched)
            self.await_shards()

    def await_published(self, *names: str, seconds: float = 180) -> None:
        """Ask these Applications to look at `deploy` as it is, and return when they are Synced and Healthy at it.

        Without being asked, an Application stays at the last commit that touched it.

        Raises:
            TimeoutError: with what the others are and why.
        """
        commit = self.pull_deployed()
        for name in names:
            self._cluster.argocd.refresh(name)
        self.await_well(*names, commit=commit, seconds=seconds)

    def _touched(self, before: str, after: str) -> list[str]:
        """Return the Applications whose folders differ between two commits of `deploy`."""
        paths = [Path(path) for path in self.deployed.git("diff", "--name-only", before, after).splitlines()]
        names = {path.parts[1] for path in paths if path.parts[0] == "overlays"}
        names |= {path.stem for path in paths if "tenants" in path.parts}
        names |= {f"tenantry-{path.parts[2]}" for path in paths if path.parts[:2] == ("argocd", "shards")}
        if any(path.parts[0] == "base" for path in paths):
            names |= set(self.names())
        there = {item["metadata"]["name"] for item in self._cluster.argocd.applications()}
        return sorted(names & there)

    def is_well(self, name: str) -> bool:
        """Return whether the Application is Synced and Healthy, and nothing is under way there."""
        return self._is_well(self._cluster.argocd.application(name))

    def _is_well(self, application: Object) -> bool:
        # On another cluster, without stand-ins, nothing becomes Healthy, and no sync comes to its end.
        if self._cluster.control_plane is None:
            return is_synced(application)
        under_way = application.get("status", {}).get("operationState", {}).get("phase") == "Running"
        return is_synced(application) and is_healthy(application) and not under_way

    def await_shards(self, *, frozen: str | None = None, seconds: float = 90) -> None:
        """Return when the root, the platform and every shard are Synced at what is published, and have stayed so.

        When the ApplicationSet controller has done what a webhook asked for, it writes the set as a whole. A default
        that git lacks is then there, its shard is OutOfSync, and a sync takes it away again, seconds later. So each set
        is asked once more, after which nothing may have moved.

        Args:
            frozen: the shard whose set a bad entry stops, so that it answers nobody; it has to be Synced all the same.
            seconds: how long to wait for it.

        Raises:
            TimeoutError: with what the others are and why.
            AssertionError: a set or a shard moved, although nobody has pushed.
        """
        argocd = self._cluster.argocd
        self.clone.git("fetch", "--quiet", "origin", _BRANCH)
        commit = self.clone.git("rev-parse", "FETCH_HEAD").strip()
        apps = [Path(file).stem for file in self.clone.git("ls-tree", "--name-only", commit, "argocd/apps/").split()]
        shards = [app for app in apps if is_shard(app)]
        sets = [f"tenants-{shard}" for shard in shards if shard != frozen]
        names = ("tenantry", "tenantry-platform", *(f"tenantry-{shard}" for shard in shards))
        for found in (names[:1], names[1:]):  # the root first, which brings the others
            for name in found:
                argocd.refresh(name)
            self._await("every shard is Synced", found, lambda item: _is_synced_at(item, commit), seconds)
        for name in sets:
            until(f"{name} is at rest", partial(argocd.has_answered, name), seconds=seconds)

        before = self._generations(sets) | self._operations(names)
        for name in sets:
            argocd.ask_set(name)
        for name in sets:
            until(f"{name} was looked at", partial(argocd.has_answered, name), seconds=seconds)
        for name in names:
            argocd.refresh(name)
        self._await("every shard is compared", names, is_compared, seconds)
        after = self._generations(sets) | self._operations(names)
        moved = sorted(name for name in before if before[name] != after[name])
        assert not moved, f"nobody has pushed, and yet they moved: {', '.join(moved)}"
        self._last_push = None

    def _generations(self, names: Iterable[str]) -> dict[str, object]:
        """Return for each set how often its spec has changed."""
        return {name: self._cluster.argocd.generation(name) for name in names}

    def _operations(self, names: Iterable[str]) -> dict[str, object]:
        """Return for each Application whether it is Synced, and when its last sync began."""
        found = {name: self._cluster.argocd.application(name) for name in names}
        return {name: (is_synced(item), started_at(item)) for name, item in found.items()}

    def await_well(self, *names: str, commit: str | None = None, seconds: float = 180) -> None:
        """Return when these Applications are Synced and Healthy, and nothing is under way there.

        Args:
            names: of the Applications.
            commit: at which they have to be so.
            seconds: how long to wait.

        Raises:
            TimeoutError: with what the others are and why.
        """
        what = "all Applications are Synced and Healthy"
        self._await(what, names, lambda item: self._is_well(item) and _is_at(item, commit), seconds)

    def _await(self, what: str, names: Sequence[str], holds: Callable[[Object], bool], seconds: float) -> None:
        every = max(0.5, len(names) / 50)  # the list of a hundred is megabytes

        def others() -> dict[str, Object]:
            there = {item["metadata"]["name"]: item for item in self._cluster.argocd.applications()}
            found = {name: there.get(name, {}) for name in names}
            return {name: item for name, item in found.items() if not holds(item)}

        try:
            until(what, lambda: not others(), seconds=seconds, every=every)
        except TimeoutError as error:
            words = "\n".join(f"{name}: {_why(item)}" for name, item in others().items())
            raise TimeoutError(f"{error}\n{words}") from None

    def serves(self, name: str) -> bool:
        """Return whether a company is Ready: its Service has a pod that is ready, and its route is accepted."""
        kube = self._cluster.kube
        slices = kube.items("EndpointSlice", name, {"kubernetes.io/service-name": "fileserver"})
        endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or []]
        route = kube.get("HTTPRoute", "fileserver", name) or {}
        parents = route.get("status", {}).get("parents", [])
        return any(endpoint["conditions"].get("ready") for endpoint in endpoints) and any(
            has_condition({"status": parent}, "Accepted") for parent in parents
        )

    def unwatched(self) -> list[str]:
        """Return the pushes since the last call after which nobody looked at the shards; a claim must leave none."""
        found = [*self._unwatched, *filter(None, [self._last_push])]
        self._unwatched, self._last_push = [], None
        return found

    def _pushed(self, message: str) -> None:
        """Remember a push, until `await_shards` has looked at what it did to the shards."""
        if self._last_push is not None:
            self._unwatched.append(self._last_push)
        self._last_push = message

    def pods(self, name: str, workload: str | None = None, *, unless_on: str | None = None) -> dict[str, str]:
        """Return name and uid of each pod of a company that is ready and is to stay, unless it is on that node."""
        labels = {"app.kubernetes.io/name": workload} if workload else {}
        pods = [pod for pod in self._cluster.kube.items("Pod", name, labels) if is_ready(pod)]
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods if pod["spec"]["nodeName"] != unless_on}

    def _write_platform(self, platform: Object) -> None:
        (self.clone.folder / "platform.yaml").write_text(yaml.safe_dump(platform, sort_keys=False))


def _less(match: re.Match[str], part: int) -> str:
    seconds, rest = divmod(int(match["seconds"]), part)
    assert not rest, f"{match[0].strip()} is no multiple of {part}"
    return f"{match['key']}{seconds}"


def _name_of(item: Object) -> str:
    name: str = item["metadata"]["name"]
    return name


def _tenantry(folder: Path, verb: str, *arguments: str) -> str:
    """Run a verb of the product in a folder, and return what it prints."""
    command = (sys.executable, "-m", "generator", "-C", str(folder), verb, *arguments)
    done = subprocess.run(command, cwd=_ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"tenantry {verb}: {done.stdout}{done.stderr}")
    return done.stdout


def is_ready(pod: Object) -> bool:
    """Return whether the pod serves, and is not about to go."""
    return has_condition(pod, "Ready") and "deletionTimestamp" not in pod["metadata"]


def _is_synced_at(application: Object, commit: str) -> bool:
    """Return whether the cluster has what that commit says, compared since somebody last asked for it."""
    return is_compared(application) and is_synced(application) and _is_at(application, commit)


def _is_at(application: Object, commit: str | None) -> bool:
    """Return whether the Application has looked at the commit, if one is asked for."""
    return commit in {None, application.get("status", {}).get("sync", {}).get("revision")}


def _why(application: Object) -> str:
    """Say what keeps an Application from being well."""
    status = application.get("status", {})
    words = [status.get("sync", {}).get("status", "no Application"), status.get("health", {}).get("status", "")]
    words += [condition["message"] for condition in status.get("conditions", [])]
    words.append(status.get("operationState", {}).get("message", ""))
    for resource in status.get("resources", []):
        health = resource.get("health", {})
        if resource.get("status") != "Synced" or health.get("status", "Healthy") != "Healthy":
            words.append(f"{resource['kind']} {resource['name']}: {resource.get('status')} {health}")
    return "; ".join(filter(None, words))
