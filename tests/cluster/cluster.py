"""The whole: control plane, nodes, Argo CD, git server and stand-ins, brought up together and taken down together."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests.cluster import stand_ins
from tests.cluster.argocd import NAMESPACE, ArgoCD
from tests.cluster.control_plane import ControlPlane
from tests.cluster.git_server import GitServer
from tests.cluster.kube import Kube
from tests.cluster.ports import HOST
from tests.cluster.processes import Processes
from tests.cluster.tools import Tools, UnavailableError
from tests.cluster.waiting import until


class Cluster:
    """A cluster with an Argo CD and a git server for it. As a context manager it takes itself down at the end.

    Args:
        folder: for everything it writes; removed by `stop`.
        tools: what it is made of.
        kubeconfig: of an existing cluster, to be used instead of a control plane of its own. It gets no stand-ins;
            the definitions of the custom resources stay in it, Argo CD does not.
        outlive: whether its programs stay when this process ends.

    Attributes:
        kube: a client with all rights.
        argocd: the Argo CD.
        git: the git server.
        control_plane: its own; None for an existing cluster.
        kubeconfig: for kubectl, with all rights.
        processes: its programs.
        tools: what it is made of.
    """

    def __init__(self, folder: Path, tools: Tools, *, kubeconfig: Path | None = None, outlive: bool = False) -> None:
        for variable in ("no_proxy", "NO_PROXY"):  # all of it is here, whatever the proxy for the rest
            names = (*os.environ.get(variable, "").split(","), HOST, "localhost")
            os.environ[variable] = ",".join(dict.fromkeys(filter(None, names)))
        self.folder = folder
        self.tools = tools
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.processes = Processes(folder, outlive=outlive)
        self.control_plane = None
        if kubeconfig is None:
            self.control_plane = ControlPlane(folder, tools, self.processes)
            kubeconfig = self.control_plane.kubeconfig("admin")
        self.kubeconfig = kubeconfig
        kubectl = (str(tools.binary), "kubectl", f"--kubeconfig={self.kubeconfig}")
        self._socket = folder / "api.sock"
        self.kube = Kube(kubectl, self._socket)
        self.git = GitServer(folder, tools, self.processes)
        self._installed = False
        self.argocd = ArgoCD(self.kube, folder, tools, self.processes)

    def start(self, say: Callable[[str], None]) -> None:
        """Bring everything up, and return when everything is ready.

        Args:
            say: is told what happens.

        Raises:
            ProgramEndedError: a program ended at once; its log is in the text.
            TimeoutError: something did not become ready.
            UnavailableError: an existing cluster has an Argo CD already.
        """
        if self.control_plane:
            say("starting the control plane")
            self.control_plane.start()
        command = ("kubectl", f"--kubeconfig={self.kubeconfig}", "proxy", f"--unix-socket={self._socket}")
        self.processes.start("kubectl-proxy", self.tools.binary, *command)
        until("the API server is ready", self._api_is_ready, seconds=60)
        if self.kube.get("Namespace", NAMESPACE) or self._has_definitions_of_argocd():
            msg = "the cluster has an Argo CD, or what is left of one, which these tests would take over, and away"
            raise UnavailableError(msg)
        self.git.start()
        # Before the controllers, whose quotas count only kinds that they have discovered, now or half a minute later.
        stand_ins.install_definitions(self.kube, self.tools)
        if self.control_plane:
            self.control_plane.populate(self.kube)
            stand_ins.start(self.kube, self.folder, self.tools, self.processes, self.control_plane)
            stand_ins.await_metrics(self.kube)
        say("starting Argo CD")
        self._installed = True
        self.argocd.install()
        self.argocd.await_ready()

    def lose(self) -> None:
        """Lose the control plane with all that it held, the nodes and Argo CD; git keeps what it has.

        `start` then brings up another one in its place, at the same addresses, with nothing in it.
        """
        assert self.control_plane, "it is somebody else's"
        self.processes.stop()
        for part in ("etcd", "keys", "argocd"):
            shutil.rmtree(self.folder / part)

    def stop(self) -> None:
        """End everything and remove the folder. Signals have to wait for that."""
        with _signals_ignored(), ExitStack() as last:
            last.callback(shutil.rmtree, self.folder)
            last.callback(self.processes.stop)
            last.callback(self.close)
            if self.control_plane is None and self._installed:
                self.argocd.uninstall()

    def close(self) -> None:
        """Close the connections and leave everything as it is."""
        self.argocd.close()
        self.kube.close()

    def __enter__(self) -> Self:
        """Return the cluster, not yet started."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take it down, whatever has happened."""
        self.stop()

    def _has_definitions_of_argocd(self) -> bool:
        return any(item["spec"]["group"] == "argoproj.io" for item in self.kube.items("CustomResourceDefinition"))

    def _api_is_ready(self) -> bool:
        self.processes.check()
        return self.kube.ready()


@contextmanager
def _signals_ignored() -> Iterator[None]:
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
