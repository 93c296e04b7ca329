"""Kubernetes quantities as integers, so that arithmetic is exact: millicores of CPU, bytes of memory and storage.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import ROUND_CEILING, Decimal

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_FACTOR = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(1000),
    "M": Decimal(1000) ** 2,
    "G": Decimal(1000) ** 3,
    "T": Decimal(1000) ** 4,
    "P": Decimal(1000) ** 5,
    "Ki": Decimal(1024),
    "Mi": Decimal(1024) ** 2,
    "Gi": Decimal(1024) ** 3,
    "Ti": Decimal(1024) ** 4,
    "Pi": Decimal(1024) ** 5,
}
_BINARY = (("Pi", 1024**5), ("Ti", 1024**4), ("Gi", 1024**3), ("Mi", 1024**2), ("Ki", 1024))


def number(text: str) -> Decimal:
    """Read any quantity as the number that it stands for.

    Raises:
        ValueError: The text is no quantity.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    return Decimal(match[1]) * _FACTOR[match[2]]


def _whole(value: Decimal, text: str, unit: str) -> int:
    if value != value.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number of {unit}")
    return int(value)


def millicores(text: str) -> int:
    """Read a CPU quantity such as `250m`, `1` or `0.5` as millicores.

    Raises:
        ValueError: The text is no quantity, or finer than a millicore.
    """
    return _whole(number(text) * 1000, text, "millicores")


def octets(text: str) -> int:
    """Read a memory or storage quantity such as `512Mi` or `2Gi` as bytes.

    Raises:
        ValueError: The text is no quantity, or not a whole number of bytes.
    """
    return _whole(number(text), text, "bytes")


def count(text: str) -> int:
    """Read a quantity of objects such as `10`.

    Raises:
        ValueError: The text is no quantity, or not a whole number.
    """
    return _whole(number(text), text, "objects")


def cpu_text(value: int) -> str:
    """Write millicores in the canonical form of Kubernetes: 1000 is `1`, 250 is `250m`."""
    return canonical(f"{value}m")


def bytes_text(value: int) -> str:
    """Write bytes in the canonical binary form of Kubernetes: the largest suffix that keeps a whole number."""
    for suffix, factor in _BINARY:
        if value and value % factor == 0:
            return f"{value // factor}{suffix}"
    return canonical(str(value))


_DECIMAL = (*((suffix, 1000**power) for power, suffix in ((5, "P"), (4, "T"), (3, "G"), (2, "M"), (1, "k"))), ("", 1))
_UP_TO = 1024
"""Below this many bytes a quantity has no binary suffix."""


def canonical(text: str) -> str:
    """Write a quantity as Kubernetes writes it back: no fraction, and the largest suffix that needs none.

    Source: CanonicalizeBytes in k8s.io/apimachinery/pkg/api/resource/quantity.go.

    Raises:
        ValueError: The text is no quantity.
    """
    value = number(text)
    if text.endswith("i") and value >= _UP_TO:
        return bytes_text(int(value.to_integral_value(ROUND_CEILING)))
    if value != value.to_integral_value():
        return f"{int((value * 1000).to_integral_value(ROUND_CEILING))}m"
    for suffix, factor in _DECIMAL:
        if value and value % factor == 0:
            return f"{int(value / factor)}{suffix}"
    return "0"


def count_text(value: int) -> str:
    """Write a number of objects in the canonical form of Kubernetes: 1000 is `1k`."""
    return canonical(str(value))


def amount(resource: str, text: object) -> int:
    """Read an amount of a resource: millicores for CPU, bytes for memory and storage, else a number of objects.

    Args:
        resource: As a container, a LimitRange or a ResourceQuota names it: `cpu`, `limits.memory`, `pods`.
        text: The quantity.

    Raises:
        ValueError: It is no quantity.
    """
    if _is_cpu(resource):
        return millicores(str(text))
    if resource.endswith(("memory", "storage")):
        return octets(str(text))
    return count(str(text))


def amount_of(resource: str, value: int) -> str:
    """Write an amount of a resource in the canonical form of Kubernetes."""
    if _is_cpu(resource):
        return cpu_text(value)
    return bytes_text(value) if resource.endswith(("memory", "storage")) else count_text(value)


def _is_cpu(resource: str) -> bool:
    return resource in ("cpu", "requests.cpu", "limits.cpu")
