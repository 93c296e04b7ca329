"""What kustomize prints is parsed once for each text, and what is worked out of an object stays with it."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from generator.kube.printed import Known, objects_of, once_an_object, text_of
from generator.reading import yaml_objects

PRINTED: Final = """apiVersion: v1
data:
  clipped: |
    # a line

    ---
  kept: |+
    two lines at the end


  stripped: |-
    none
kind: ConfigMap
metadata:
  name: a
---
apiVersion: v1
kind: Namespace
metadata:
  name: b
---
apiVersion: v1
data:
  last: |
    one at the end
kind: ConfigMap
metadata:
  name: c
"""


def test_documents_are_read_as_the_whole_is() -> None:
    """Whatever ends a document, and whatever looks like an end inside it."""
    assert [dict(one) for one in objects_of(PRINTED, {})] == yaml_objects.read_objects(PRINTED)
    assert objects_of("", {}) == ()


def test_equal_texts_are_one_object() -> None:
    """Wherever in a build they stand, the last of it included."""
    known: Known = {}
    first, middle, last = objects_of(PRINTED, known)
    again = objects_of("---\n".join(text_of(one) or "" for one in (last, first)), known)

    assert [one is other for one, other in zip(again, (last, first), strict=True)] == [True, True]
    assert middle["metadata"] == {"name": "b"}


def test_what_is_worked_out_of_an_object_stays_with_it() -> None:
    """A copy, which somebody may write into, has nothing of it."""
    asked = []

    @once_an_object
    def name_of(one: Mapping[str, Any], mark: str) -> str:
        asked.append(mark)
        return f"{one['metadata']['name']}{mark}"

    (first, *_) = objects_of(PRINTED, {})
    copied = copy.deepcopy(first)
    copied["metadata"]["name"] = "d"

    assert [name_of(first, "!"), name_of(first, "!"), name_of(first, "?")] == ["a!", "a!", "a?"]
    assert asked == ["!", "?"]
    assert not hasattr(copied, "worked")
    assert [name_of(copied, "!"), name_of(dict(first), "!")] == ["d!", "a!"]
    assert asked == ["!", "?", "!", "!"]
