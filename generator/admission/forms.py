"""The forms of names and words that the API server demands, each with the words that say so.

Source: k8s.io/apimachinery/pkg/util/validation and k8s.io/apimachinery/pkg/api/validation/path.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from generator.admission.problem import Part, Problem


@dataclass(frozen=True, slots=True)
class Form:
    """A form of text.

    Attributes:
        pattern: What it matches as a whole.
        longest: How many characters it may have.
        words: What such a text is called.
    """

    pattern: re.Pattern[str]
    longest: int
    words: str

    def fits(self, text: Any) -> bool:
        """Say whether a value is a text of this form."""
        return isinstance(text, str) and len(text) <= self.longest and self.pattern.fullmatch(text) is not None

    def check(self, part: Part, *steps: str | int) -> Iterator[Problem]:
        """Say that a text below a part has another form; nothing where it is left out."""
        value: Any = part.data
        for step in steps:
            if isinstance(step, str):
                value = value.get(step) if isinstance(value, dict) else None
            else:
                value = value[step] if isinstance(value, list) and step < len(value) else None
        if isinstance(value, str) and not self.fits(value):
            yield part.problem(self.said_of(value), *steps)

    def said_of(self, text: str) -> str:
        """Return the fact that a text lacks this form."""
        return f"{short(text)} is not {self.words}"


_SHORT: Final = 60


def short(text: str) -> str:
    """Quote a text, cut where it is long."""
    return repr(text if len(text) <= _SHORT else f"{text[:_SHORT]}...")


_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_VALUE: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"

DNS_LABEL: Final = Form(
    re.compile(_LABEL), 63, "a DNS label: lower-case letters, digits and '-' inside, 63 characters at most"
)
DNS_NAME: Final = Form(
    re.compile(rf"{_LABEL}(\.{_LABEL})*"),
    253,
    "a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most",
)
WILDCARD_NAME: Final = Form(re.compile(rf"\*\.{_LABEL}(\.{_LABEL})*"), 253, "a DNS name behind '*.'")
DNS_1035: Final = Form(
    re.compile("[a-z]([-a-z0-9]*[a-z0-9])?"), 63, "a DNS label that begins with a letter, 63 characters at most"
)
PORT_NAME: Final = Form(
    re.compile("(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?"),
    15,
    "the name of a port: lower-case letters, digits and single '-' inside, a letter at least, 15 characters at most",
)
SEGMENT: Final = Form(
    re.compile(r"(?!\.\.?$)[^/%]+"), 1 << 20, "a name that can stand in a path: no '/', no '%', not '.'"
)
LABEL_VALUE: Final = Form(
    re.compile(rf"({_VALUE})?"), 63, "a label value: letters, digits, '-', '_' and '.' inside, 63 characters at most"
)
CONFIG_KEY: Final = Form(
    re.compile(r"(?!\.\.?$)(?!\.\.)[-._a-zA-Z0-9]+"), 253, "a key: letters, digits, '-', '_' and '.', not '..'"
)
VARIABLE: Final = Form(re.compile("[ -<>-~]+"), 1 << 20, "a variable's name: printable ASCII without '='")
HEADER: Final = Form(re.compile("[-A-Za-z0-9]+"), 1 << 20, "the name of a header: letters, digits and '-'")
_PART_OF_A_KEY: Final = Form(re.compile(_VALUE), 63, "")


def key_problem(key: str) -> str:
    """Say what is wrong with a qualified key (`example.com/name`), as labels and annotations have; or nothing."""
    prefix, slash, name = key.rpartition("/")
    fine = _PART_OF_A_KEY.fits(name) and (DNS_NAME.fits(prefix) if slash else True)
    if fine:
        return ""
    return f"{short(key)} is not a key: a name of 63 characters at most, with a DNS name and '/' before it or without"


def address(text: Any) -> str:
    """Say what is wrong with an IP address, or nothing."""
    try:
        found = ipaddress.ip_address(str(text))
    except ValueError:
        return f"{short(str(text))} is not an IP address"
    return _mapped(text, found)


def network(text: Any) -> str:
    """Say what is wrong with an address range, or nothing."""
    begin, slash, bits = str(text).partition("/")
    try:
        found = ipaddress.ip_interface(str(text))
    except ValueError:
        found = None
    if found is None or not slash or not bits.isdecimal():
        return f"{short(str(text))} is not an address range, such as 10.0.0.0/8"
    if bits != str(int(bits)):
        return f"{short(str(text))} has a 0 at the begin of its length: write {begin}/{int(bits)}"
    if found.ip != found.network.network_address:
        return f"{short(str(text))} has bits beyond its length: write {found.network}"
    return _mapped(text, found.ip)


def _mapped(text: Any, found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return f"{short(str(text))} is an IPv4 address, written as one of IPv6: write {inner}" if inner else ""
