"""Keep a cluster to try things by hand: `python -m tests.cluster up`, and `down` at the end."""

import os
import shutil
from pathlib import Path

import click

from tests.cluster.cluster import Cluster
from tests.cluster.processes import Processes
from tests.cluster.progress import Progress
from tests.cluster.tools import UnavailableError, prepare

_FOLDER = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tenantry" / "cluster"

_NEXT = """\
The cluster is up: five nodes without containers, Argo CD and a git server, all on loopback.

  look    export KUBECONFIG={kubeconfig}
          alias kubectl='"{binary}" kubectl'
  push    git push {repository} HEAD:main
          (once `git.repoURL` in platform.yaml is that address, `tenantry generate` has run, and both are committed)
  begin   kubectl apply -f argocd/root.yaml
          (once; from then on Argo CD follows every push)
  ask     argocd login {server} --plaintext --username admin --password {password}
          (alias argocd='"{binary}" argocd'; or its API at http://{server}/api/v1)
  logs    {logs}
  end     make cluster-down"""


@click.group()
def main() -> None:
    """Keep a cluster to try things by hand."""


@main.command()
def up() -> None:
    """Bring a cluster up that stays, and say what to do with it."""
    if _FOLDER.exists():
        raise click.ClickException(f"{_FOLDER} is there: a cluster is up, or was. First: make cluster-down")
    progress = Progress()
    try:
        tools = prepare(progress)
    except UnavailableError as error:
        raise click.ClickException(str(error)) from error
    cluster = Cluster(_FOLDER, tools, outlive=True)
    try:
        cluster.start(progress)
        repository = cluster.git.create("gitops", cluster.argocd.webhooks)
        password = cluster.argocd.password()
    except BaseException:
        cluster.stop()
        raise
    progress.end()
    cluster.close()
    click.echo(
        _NEXT.format(
            kubeconfig=cluster.kubeconfig,
            binary=tools.binary,
            repository=repository.url,
            server=cluster.argocd.url.removeprefix("http://"),
            password=password,
            logs=_FOLDER / "logs",
        )
    )


@main.command()
def down() -> None:
    """End the cluster that `up` has left, and remove all that it wrote."""
    if not _FOLDER.exists():
        click.echo("no cluster is up")
        return
    Processes(_FOLDER).stop()
    shutil.rmtree(_FOLDER)
    click.echo("the cluster is down")


if __name__ == "__main__":
    main(prog_name="python -m tests.cluster")
