"""Another number of ApplicationSets: what Argo CD sees of it."""

from pathlib import Path

import yaml

from tests.harness import Repository

GENERATE_PATHS = "argocd.argoproj.io/manifest-generate-paths"


def test_argo_cd_is_told_of_each_shard_that_a_company_leaves(tmp_path: Path) -> None:
    """It asks git for names alone, and of a file that moved git names the folder that it moved to."""
    repository = Repository(tmp_path / "repository").tenant("company-002").generate()  # of s03, and of s01 among six
    repository.git("init", "--quiet")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.edit("platform.yaml", "shards: 4", "shards: 6").generate()
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Spread over 6 sets")

    told = repository.git("diff", "--name-only", "HEAD~1..HEAD").splitlines()
    lost = repository.git("diff", "--name-only", "--no-renames", "--diff-filter=D", "HEAD~1..HEAD").splitlines()

    left = {path.split("/")[2] for path in lost if path.startswith("argocd/shards/")}
    assert left
    for shard in left:
        application = yaml.safe_load(repository.read(f"argocd/apps/{shard}.yaml"))
        paths = application["metadata"]["annotations"][GENERATE_PATHS].split(";")
        assert any(f"/{path}".startswith(watched) for path in told for watched in paths), shard
