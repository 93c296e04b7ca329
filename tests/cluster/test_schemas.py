"""Our closed schemas against the definitions of the real modules, as the API server reads them: CEL rules and all."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis_jsonschema import from_schema

from tests.cluster.cluster import Cluster

_SCHEMAS = Path(__file__).parents[2] / "generator" / "schemas"
_KINDS = sorted(path.relative_to(_SCHEMAS).as_posix() for path in _SCHEMAS.glob("*/*.json"))

# Names and labels are Kubernetes' own matter; what is in question is what the definitions say.
_METADATA = {"name": "from-our-schema", "namespace": "default"}


@pytest.mark.claim("what our schemas accept, the definitions of Argo CD, the Gateway API and External Secrets accept")
@pytest.mark.parametrize("kind", _KINDS)
def test_what_our_schema_accepts_the_api_server_accepts(cluster: Cluster, kind: str) -> None:
    """A hundred objects that our schema allows, invented, each tried on the API server with strict validation."""
    schema = json.loads((_SCHEMAS / kind).read_text(encoding="utf-8"))

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(from_schema(schema))
    def check(body: dict[str, object]) -> None:
        cluster.kube.try_to_create({**body, "metadata": _METADATA})

    check()
