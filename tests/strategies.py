"""What Hypothesis invents: any tenant that is valid here, and tenants that nearly are."""

import string
from typing import Any, Final

from hypothesis import strategies as st

from generator.fleet.model import Platform
from generator.fleet.reserved import why_reserved
from generator.fleet.windows import DAYS

Keys = dict[str, Any]
"""What a tenant file holds."""

_LABEL: Final = st.from_regex(r"[a-z](-?[a-z0-9]){2,20}", fullmatch=True)

_SCRIPTS: Final = (
    string.ascii_letters + string.digits + "éüñçøžİß",
    "АБВгдежЯ",
    "ΑΒΓδεζ",
    "株式会社東京あいうカタカナー々",
    "שלום",
    "مرحبا",
    "한국어",
    "🏢🚀",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`|~«»…€§©",
)


_LIMITED: Final = {"until": st.dates().map(str), "reason": st.sampled_from(["an audit", "support looks into it"])}

_WINDOW: Final = {
    "days": st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    "from": st.times().map("{:%H:%M}".format),
    "for": st.integers(2, 24).map("{}h".format),
    "timeZone": st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin", "America/Sao_Paulo"]),
}


def names() -> st.SearchStrategy[str]:
    """Any name that a tenant may have."""
    return _LABEL.filter(lambda name: not why_reserved(name))


def display_names() -> st.SearchStrategy[str]:
    """Any text that may stand as a display name: words of one script each."""
    words = st.one_of(*(st.text(script, min_size=1, max_size=8) for script in _SCRIPTS))
    return st.lists(words, min_size=1, max_size=5).map(" ".join)


@st.composite
def tenants(draw: st.DrawFn, platform: Platform) -> Keys:
    """Any tenant that is valid on its own; hosts of several may collide."""
    name = draw(names())
    plan = draw(st.sampled_from(sorted(platform.plans)))
    suffixes = (*platform.host_suffixes[1:], f"{name}.{platform.domain}")
    hosts = st.builds("{}.{}".format, _LABEL, st.sampled_from(suffixes))
    pods = st.fixed_dictionaries({}, optional={"minReplicas": st.just(1), "maxReplicas": st.integers(1, 2)})
    addons = draw(st.lists(st.sampled_from(sorted(platform.addons)), unique=True))
    dropped = sorted(claim for claim, addon in platform.claims.items() if addon.name not in addons)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "displayName": display_names(),
        "addons": st.just(addons),
        "kept": st.lists(st.sampled_from(dropped), unique=True) if dropped else st.just([]),
        "hosts": st.lists(hosts, max_size=3, unique=True),
        "storage": st.integers(1, platform.plans[plan].max_storage >> 30).map("{}Gi".format),
        "storageClass": st.sampled_from(platform.cluster.declared["storageClasses"]),
        "overrides": pods.filter(bool),
        "expires": st.dates().map(str),
        "ring": st.sampled_from([ring.name for ring in platform.rings]),
        "pin": st.fixed_dictionaries({"release": st.just("edge"), **_LIMITED}),
        "paused": st.fixed_dictionaries(_LIMITED),
        "maintenance": st.fixed_dictionaries(_WINDOW),
    }
    larger = [name for name, sold in platform.plans.items() if not sold.ceiling.is_within(platform.plans[plan].ceiling)]
    if larger:
        days = st.dates().map(str)
        optional["quotaFrom"] = st.fixed_dictionaries({"plan": st.sampled_from(larger), "since": days})
    return {"name": name, "plan": plan} | draw(st.fixed_dictionaries({}, optional=optional))


def fleets(platform: Platform, most: int = 4) -> st.SearchStrategy[list[Keys]]:
    """Any few tenants that are valid together."""
    fleet = st.lists(tenants(platform), min_size=1, max_size=most, unique_by=lambda keys: str(keys["name"]))
    return fleet.filter(_shares_no_host)


def _shares_no_host(fleet: list[Keys]) -> bool:
    hosts = [host for keys in fleet for host in keys.get("hosts", ())]
    return len(hosts) == len(set(hosts))


_SCALARS: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
)
_WRONG: Final = st.one_of(
    _SCALARS, st.lists(_SCALARS, max_size=2), st.dictionaries(st.text(max_size=5), _SCALARS, max_size=2)
)


@st.composite
def nearly_valid_tenants(draw: st.DrawFn, platform: Platform) -> Keys:
    """A tenant with one thing changed: a key that is gone or strange, or a value that may be wrong."""
    keys: Keys = draw(tenants(platform))
    key = draw(st.sampled_from(sorted(keys)))
    change = draw(st.sampled_from(["remove", "rename", "replace", "add", "taint"]))
    if change in ("remove", "rename"):
        value = keys.pop(key)
        if change == "rename":
            keys[draw(st.text(max_size=12))] = value
    elif change == "replace":
        keys[key] = draw(_WRONG)
    elif change == "add":
        keys[draw(st.text(max_size=12))] = draw(_WRONG)
    else:
        keys["name"] += draw(st.sampled_from(["\n", " ", "-", "/..", "\0", "\u200b", "A", "{{ .x }}"]))
    return keys


def plain_scalars() -> st.SearchStrategy[str]:
    """Text that a reader of YAML may take for a number, a boolean, a date or nothing."""
    number = st.from_regex(
        r"[-+]?(0[xob])?[0-9_]{0,4}([.:][0-9_]{0,3}){0,2}([eE][-+]?[0-9]{0,2})?[a-fA-F]?", fullmatch=True
    )
    word = st.sampled_from("yes no on off y n true false null ~ inf nan .inf -.inf .nan << = - 2024-01-31 1:2".split())
    cased = st.builds(lambda text, change: change(text), word, st.sampled_from([str.lower, str.upper, str.title]))
    other = st.text(string.ascii_letters + string.digits + "+-._:~<=/", min_size=1, max_size=8)
    return number | cased | other
