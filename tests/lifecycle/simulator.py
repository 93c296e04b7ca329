"""What Argo CD makes of a line of commits, as far as deletions go: when it looks, it looks at what git holds then.

Seen on the real one: an Application whose entry goes takes its objects along only when it carries the cascade
finalizer, and then all but what `Delete=false` guards; an overlay is applied by its own Application, a project by its
shard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator import layout
from generator.applicationset import expand_all
from generator.generate.argocd import FINALIZER
from generator.render.tenants import application_sets

SHARDS = 4


@dataclass(slots=True)
class Simulated:
    """A cluster with Argo CD.

    Attributes:
        applications: Those that are there, and whether each carries the finalizer.
        guarded: Namespaces that are there with their volumes, and whether something keeps them from being deleted.
        projects: AppProjects that are there.
        deleted: Namespaces that were deleted, in order.
    """

    applications: dict[str, bool] = field(default_factory=dict)
    guarded: dict[str, bool] = field(default_factory=dict)
    projects: set[str] = field(default_factory=set)
    deleted: list[str] = field(default_factory=list)

    def reconcile_sets(self, tree: Mapping[str, str], made: Mapping[str, bool]) -> None:
        """Let the ApplicationSet controller and the shards look at git; the second is `applications_of` the first."""
        for name in self.applications.keys() - made.keys():
            if self.applications.pop(name) and not self.guarded.get(name, True):
                del self.guarded[name]
                self.deleted.append(name)
        self.applications.update(made)
        there = {name for name in self._names(tree) if _project(name) in tree}
        gone = {name for name in self.projects - there if name not in self.applications}
        self.projects = (self.projects | there) - gone

    def sync(self, tree: Mapping[str, str], name: str) -> None:
        """Let one Application apply its overlay."""
        if name in self.applications and layout.kustomization(name) in tree:
            self.guarded[name] = not _drops_guards(tree, name)

    def is_synced_without_guards(self, tree: Mapping[str, str], name: str) -> bool:
        """Say what `tenantry set NAME state=deleting --kubeconfig` demands."""
        return self.applications.get(name, False) and not self.guarded.get(name, True) and _drops_guards(tree, name)

    def is_gone(self, name: str) -> bool:
        """Say what `tenantry set NAME state=retired --kubeconfig` demands."""
        return name not in self.applications and name not in self.guarded

    @staticmethod
    def _names(tree: Mapping[str, str]) -> set[str]:
        return {name for path in tree if (name := layout.tenant_of(path)) is not None}


def applications_of(tree: Mapping[str, str]) -> Mapping[str, bool]:
    """Return the Applications that the sets make, and whether each carries the finalizer."""
    return {
        application.name: FINALIZER in application.manifest["metadata"].get("finalizers", ())
        for expansion in expand_all(application_sets(tree), tree)
        for application in expansion.applications
    }


def _drops_guards(tree: Mapping[str, str], name: str) -> bool:
    return "/states/purging" in tree[layout.kustomization(name)]


def _project(name: str) -> str:
    return layout.project(name, layout.shard_of(name, SHARDS))
