"""What Argo CD reads in an object's annotations: sync options and waves, and when an Application is rendered again."""

import re
from collections.abc import Mapping
from typing import Any, Final

from generator.kube.lenient import mapping

ARGO_CD: Final = "argocd.argoproj.io/"
"""What the names of its annotations begin with; the pages of each are in `findings.sources`."""

SYNC_OPTIONS: Final = f"{ARGO_CD}sync-options"
SYNC_WAVE: Final = f"{ARGO_CD}sync-wave"
COMPARE_OPTIONS: Final = f"{ARGO_CD}compare-options"
GENERATE_PATHS: Final = f"{ARGO_CD}manifest-generate-paths"

KEEP: Final = "Prune=false"
CONFIRM: Final = "Prune=confirm"
SPARE: Final = "Delete=false"
CONFIRM_DELETE: Final = "Delete=confirm"
GUARD: Final = (KEEP, SPARE)
"""What keeps an object when git holds it no more, and when its Application goes."""
FORCE: Final = "Force=true"
FORCEFUL: Final = ("Replace=true", FORCE, "Validate=false")
"""What recreates an object, or skips its validation."""


def options(obj: Mapping[str, Any]) -> frozenset[str]:
    """Return the sync options that an object's annotation holds."""
    text = mapping(mapping(obj.get("metadata")).get("annotations")).get(SYNC_OPTIONS, "")
    return frozenset(option.strip() for option in str(text).split(","))


def wave(obj: Mapping[str, Any]) -> int:
    """Return the wave in which an object is synced; 0 when it says none that can be read."""
    text = str(mapping(mapping(obj.get("metadata")).get("annotations")).get(SYNC_WAVE, "0"))
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else 0
