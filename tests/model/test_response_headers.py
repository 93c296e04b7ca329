"""Which headers a route may give answers, and with which values."""

import re

import pytest

from generator.model.fields import kinds
from generator.model.response_headers import VALUES, why_not

NAME = "spec.rules[].filters[].responseHeaderModifier.set[].name"


def test_the_model_lists_the_headers_whose_values_are_understood() -> None:
    """Both of them, so that none passes with any value."""
    route = kinds()["gateway.networking.k8s.io/v1", "HTTPRoute"]
    (form,) = [one.matches for one in route.fields if one.path == NAME]

    names = [*VALUES, "access-control-allow-origin", "set-cookie", "cdn-cache-control", "surrogate-control", "age"]
    assert [name for name in names if re.fullmatch(form, name)] == list(VALUES)


@pytest.mark.parametrize(
    ("value", "is_understood"),
    [
        ("no-store", True),
        ("private, max-age=600", True),
        ("No-Cache", True),
        ("public", False),
        ("private, public", False),
        ("max-age=600", False),
        ("must-revalidate", False),
        ("private, s-maxage=600", False),
        ('private="Set-Cookie"', False),
        ("no-cachex", False),
        ("", False),
    ],
)
def test_a_shared_cache_keeps_nothing(value: str, is_understood: bool) -> None:
    """What is kept at all, the browser of who asked keeps."""
    assert (why_not("Cache-Control", value) == "") is is_understood
