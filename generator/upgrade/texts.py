"""What steps read and give: the files that people write, as texts."""

from collections.abc import Mapping
from typing import Any

from generator.kube.lenient import mapping
from generator.reading import yaml_reader

Texts = Mapping[str, str]
"""Path from the repository's root -> text, of platform.yaml, tenants/ and base/."""

Changes = Mapping[str, str | None]
"""Path from the repository's root -> new text, or None for a file that goes."""


def data_of(path: str, text: str) -> Mapping[str, Any]:
    """Return what a file says where it is one strict mapping; nothing otherwise, which is said when it is validated."""
    document, _ = yaml_reader.read(path, text.encode())
    return mapping(document.data) if document else {}
