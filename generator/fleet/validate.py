"""The one door from parsed YAML to records: schemas first, then what a schema cannot say. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from functools import cache, partial, reduce
from pathlib import PurePosixPath
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Severity, in_order
from generator.findings.rule import Known
from generator.findings.table import finding
from generator.findings.words import did_you_mean
from generator.fleet.life import day, keys_of_the_state, life_of
from generator.fleet.load import Sources
from generator.fleet.model import Fleet, Overrides, Platform, QuotaFrom, Tenant
from generator.fleet.platform import platform_of
from generator.fleet.reserved import hosts_in, names_in, why_reserved
from generator.fleet.rings import Paused, Pin
from generator.fleet.states import GONE, RETIRED, STATES, SYNCED
from generator.fleet.windows import DAYS, Window, hours
from generator.kube.lenient import mapping, string, strings
from generator.reading import freetext, quantity
from generator.reading.schema import Checker, Path, dotted, package_schema, tenant_schema
from generator.reading.time_zones import zone_of
from generator.reading.yaml_reader import Document

_MAX_FQDN: Final = 253


_MAX_LABEL: Final = 63


Had = Callable[[Collection[Document]], Mapping[str, int]]
"""Tells how many bytes of storage companies had: their tenant files in, path -> bytes out."""


def had_nothing(documents: Collection[Document]) -> Mapping[str, int]:
    """Tell of no company that it had storage: every one of them is taken for new."""
    del documents
    return {}


def validate(sources: Sources, rules: Known, had: Had = had_nothing) -> tuple[Fleet | None, tuple[Finding, ...]]:
    """Check everything that can be known from the input alone.

    Args:
        sources: What was read.
        rules: Tells every rule by its id; asked only when platform.yaml weakens some.
        had: Tells what companies had before; asked only for those that have more than their plan allows.

    Returns:
        The fleet, or None when there is an error; and all findings of the run, in order.
    """
    findings = list(sources.findings)
    platform = platform_of(sources.platform, rules, findings) if sources.platform else None
    checker = Checker(_tenant_schema(platform) if platform else package_schema("tenant"))
    well_formed = []
    for document in sources.tenants:
        refused = (_of_tombstones() if _is_retired(document) else checker).check(document, _tenant_rule)
        findings.extend(refused)
        if not refused:
            well_formed.append(document)
    findings.extend(_names(well_formed, platform))
    findings.extend(_owned(well_formed, sources))
    if platform is None:
        return None, in_order(findings)
    for document in well_formed:
        findings.extend(_text(document))
        findings.extend(_days(document))
        findings.extend(keys_of_the_state(document, platform.unavailable_page))
        findings.extend(_zones(document))
    departed = [tombstone_of(document, platform) for document in well_formed if _is_whole_tombstone(document)]
    well_formed = [document for document in well_formed if not _is_retired(document)]
    findings.extend(found for document in well_formed for found in _sold(document, platform))
    findings.extend(found for document in well_formed for found in _of_no_class(document, platform))
    tenants = [tenant_of(document, platform) for document in well_formed if not any(_days(document))]
    findings.extend(found for tenant in tenants for found in _bounds(tenant))
    findings.extend(found for tenant in tenants for found in _quota_kept(tenant, platform))
    findings.extend(_storage_bounds(tenants, platform, had))
    findings.extend(_hosts(tenants, platform))
    if any(found.severity is Severity.ERROR for found in findings):
        return None, in_order(findings)
    running = [tenant for tenant in tenants if STATES[tenant.state].has_entry]
    departed += [tenant for tenant in tenants if not STATES[tenant.state].has_entry]
    return Fleet(platform=platform, tenants=_by_name(running), departed=_by_name(departed)), in_order(findings)


def _by_name(tenants: Iterable[Tenant]) -> tuple[Tenant, ...]:
    return tuple(sorted(tenants, key=lambda tenant: tenant.name))


def validate_in_part(
    sources: Sources, rules: Known, had: Had = had_nothing
) -> tuple[Fleet | None, tuple[Finding, ...]]:
    """Check what `validate` checks, and leave out the tenants whose files have errors.

    Args:
        sources: What was read.
        rules: As for `validate`.
        had: As for `validate`.

    Returns:
        The fleet of the others, or None when platform.yaml has errors; and all findings of the run, in order.
    """
    findings: list[Finding] = []
    while True:
        fleet, found = validate(sources, rules, had)
        findings += found
        wrong = {problem.place.file for problem in found if problem.severity is Severity.ERROR}
        if fleet is not None or sources.platform is None or sources.platform.file in wrong:
            return fleet, in_order(findings)
        kept = tuple(document for document in sources.tenants if document.file not in wrong)
        sources = Sources(sources.platform, kept, ())


def _tenant_rule(path: Path, keyword: str) -> str:
    if keyword == "type":
        return "TEN009"
    if keyword in ("pattern", "minLength", "maxLength"):
        return {"name": "TEN001", "displayName": "TEN010", "hosts": "TEN014"}.get(str(path[0]), "TEN006")
    return "TEN006"


def tenant_of(document: Document, platform: Platform) -> Tenant:
    """Make the record of a tenant file; what it leaves out comes from the platform.

    Args:
        document: A file in which the schema finds nothing wrong.
        platform: The provider's numbers.
    """
    data = document.data
    plan = platform.plans[data["plan"]]
    overrides = Overrides(
        min_replicas=data.get("overrides", {}).get("minReplicas"),
        max_replicas=data.get("overrides", {}).get("maxReplicas"),
    )
    pin = _pin(data.get("pin"))
    return Tenant(
        name=data["name"],
        display_name=data.get("displayName", data["name"]),
        plan=data["plan"],
        addons=tuple(name for name in platform.addons if name in data.get("addons", ())),
        kept=tuple(claim for claim in platform.claims if claim in data.get("kept", ())),
        ring=platform.ring(data.get("ring", platform.default_ring.name)).for_company(data["name"], pin),
        hosts=(f"{data['name']}.{platform.domain}", *data.get("hosts", ())),
        storage=quantity.octets(data["storage"]) if "storage" in data else plan.storage,
        storage_class=data.get("storageClass", platform.storage_class),
        overrides=overrides,
        document=document,
        quota_from=_quota_from(data.get("quotaFrom")),
        expires=day(data.get("expires")),
        pin=pin,
        paused=_paused(data.get("paused")),
        window=_window(data.get("maintenance")),
        **life_of(data),
    )


def tombstone_of(document: Document, platform: Platform) -> Tenant:
    """Make the record of a company that is gone: plan, add-ons and storage are those of then, and mean nothing here.

    Args:
        document: A file in which the schema finds nothing wrong.
        platform: The provider's numbers.
    """
    data = document.data
    return Tenant(
        name=data["name"],
        display_name=data.get("displayName", data["name"]),
        plan=data["plan"],
        addons=tuple(data.get("addons", ())),
        ring=platform.default_ring,
        hosts=(f"{data['name']}.{platform.domain}", *data.get("hosts", ())),
        storage=0,
        storage_class="",
        overrides=Overrides(),
        document=document,
        **life_of(data),
    )


def tenant_in(document: Document, platform: Platform) -> Tenant | None:
    """Make the record of a tenant file by itself; None when something in it is not of the form that it needs."""
    well_formed = Checker(_tenant_schema(platform)).accepts(document.data) and not any(_days(document))
    return tenant_of(document, platform) if well_formed else None


def _quota_from(data: Mapping[str, str] | None) -> QuotaFrom | None:
    return QuotaFrom(plan=data["plan"], since=date.fromisoformat(data["since"])) if data else None


def tenant_schema_of(platform: Platform) -> dict[str, Any]:
    """Return the schema of tenant files of one platform, as editors get it."""
    rings = [ring.name for ring in platform.rings]
    return tenant_schema(tuple(platform.plans), tuple(platform.addons), rings, tuple(platform.claims))


def _pin(data: Mapping[str, str] | None) -> Pin | None:
    if data is None:
        return None
    return Pin(release=data["release"], until=date.fromisoformat(data["until"]), reason=data["reason"])


def _paused(data: Mapping[str, str] | None) -> Paused | None:
    return Paused(until=date.fromisoformat(data["until"]), reason=data["reason"]) if data else None


def _window(data: Mapping[str, Any] | None) -> Window | None:
    zone = zone_of(data["timeZone"]) if data else None
    if data is None or zone is None:
        return None  # `_zones` says that there is none of that name
    days = tuple(sorted(DAYS.index(day) for day in data["days"]))
    return Window(days=days, opens=time.fromisoformat(data["from"]), length=hours(data["for"]), zone=zone)


def _tenant_schema(platform: Platform) -> Mapping[str, Any]:
    """Return the platform's schema of tenant files; `_sold` says better which add-ons and claims there are not."""
    schema = tenant_schema_of(platform)
    schema["properties"]["plan"]["x-otherwise"] = "write one of these, or declare it in platform.yaml under plans"
    for key in ("addons", "kept"):
        schema["properties"][key] = package_schema("tenant")["properties"][key]
    return schema


def _sold(document: Document, platform: Platform) -> Iterator[Finding]:
    name = document.data["name"]
    for index, addon in enumerate(document.data.get("addons", ())):
        if addon not in platform.addons:
            way = f"take it out: tenantry set {name} addons-={addon} && tenantry generate; or sell it in platform.yaml"
            fact = f"addons: this platform has no add-on {addon!r}"
            hint = did_you_mean(addon, platform.addons) or way
            yield finding("TEN006", document.place(("addons", index)), fact, hint)
    for index, claim in enumerate(document.data.get("kept", ())):
        place, out = document.place(("kept", index)), f"tenantry set {name} kept-={claim}"
        addon = platform.claims.get(claim)
        if addon is None:
            hint = did_you_mean(claim, platform.claims) or f"declare it in platform.yaml; or take it out: {out}"
            yield finding("TEN006", place, f"kept: no add-on of this platform has a claim {claim!r}", hint)
        elif addon.name in document.data.get("addons", ()):
            fact = f"kept: {claim} is the claim of {addon.name}, which the company has"
            yield finding("TEN006", place, fact, f"take it out: {out}")


_DAYS: Final[tuple[Path, ...]] = (
    ("quotaFrom", "since"),
    ("expires",),
    ("retireOn",),
    ("hold", "since"),
    ("confirmed", SYNCED, "date"),
    ("confirmed", GONE, "date"),
    ("tombstone", "since"),
    ("pin", "until"),
    ("paused", "until"),
)
"""Where a tenant file states a day."""


def _days(document: Document) -> Iterator[Finding]:
    """TEN029: a day of the right form is one that the calendar has."""
    if document.data.keys().isdisjoint(path[0] for path in _DAYS):
        return
    for *above, key in _DAYS:
        text = reduce(lambda data, step: mapping(data.get(step)), above, document.data).get(key)
        try:
            date.fromisoformat(text or "2000-01-01")
        except ValueError:
            fact = f"{dotted((*above, key))}: there is no day {text}"
            yield finding("TEN029", document.place((*above, key)), fact, "for example 2026-12-31")


def _is_retired(document: Document) -> bool:
    return mapping(document.data).get("state") == RETIRED


def _is_whole_tombstone(document: Document) -> bool:
    return _is_retired(document) and not any(_days(document)) and "tombstone" in document.data


@cache
def _of_tombstones() -> Checker:
    """Check the file of a company that is gone: the plan that it had may be sold no more."""
    return Checker(package_schema("tenant"))


def _zones(document: Document) -> Iterator[Finding]:
    """REL003: a time zone is one that there is."""
    name = mapping(document.data.get("maintenance")).get("timeZone")
    if name is not None and zone_of(name) is None:
        fact = f"maintenance.timeZone: there is no time zone {name!r}"
        hint = "write a name of the IANA database, for example Asia/Tokyo"
        yield finding("REL003", document.place(("maintenance", "timeZone")), fact, hint)


def _quota_kept(tenant: Tenant, platform: Platform) -> Iterator[Finding]:
    """TEN028: what is kept from another plan is more than the tenant's own plan gives."""
    before = tenant.quota_from
    if before is None:
        return
    had, has = platform.plans[before.plan].ceiling, platform.plans[tenant.plan].ceiling
    if had.is_within(has):
        fact = f"quotaFrom.plan: plan {before.plan} has nothing that plan {tenant.plan} lacks"
        hint = f"take it out: tenantry set {tenant.name} quotaFrom="
        yield finding("TEN028", tenant.document.place(("quotaFrom", "plan")), fact, hint)


def _of_no_class(document: Document, platform: Platform) -> Iterator[Finding]:
    if "storageClass" not in document.data:
        return
    name, stated = document.data["name"], document.data["storageClass"]
    there = platform.cluster.declared.get("storageClasses", ())
    if there and stated not in there:
        fact = f"storageClass: the cluster has no class {stated!r}"
        way = f"declare it under clusters.{platform.cluster.name}.storageClasses of platform.yaml"
        yield finding("TEN006", document.place(("storageClass",)), fact, did_you_mean(stated, there) or way)
    elif not platform.storage_class:
        fact = "storageClass: this platform has no storage class of its own, so nothing in base/ reads one"
        hint = f"write storageClass: {stated} into platform.yaml; or take it out: tenantry set {name} storageClass="
        yield finding("TEN006", document.place(("storageClass",)), fact, hint)


def _bounds(tenant: Tenant) -> Iterator[Finding]:
    place = tenant.document.place
    least, most_pods = tenant.overrides.min_replicas, tenant.overrides.max_replicas
    if least is not None and most_pods is not None and least > most_pods:
        fact = f"overrides.minReplicas: {least} is more than overrides.maxReplicas, {most_pods}"
        yield finding("TEN027", place(("overrides", "minReplicas")), fact)


def _storage_bounds(tenants: Sequence[Tenant], platform: Platform, had: Had) -> Iterator[Finding]:
    """TEN026: a volume never shrinks, so what a company had before its plan became smaller may stay, and no more."""
    above = [tenant for tenant in tenants if tenant.storage > platform.plans[tenant.plan].max_storage]
    before = had([tenant.document for tenant in above]) if above else {}
    for tenant in above:
        plan, kept = platform.plans[tenant.plan], before.get(tenant.document.file, 0)
        if tenant.storage <= kept:
            continue
        asked, most = quantity.bytes_text(tenant.storage), quantity.bytes_text(plan.max_storage)
        fact = f"storage: {asked} is more than the {most} of plan {plan.name}"
        if kept > plan.max_storage:
            most = quantity.bytes_text(kept)
            fact += f", and than the {most} that the company has: that may stay, and not grow"
        hint = f"tenantry set {tenant.name} storage={most}"
        yield finding("TEN026", tenant.document.place(("storage",)), fact, hint)


def _names(documents: Sequence[Document], platform: Platform | None) -> Iterator[Finding]:
    declared: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        declared[document.data["name"]].append(document)
    retired = platform.retired_names if platform else {}
    for document in documents:
        name: str = document.data["name"]
        place = partial(document.place, ("name",))
        stem = layout.stem(document.file)
        if stem != name:
            fact = f"the file is named {stem}, its tenant {name}"
            yield finding("TEN002", place(), fact, f"rename the file to {name}.yaml, or fix the name")
        if reason := why_reserved(name):
            yield finding("TEN004", place(), f"the name {name!r} is reserved: {reason}", "choose another name")
        if name in retired:
            fact = f"{name!r} was retired on {retired[name]}; names are never used again"
            yield finding("TEN005", place(), fact, "choose another name")
        twin = next((item for item in declared[name] if item is not document), None)
        if twin:
            fact = f"the tenant {name!r} is declared in {twin.file} too"
            yield finding("TEN003", place(), fact, "keep one of the two")
    folded: dict[str, str] = {}
    for document in documents:
        other = folded.setdefault(document.file.rpartition("/")[2].casefold(), document.file)
        if other != document.file and PurePosixPath(other).name != PurePosixPath(document.file).name:
            yield finding("TEN003", document.place(), f"the file's name differs from {other} in case alone")


def _owned(documents: Sequence[Document], sources: Sources) -> Iterator[Finding]:
    """TEN004, TEN014: what a company calls its own is not what the platform has already.

    A company that has an overlay was there before: if base/ or argocd/platform/ names it, that is a mistake there,
    which KUS008, MOD004 and others find where it stands.
    """
    if sources.platform is None:
        return
    base = {file: text for file, text in sources.beside.items() if file.startswith(f"{layout.BASE}/")}
    others = {file: text for file, text in sources.beside.items() if file not in base}
    others[layout.PLATFORM] = sources.platform.text
    new = [document for document in documents if document.data["name"] not in sources.generated]
    yield from _owned_names(documents, {layout.PLATFORM: sources.platform.text})
    yield from _owned_names(new, dict(sources.beside))
    data = mapping(sources.platform.data)
    domains = (string(data.get("domain")), *strings(data.get("hostSuffixes")))
    addons = mapping(data.get("addons")).values()
    prefixes = [prefix for addon in addons if (prefix := string(mapping(addon).get("hostPrefix")))]
    old = [document for document in documents if document.data["name"] in sources.generated]
    yield from _owned_hosts(_standard_hosts(old, domains[0], prefixes), others, domains)
    hosts = [*_standard_hosts(new, domains[0], prefixes), *_further_hosts(documents)]
    yield from _owned_hosts(hosts, others | base, domains)


def _owned_names(documents: Sequence[Document], texts: Mapping[str, str]) -> Iterator[Finding]:
    taken = names_in(texts, [document.data["name"] for document in documents])
    for document in documents:
        name = document.data["name"]
        if name in taken and not why_reserved(name):
            place, what = taken[name]
            fact = f"the name {name!r} is reserved: {place} has it as {what}"
            hint = "choose another name; if that place means this company, take the name out there"
            yield finding("TEN004", document.place(("name",)), fact, hint)


_Decided = tuple[str, Document, Path]
"""A host, and what decides it: a file, and the path of the value in it."""


def _standard_hosts(documents: Sequence[Document], domain: str, prefixes: Collection[str]) -> Iterator[_Decided]:
    for document in documents:
        standard = f"{document.data['name']}.{domain}"
        hosts = (standard, *(f"{prefix}--{standard}" for prefix in prefixes))
        yield from ((host, document, ("name",)) for host in hosts)


def _further_hosts(documents: Sequence[Document]) -> Iterator[_Decided]:
    for document in documents:
        for index, host in enumerate(document.data.get("hosts", ())):
            yield host, document, ("hosts", index)


def _owned_hosts(decided: Iterable[_Decided], texts: Mapping[str, str], domains: Collection[str]) -> Iterator[Finding]:
    decided = tuple(decided)
    taken = hosts_in(texts, {host for host, _, _ in decided}.difference(domains))  # TEN014 says so of the domains
    for host, document, path in decided:
        if host in taken:
            fact = f"{host!r} is a host of the platform ({taken[host]})"
            hint = "choose another; if that place means this company, take the host out there"
            yield finding("TEN014", document.place(path), fact, hint)


def _text(document: Document) -> Iterator[Finding]:
    text = document.data.get("displayName")
    if text is None:
        return
    if problem := freetext.problem(text):
        fact, hint = problem
        yield finding("TEN010", document.place(("displayName",)), f"displayName: {fact}", hint)


def _hosts(tenants: Sequence[Tenant], platform: Platform) -> Iterator[Finding]:
    holders: dict[str, list[Tenant]] = defaultdict(list)
    for tenant in tenants:
        for host in dict.fromkeys(tenant.hosts):
            holders[host].append(tenant)
        yield from _own_hosts(tenant, platform)
    for host, sharing in holders.items():
        owner = next((tenant for tenant in sharing if tenant.hosts[0] == host), None)
        for tenant in sharing:
            if tenant is owner or len(sharing) == 1 or host not in tenant.hosts[1:]:
                continue
            place = tenant.document.place(("hosts", tenant.hosts[1:].index(host)))
            if owner:
                yield finding("TEN013", place, f"{host!r} is the standard host of {owner.name}", "remove it here")
            else:
                other = next(item for item in sharing if item is not tenant)
                fact = f"{host!r} is a host of {other.name} too ({other.document.file})"
                yield finding("TEN013", place, fact, "a host belongs to one tenant: remove it here or there")


def _own_hosts(tenant: Tenant, platform: Platform) -> Iterator[Finding]:
    standard = tenant.hosts[0]
    longest = max((standard, *(addon.host(standard) for addon in platform.addons.values())), key=len)
    if len(longest) > _MAX_FQDN:
        fact = f"the host {longest} has {_too_long(longest, _MAX_FQDN)}"
        yield finding("TEN015", tenant.document.place(("name",)), fact, "choose a shorter name")
    for index, host in enumerate(tenant.hosts[1:]):
        place = partial(tenant.document.place, ("hosts", index))
        long = next((label for label in host.split(".") if len(label) > _MAX_LABEL), None)
        if long:
            fact = f"the label {long!r} has {_too_long(long, _MAX_LABEL)}"
            yield finding("TEN015", place(), fact, "choose a shorter host")
        if host == standard:
            yield finding("TEN013", place(), f"{host!r} is this tenant's standard host already", "remove it here")
        elif host in platform.host_suffixes:
            yield finding("TEN014", place(), f"{host!r} is the platform's own domain", f"use a host under {standard}")
        elif host.endswith(f".{platform.domain}"):
            if not host.endswith(f".{standard}"):
                fact = f"{host!r} lies under {platform.domain}, where each tenant has the host of its own name alone"
                yield finding("TEN014", place(), fact, f"use a host under {standard} or another allowed suffix")
        elif not any(host.endswith(f".{suffix}") for suffix in platform.host_suffixes[1:]):
            fact = f"{host!r} is not under an allowed suffix"
            suffixes = ", ".join(platform.host_suffixes[1:])
            hint = f"allowed: {suffixes}" if suffixes else "platform.yaml has no hostSuffixes"
            yield finding("TEN014", place(), fact, hint)


def _too_long(text: str, most: int) -> str:
    return f"{len(text)} characters, {len(text) - most} more than the {most} allowed"
