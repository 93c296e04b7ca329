"""A value that the model names is one that the checks of what the API server takes know as well."""

import copy
from typing import Any, Final

import pytest

from generator.admission.check import problems
from generator.kube import typed
from generator.model.fields import kinds
from tests.model.scene import allowed_fields, put

VERSION: Final = "1.36"
KINDS: Final = sorted(kinds())


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_a_value_that_the_model_names_is_one_that_the_api_server_takes(api_version: str, kind: str) -> None:
    """What such a value needs beside it is said elsewhere, and not looked at."""
    refused = []
    for one in allowed_fields(kinds()[api_version, kind]):
        for value in one.only or ():
            obj: dict[str, Any] = {"apiVersion": api_version, "kind": kind}
            path = put(obj, one, copy.deepcopy(value))
            for said in problems(obj, tuple(typed.parts(VERSION, obj))):
                not_understood = "tenantry" in said.fact and path[: len(said.path)] == said.path
                if not_understood or (said.path == path and " needs " not in said.fact):
                    refused.append(f"{one.path} {value!r}: {said.fact}")
    assert refused == []
