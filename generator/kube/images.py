"""How an image is named: https://github.com/distribution/reference. Pure."""

import re
from typing import Final

_HOST: Final = "[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
_PART: Final = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
REFERENCE: Final = re.compile(
    rf"({_HOST}(\.{_HOST})*(:[0-9]+)?/)?{_PART}(/{_PART})*(:[A-Za-z0-9_][-.A-Za-z0-9_]{{0,127}})?(@[a-z0-9]+:[0-9a-f]{{32,}})?"
)
"""https://github.com/distribution/reference/blob/main/regexp.go; another one ends in InvalidImageName on the node."""


def parts_of(image: str) -> tuple[str, str, str]:
    """Split a reference into its name, tag and digest."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return name.removesuffix(f":{tag}") if tag else name, tag, digest


_DOCKER: Final = "docker.io"


def in_full(name: str) -> str:
    """Write out what a node adds to the short name of an image: `dufs` is docker.io/library/dufs."""
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return f"{_DOCKER}/{name if slash else f'library/{name}'}"
    return f"{_DOCKER}/{rest}" if first == f"index.{_DOCKER}" else name


def in_full_registry(entry: str) -> str:
    """Write out an entry of `registries` in the same way; its first part is always a host."""
    return entry.replace(f"index.{_DOCKER}", _DOCKER, 1) if entry.startswith(f"index.{_DOCKER}") else entry
