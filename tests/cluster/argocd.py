"""Argo CD beside the cluster: installed from its own manifest, its programs as processes instead of pods.

Each program logs in as its own service account and reads the settings that its pod would get from the ConfigMaps, so
that what works here works with the rights and the settings of a plain installation.
"""

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import yaml

from tests.cluster.kube import Kube, Object
from tests.cluster.ports import HOST, free_ports
from tests.cluster.processes import Processes
from tests.cluster.tools import Tools
from tests.cluster.waiting import until

NAMESPACE = "argocd"
_REFRESH = "argocd.argoproj.io/refresh"
_SET_REFRESH = "argocd.argoproj.io/application-set-refresh"

# What of the manifest is not applied: processes stand for the pods, and nobody reaches them by a Service.
_PODS = {"Deployment", "StatefulSet", "Service", "NetworkPolicy"}
_PROGRAMS = ("argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller", "argocd-server")


class ArgoCD:
    """An Argo CD that manages the cluster it is installed in.

    Args:
        kube: the cluster.
        folder: for its files.
        tools: the binary and Argo CD's manifest.
        processes: to which its programs are added.

    Attributes:
        url: of its API.
        webhooks: the URLs that want to know of a push.
    """

    def __init__(self, kube: Kube, folder: Path, tools: Tools, processes: Processes) -> None:
        self._kube = kube
        self._folder = folder / "argocd"
        self._tools = tools
        self._processes = processes
        self._redis, self._repo, self._server, self._webhook = (f"{HOST}:{port}" for port in free_ports(4))
        # Metrics, in the order of _PROGRAMS, and a probe that nobody asks.
        self._metrics = dict(zip(_PROGRAMS, free_ports(len(_PROGRAMS)), strict=True))
        [self._probe] = free_ports(1)
        self._http = httpx.Client(timeout=30)
        self._manifest = list(_documents(tools.manifests / "argocd" / "install.yaml"))
        self.url = f"http://{self._server}"
        self.webhooks = (f"{self.url}/api/webhook", f"http://{self._webhook}/api/webhook")

    def install(self) -> None:
        """Apply the manifest and start redis and the programs; `await_ready` waits for them."""
        self._make_folders()
        self._kube.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
        self._kube.apply([item for item in self._manifest if item["kind"] not in _PODS], namespace=NAMESPACE)
        # As the init container of the redis pod does, and with its rights.
        command = (self._tools.binary, "argocd", "admin", "redis-initial-password")
        environment = {**os.environ, "KUBECONFIG": self._log_in_as("argocd-redis")}
        subprocess.run(command, env=environment, check=True, capture_output=True)
        self._start()

    def uninstall(self) -> None:
        """Take away what `install` has applied; the tests have taken their Applications away before."""
        text = yaml.safe_dump_all([item for item in self._manifest if item["kind"] not in _PODS])
        self._kube.kubectl("delete", "--ignore-not-found", "--wait=false", "-n", NAMESPACE, "-f", "-", text=text)
        self._kube.kubectl("delete", "--ignore-not-found", "--wait=false", "namespace", NAMESPACE)

    def await_ready(self) -> None:
        """Return when the programs answer."""

        def answers() -> bool:
            self._processes.check()
            urls = (f"{self.url}/healthz", *(f"http://{HOST}:{port}/metrics" for port in self._metrics.values()))
            try:
                self._http.get(self.webhooks[-1])  # answers 400 to a GET
                return all(self._http.get(url).is_success for url in urls)
            except httpx.TransportError:
                return False

        until("Argo CD answers", answers, seconds=90)

    def restart(self) -> None:
        """Restart the programs, which read most of their settings at their start."""
        self._processes.stop("redis", *_PROGRAMS)
        self._start()
        self.await_ready()

    def application(self, name: str) -> Object:
        """Return the Application, or an empty object where there is none."""
        return self._kube.get("Application", name, NAMESPACE) or {}

    def applications(self) -> list[Object]:
        """Return all Applications."""
        return self._kube.items("Application", NAMESPACE)

    def refresh(self, name: str) -> None:
        """Ask Argo CD to compare an Application now."""
        self._kube.patch("Application", name, {"metadata": {"annotations": {_REFRESH: "normal"}}}, NAMESPACE)

    def sync(self, name: str) -> None:
        """Apply every object of an Application again, and return when that has succeeded.

        Raises:
            TimeoutError: it does not within that time.
        """
        operation = {"sync": {"syncOptions": ["ServerSideApply=true"]}}
        before = _operation(self.application(name))
        self._kube.patch("Application", name, {"operation": operation}, NAMESPACE)

        def done() -> bool:
            state = _operation(self.application(name))
            return state.get("startedAt") != before.get("startedAt") and state.get("phase") == "Succeeded"

        until(f"{name} is synced", done, seconds=60)

    def is_refreshed(self, name: str) -> bool:
        """Return whether it has done what `refresh` asked for."""
        return is_compared(self.application(name))

    def ask_set(self, name: str) -> None:
        """Ask the ApplicationSet controller to look at a set now, with the annotation that a webhook sets."""
        self._kube.patch("ApplicationSet", name, {"metadata": {"annotations": {_SET_REFRESH: "true"}}}, NAMESPACE)

    def generation(self, name: str) -> int:
        """Return how often the spec of a set has changed."""
        generation: int = (self._kube.get("ApplicationSet", name, NAMESPACE) or {})["metadata"]["generation"]
        return generation

    def has_answered(self, name: str) -> bool:
        """Return whether the set is there, and nothing that a webhook or `ask_set` asked for is left to be done."""
        found = self._kube.get("ApplicationSet", name, NAMESPACE)
        return found is not None and _SET_REFRESH not in found["metadata"].get("annotations", {})

    def password(self) -> str:
        """Return the password of `admin`, which Argo CD has made up."""
        name = "argocd-initial-admin-secret"
        secret = until("Argo CD's password", lambda: self._kube.get("Secret", name, NAMESPACE), seconds=30)
        return _decode(secret, "password")

    def log_in(self) -> httpx.Client:
        """Return a client of the API as `admin`."""
        credentials = {"username": "admin", "password": self.password()}
        answer = self._http.post(f"{self.url}/api/v1/session", json=credentials)
        answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def metrics(self, program: str) -> str:
        """Return what the program tells Prometheus."""
        return self._http.get(f"http://{HOST}:{self._metrics[program]}/metrics").text

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _make_folders(self) -> None:
        """Make what is a volume or part of the image in a pod."""
        for name in ("bin", "tls", "ssh", "gpg", "home", "tmp"):
            (self._folder / name).mkdir(parents=True)
        for script in sorted((self._tools.manifests / "argocd").glob("*.sh")):
            shutil.copy(script, self._folder / "bin")
            (self._folder / "bin" / script.name).chmod(0o755)  # without it each manifest fails with "permission denied"
        (self._folder / "bin" / "kustomize").symlink_to(self._tools.kustomize)

    def _start(self) -> None:
        metrics = self._metrics
        password = _decode(self._kube.get("Secret", "argocd-redis", NAMESPACE) or {}, "auth")
        redis = (f"--redis={self._redis}",)
        repo = (f"--repo-server={self._repo}", "--repo-server-plaintext")
        secret = {"REDIS_PASSWORD": password}
        self._processes.start("redis", self._tools.binary, "redis", f"--address={self._redis}", environment=secret)
        self._run(
            "argocd-server",
            password,
            f"--address={HOST}",
            f"--port={_port(self._server)}",
            f"--metrics-address={HOST}",
            f"--metrics-port={metrics['argocd-server']}",
            "--insecure",
            *redis,
            *repo,
        )
        self._run(
            "argocd-repo-server",
            password,
            f"--address={HOST}",
            f"--port={_port(self._repo)}",
            f"--metrics-address={HOST}",
            f"--metrics-port={metrics['argocd-repo-server']}",
            "--disable-tls",
            "--client-ca-path=",  # has a default that does not go with --disable-tls
            *redis,
        )
        # The server makes up a key at its first start, without which the ApplicationSet controller opens no webhook.
        until("Argo CD's key", self._has_key, seconds=60)
        self._run(
            "argocd-application-controller",
            password,
            f"--metrics-port={metrics['argocd-application-controller']}",
            *redis,
            *repo,
        )
        self._run(
            "argocd-applicationset-controller",
            password,
            f"--metrics-addr={HOST}:{metrics['argocd-applicationset-controller']}",
            f"--probe-addr={HOST}:{self._probe}",
            f"--webhook-addr={self._webhook}",
            f"--argocd-repo-server={self._repo}",
            "--repo-server-plaintext",
        )

    def _run(self, program: str, redis_password: str, *flags: str) -> None:
        folder = self._folder
        environment = {
            **self._settings(program),
            "REDIS_PASSWORD": redis_password,
            "KUBECONFIG": self._log_in_as(program),
            "ARGOCD_FAKE_IN_CLUSTER": "true",  # "in-cluster" is the cluster of the kubeconfig
            "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
            "ARGOCD_GNUPGHOME": str(folder / "gpg"),
            "ARGOCD_GPG_ENABLED": "false",
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        self._processes.start(program, self._tools.binary, program, *flags, environment=environment)

    def _has_key(self) -> bool:
        self._processes.check()
        secret = self._kube.get("Secret", "argocd-secret", NAMESPACE) or {}
        return "server.secretkey" in secret.get("data", {})

    def _settings(self, program: str) -> dict[str, str]:
        """Return the variables that the program's pod would get from ConfigMaps, as they are now."""
        [template] = [
            item["spec"]["template"]
            for item in self._manifest
            if item["metadata"]["name"] == program and "template" in item.get("spec", {})
        ]
        [container] = template["spec"]["containers"]
        settings = {}
        for variable in container["env"]:
            if reference := variable.get("valueFrom", {}).get("configMapKeyRef"):
                data = (self._kube.get("ConfigMap", reference["name"], NAMESPACE) or {}).get("data", {})
                if reference["key"] in data:
                    settings[variable["name"]] = data[reference["key"]]
        return settings

    def _log_in_as(self, account: str) -> str:
        """Return the path of a kubeconfig for a service account."""
        path = self._folder / f"{account}.kubeconfig"
        if not path.exists():
            token = self._kube.kubectl("create", "token", account, "-n", NAMESPACE, "--duration=720h").strip()
            path.touch(mode=0o600)
            path.write_text(self._kube.kubeconfig(token, NAMESPACE))
        return str(path)


def is_compared(application: Object) -> bool:
    """Return whether it has been compared since a `refresh` last asked for that."""
    return _REFRESH not in application.get("metadata", {}).get("annotations", {})


def is_synced(application: Object) -> bool:
    """Return whether the cluster has what git says."""
    status: str = application.get("status", {}).get("sync", {}).get("status", "")
    return status == "Synced"


def is_healthy(application: Object) -> bool:
    """Return whether every object of it is well."""
    status: str = application.get("status", {}).get("health", {}).get("status", "")
    return status == "Healthy"


def started_at(application: Object) -> str:
    """Return when its last sync began; empty if there was none."""
    began: str = _operation(application).get("startedAt", "")
    return began


def _operation(application: Object) -> Object:
    state: Object = application.get("status", {}).get("operationState", {})
    return state


def _documents(path: Path) -> Iterator[Object]:
    yield from filter(None, yaml.load_all(path.read_text(), yaml.CSafeLoader))


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _decode(secret: Object, key: str) -> str:
    return base64.b64decode(secret["data"][key]).decode()
