"""What looks like a secret in text that must hold none: known key forms, values of telling names, random characters.

Made to be quiet on manifests: references, names of environment variables, digests, certificates and words are no
secrets. What is found is never repeated in full.
"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator, MutableMapping
from functools import lru_cache
from typing import Final

# Each form starts where a word starts, or a long text would be read again from each of its characters.
_FORMS: Final = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
        ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
        ("a GitLab token", r"\bglpat-[\w-]{20,}"),
        ("a Slack token", r"\bxox[abeoprs]-[\w-]{10,}"),
        ("a Google API key", r"\bAIza[\w-]{35}\b"),
        ("a Vault token", r"\bhv[bs]\.[\w-]{20,}"),
        ("a model provider's key", r"\bsk-[A-Za-z0-9_-]{20,}"),
        ("a JSON web token", r"(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"),
        ("a password hash", r"\$(?:2[abxy]|5|6|y|gy|7|apr1|argon2id?)\$[./\w$,=+-]{10,}"),
        ("a password in an address", r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/:@{}$]*:[^\s/@{}$]+@"),
        ("a token in an address", r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://(?=[a-zA-Z_-]*\d)[\w%+=-]{16,}@"),
        ("a signed address", r"[?&]sig=[\w%+/=-]{20,}"),
        ("a password in a .netrc", r"\blogin \S+ password \S{4,}"),
        ("a login of a registry", r"[\"']auth[\"']: ?[\"'][A-Za-z0-9+/]{8,}={0,2}[\"']"),
        ("a SendGrid key", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
        (
            "a line of a .pgpass",
            r"(?<![\w.:/*-])[\w.*-]+:(?:\d{1,5}|\*):(?=[\d.-]*[A-Za-z*])[\w.*-]+:[A-Za-z_][\w.-]*:[^\s:\"'$][^\s:\"']{3,}(?![\w:])",
        ),
        ("a seed of one-time passwords", r"\botpauth://[^\s\"']*[?&]secret=[A-Za-z2-7]{8,}"),
        ("a password before an @", r"(?<![\w/.@:-])[A-Za-z][\w.-]*:(?!/)[^\s/:@{}$<>'\"]{4,}@(?!sha\d+:)"),
        ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("a Docker Hub token", r"\bdckr_[a-z]{3}_[\w-]{20,}"),
        ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b"),
        ("a Stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("an age key", r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"),
        ("a DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{32,}"),
        ("a Slack webhook", r"\bhooks\.slack\.com/services/[A-Za-z0-9/_-]{16,}"),
        ("an authorization header", r"\b(?:Basic|Bearer) [A-Za-z0-9+/=._-]{16,}"),
    )
)

_TELLING: Final = (
    r"(?:pass(?:word|wd|phrase|code)|(?<=[_-])pass|(?<![a-z])pwd|secret|token|credentials?"
    r"|(?:api|access|account|private|signing|encryption|shared|master)[-_]?key)"
)
_SCALAR: Final = r"""(?:(?<=["'=])|(?![{\[]))"""
"""What stands before a value, and not before a mapping or a list in one line: `secret: {secretName: users}`."""
_TELLING_NAME: Final = re.compile(rf".*{_TELLING}", re.IGNORECASE)
_ASSIGNMENT: Final = re.compile(
    rf"""(?<![\w.-])(?P<name>[\w.-]*{_TELLING})["']?[ \t]*(?:[:=])[ \t]*["']?(?P<value>{_SCALAR}[^\s"',;}}]+)""",
    re.IGNORECASE,
)
_ARGUMENT: Final = re.compile(
    rf"""(?<![\w.-])(?P<name>--?[\w.-]*{_TELLING})["']?[ \t,]+["']?(?P<value>[^\s"',;}}\]]+)""", re.IGNORECASE
)
"""An argument and the word behind it: `--password x`, `[--password, x]`."""
_ELEMENT: Final = re.compile(rf"<(?P<name>[\w.:-]*{_TELLING})>(?P<value>[^\s<]+)</", re.IGNORECASE)
_PIN: Final = re.compile(
    r"""(?<![\w.-])(?P<name>(?:(?:[\w.-]*[_.-])?(?i:pin)|[\w.-]*[a-z]P(?:in|IN))(?:[-_]?(?i:code))?)["']?"""
    r"""[ \t]*[:=][ \t]*["']?(?P<value>\d{4,12})(?![\w.:/-])"""
)
_SEED: Final = re.compile(
    r"""(?<![\w.-])(?P<name>(?=(?:[\w.-]*[_.-])?(?i:[th]?otp|2fa|mfa)(?![a-z]))[\w.-]+)["']?[ \t]*[:=][ \t]*["']?"""
    r"""(?P<value>(?=[A-Z]*[2-7])[A-Z2-7]{16,})(?!\w)"""
)
"""What is short, or in letters as a variable is, and still a secret under a name that says so."""
_PROSE: Final = re.compile(
    r"\b(?P<name>pass(?:word|phrase|code)|pin|token|(?:api|access)[ -]key)"
    r"(?: (?:of|for|to|at|in|on)(?: [\w.-]+){1,3}?)? (?:is|are|was|reads|equals|set to|changed to):? +"
    r"""["'`]?(?P<value>[^\s"'`,;]{4,}?)[.!?]?(?=["'`,;\s]|$)""",
    re.IGNORECASE,
)
_NO_WORD: Final = re.compile(
    r"(?=.*\d)(?!v?\d+(?:\.\d+)*$)(?!(?:sha|md|base|aes|rsa|ed|utf|oauth|rfc|argon|x)-?\d).*", re.IGNORECASE
)
"""What people would not write as a word of a sentence; algorithms and versions are."""
_MEANT_AS_NUMBER: Final = re.compile(r"pass.*|pin", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z]?[a-z]+(?:-[a-z]+)*[.!?:]?")
_COMMENT: Final = re.compile(r"(?:^|[ \t])#[^\n]*$")
_OPEN: Final = re.compile(
    rf"""[ \t{{\[]*(?:\#[ \t]*)?(?:-[ \t]+)*(?:
    ["']?(?:name|key)["']?[ \t]*:[ \t]*["']?(?P<name>[\w.-]*{_TELLING}) |
    ["']?(?P<argument>--?[\w.-]*{_TELLING}) |
    ["']?(?P<block>[\w.-]*{_TELLING})["']?[ \t]*:(?:[ \t]*[|>][+-]?)?
    )["']?[\s,]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A line that says what the next one holds."""
_VALUES: Final = {
    "name": re.compile(r"""[\s#-]*["']?value["']?[ \t]*:[ \t]*["']?(?P<value>[^\s"',;}]+)[\s"',}\]]*"""),
    "argument": re.compile(r"""[ \t#]*(?:-[ \t]*)?["']?(?P<value>[^\s"',;}\]-][^\s"',;}\]]*)[\s"',\]]*"""),
    "block": re.compile(r"""[ \t#]+["']?(?P<value>[^\s"',;:}#-][^\s"',;}]*(?<!:))["']?\s*"""),
}

_LOGIN: Final = re.compile(r"--?(?:u|user|auth|proxy-user)")
_USER_AND_PASSWORD: Final = re.compile(r"[^\s/:]+:(?!\d+$)[^\s/:]{4,}")
"""What stands behind such an argument; `1000:1000` is a user and a group."""

_NO_LITERAL: Final = re.compile(
    # a reference (of Argo CD's settings: $name:key or $key), a variable, a path, an address, a word that says nothing
    r"""\$[({{].*|\$[a-z][a-z0-9-]*[.:-][A-Za-z][A-Za-z.-]*|
    \{\{.*|<.*>|[A-Z][A-Z0-9_]*|\.{0,2}/.*|[a-z][a-z0-9+.-]*://.*|true|false|null|none|""",
    re.VERBOSE,
)
_SHORTEST: Final = 6
_SHORTEST_NUMBER: Final = 4
_LONG: Final = 16
"""Four characters of so long a text help to find it and not to guess it."""

_RANDOM: Final = re.compile(r"(?<![\w+/=.-])(?:sha(?:256|384|512)[:-])?[A-Za-z0-9+/_-]{24,}={0,2}(?![\w+/=-])")
_DIGEST: Final = re.compile(r"sha(?:256|384|512)[:-].*")
_PUBLIC_NAMES: Final = frozenset({"caBundle", "ca.crt", "tls.crt", "caProvider"})
_BITS: Final = 4.0
_HEX: Final = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_HEX_BITS: Final = 3.0


@lru_cache(maxsize=1 << 10)
def secret_like(text: str, name: str = "") -> str:
    """Say what a text looks like when it looks like a secret, or return nothing; the kinds of a fleet share most texts.

    Args:
        text: A value: one word, or a whole file.
        name: What the value is called where it stands: the key of a mapping, the name of a variable.
    """
    if name in _PUBLIC_NAMES:
        return ""
    return next(_found(text, name), "")


def in_lines(text: str, known: MutableMapping[str, tuple[str, tuple[str, str]]]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that look like secrets, each by itself or after the line that says what it holds.

    Args:
        text: A whole file.
        known: What was found in lines so far; each line is looked at once.
    """
    how, name = "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        if (seen := known.get(line)) is None:
            seen = known[line] = secret_like(line), _left_open(line)
        if what := seen[0] or (name and _behind(line, how, name)):
            yield number, what
        how, name = seen[1]


def _left_open(line: str) -> tuple[str, str]:
    """Return how a line names what the next one holds, and the name; two empty texts when it names nothing."""
    match = _OPEN.fullmatch(line)
    if match is None:
        return "", ""
    return next((how, name) for how, name in match.groupdict().items() if name)


def _behind(line: str, how: str, name: str) -> str:
    """Say what a line looks like that holds the value of a name."""
    match = _VALUES[how].fullmatch(line)
    return secret_like(match["value"], name) if match else ""


def _found(text: str, name: str) -> Iterator[str]:
    for what, form in _FORMS:
        if match := form.search(text):
            yield f"{what} ({_veiled(match[0])})"
    if name and _TELLING_NAME.fullmatch(name) and _is_literal(text, name):
        yield f"the value of {name} ({_veiled(text)})"
    if _LOGIN.fullmatch(name) and _USER_AND_PASSWORD.fullmatch(text) and _is_literal(text):
        yield f"the password behind {name} ({_veiled(text)})"
    for match in (*_ASSIGNMENT.finditer(text), *_ARGUMENT.finditer(text), *_ELEMENT.finditer(text)):
        if _is_literal(match["value"], match["name"]) and not _is_remark(match, text):
            yield f"the value of {match['name']} ({_veiled(match['value'])})"
    called = text if "\n" in text or not name else f"{name}: {text}"
    for match in (*_PIN.finditer(called), *_SEED.finditer(called), *_PROSE.finditer(text)):
        if match.re is not _PROSE or _is_told(match["value"], match["name"]):
            yield f"the value of {match['name']} ({_veiled(match['value'])})"
    if "\n" in text:
        yield from (what for _, what in in_lines(text, {}))
    for match in _RANDOM.finditer(text):
        word = match[0]
        if _DIGEST.fullmatch(word):
            continue
        hidden = _decoded(word)
        if "PRIVATE KEY-----" in hidden:
            yield f"a private key in base64 ({_veiled(word)})"
        elif "-----BEGIN" not in hidden and _is_random(word):
            yield f"{len(word)} random characters ({_veiled(word)})"


def _is_remark(match: re.Match[str], text: str) -> bool:
    """Say whether it is a comment with a word of a sentence: `# secret: rotated`."""
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    return _WORD.fullmatch(match["value"]) is not None and _COMMENT.search(before) is not None


def _is_told(value: str, name: str) -> bool:
    """Say whether a sentence tells a secret: `the password is hunter2`, and not `the password is required`."""
    if value.isdecimal():
        return _MEANT_AS_NUMBER.fullmatch(name) is not None
    return _NO_WORD.fullmatch(value) is not None and _NO_LITERAL.fullmatch(value) is None


def _is_literal(value: str, name: str = "") -> bool:
    shortest = _SHORTEST_NUMBER if value.isdecimal() and _MEANT_AS_NUMBER.match(name) else _SHORTEST
    return len(value) >= shortest and "\n" not in value.strip() and _NO_LITERAL.fullmatch(value) is None


def _is_random(word: str) -> bool:
    if _HEX.fullmatch(word):
        return _bits(word) >= _HEX_BITS
    mixed = all(any(test(letter) for letter in word) for test in (str.isupper, str.islower, str.isdigit))
    return mixed and _bits(word) >= _BITS


def _bits(word: str) -> float:
    """Return Shannon's entropy of a word, in bits a character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())


def _decoded(word: str) -> str:
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _veiled(text: str) -> str:
    return f"{text[:4]}..., {len(text)} characters" if len(text) >= _LONG else f"{len(text)} characters"
