"""The door from platform.yaml to its record: the schema, then what a schema cannot say. Pure."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from generator import __version__, layout
from generator.findings.finding import Finding, Severity
from generator.findings.rule import Known
from generator.findings.table import finding
from generator.findings.words import did_you_mean
from generator.fleet import nodes, prices
from generator.fleet.model import (
    Accepted,
    AddOn,
    ArgoCD,
    Budget,
    Cluster,
    Exposure,
    Part,
    Plan,
    Platform,
    Provider,
    Required,
    Resources,
    Weakened,
)
from generator.fleet.rings import Freeze, Move, Ring
from generator.fleet.windows import hours
from generator.reachability.declared import read_declared, read_port
from generator.reachability.promises import read_neighbours
from generator.reachability.space import Addresses
from generator.reading import quantity
from generator.reading.schema import Checker, Path, dotted, package_schema, with_defaults
from generator.reading.yaml_reader import Document


def _platform_rule(path: Path, keyword: str) -> str:
    del path, keyword
    return "PLT001"


def platform_of(document: Document, rules: Known, findings: list[Finding]) -> Platform | None:
    """Return the record of platform.yaml, or None when it has errors.

    Args:
        document: The file.
        rules: Tells every rule by its id; asked only for a file that weakens some.
        findings: What is wrong with it is added here.
    """
    schema = package_schema("platform")
    refused = Checker(schema).check(document, _platform_rule)
    if not refused:
        checks = (
            _requires,
            _branches,
            _addresses,
            _peers,
            _upgrades,
            _storage,
            _ring_names,
            _moves,
            _freezes,
            _addons,
            _claims,
            _default_class,
            _own_keys,
            _accepted,
            _parts,
            nodes.problems,
            prices.problems,
        )
        refused = [found for check in checks for found in check(document)]
        refused += _weakenings(document, rules)
    findings.extend(refused)
    if refused:
        return None
    data = with_defaults(schema, document.data)
    (cluster_name, cluster), *_ = data["clusters"].items()
    reserve = data["reserve"]
    return Platform(
        repo_url=data["git"]["repoURL"],
        branch=data["git"]["branch"],
        publishing=data["git"]["publishing"],
        publishing_branch=data["git"]["publishingBranch"],
        domain=data["domain"],
        host_suffixes=(data["domain"], *data["hostSuffixes"]),
        exposure=data["exposure"],
        storage_class=data.get("storageClass", ""),
        cluster=Cluster(
            name=cluster_name,
            server=cluster["server"],
            kubernetes=_versions(cluster)[0],
            next_kubernetes=_versions(cluster)[1],
            addresses=Addresses(**{area: tuple(cidrs) for area, cidrs in cluster["network"]["addresses"].items()}),
            neighbours=read_neighbours(cluster["network"]),
            peers=read_declared(cluster["network"]),
            declared=_declared(cluster),
        ),
        service=data["service"]["workload"],
        plans={name: _plan(name, plan) for name, plan in data["plans"].items()},
        reserve=_ceiling({"overcommit": 1, "cpu": "0", "memory": "0"} | reserve),
        addons={name: _addon(name, addon) for name, addon in data["addons"].items()},
        rings=tuple(map(_ring, data["rings"])),
        argocd=ArgoCD(
            namespace=data["argocd"]["namespace"],
            shards=data["argocd"]["shards"],
            requeue_after_seconds=data["argocd"]["requeueAfterSeconds"],
            links=data["argocd"]["links"],
            url=data["argocd"].get("url", ""),
        ),
        budget=budget_of(data.get("budget", {})),
        unavailable_page=data.get("unavailablePage", ""),
        retired_names=data["retiredNames"],
        rules={rule: Weakened(severity=one["severity"], reason=one["reason"]) for rule, one in data["rules"].items()},
        provider=Provider(**_named(data["argocd"]["platform"])),
        parts={name: Part(name=name, **_named(part)) for name, part in data["parts"].items()},
        registries=tuple(data["registries"]),
        requires={
            declared["workload"]: _required(declared["requires"])
            for declared in (data["service"], *data["addons"].values())
            if "requires" in declared
        },
        inert={what: tuple(keys) for what, keys in data["metadata"].items()},
        accepted=tuple(accepted_of(index, one) for index, one in enumerate(data["accepted"])),
        document=document,
        nodes=nodes.read(data),
        prices=prices.read(data),
        freezes=tuple(map(_freeze, data["freezes"])),
        image_digests=data["imageDigests"],
    )


def budget_of(data: Mapping[str, Any]) -> Budget:
    """Return the record of `budget`, which its schema has checked."""
    others = {key: value for key, value in data.items() if key != "purgesPerDay"}
    return Budget(**others, purges_per_day=data.get("purgesPerDay"))


def accepted_of(index: int, data: Mapping[str, Any]) -> Accepted:
    """Return the record of an entry of `accepted`, which its schema has checked."""
    return Accepted(**{"name": "", **data, "proofs": tuple(data["proofs"])}, index=index)


def _declared(cluster: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return what fields of base/ may be, by the name that the model has for it; nothing where nothing is said."""
    network = cluster["network"]
    said = {f"secrets.{key}": value for key, value in cluster.get("secrets", {}).items()}
    said |= {f"gateway.{key}": network["gateway"].get(key) for key in ("namespace", "name", "listener")}
    said["ingress.class"] = network["ingress"].get("class")
    classes = tuple(cluster["storageClasses"])
    return {key: (value,) for key, value in said.items() if value} | ({"storageClasses": classes} if classes else {})


def _named(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record as its class calls them; lists are tuples."""
    names = {"clusterKinds": "cluster_kinds"}
    return {names.get(key, key): tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _required(data: Mapping[str, Any]) -> Required:
    return Required(mounts=data.get("mounts", {}), args=tuple(data.get("args", ())))


def _ring(data: Mapping[str, Any]) -> Ring:
    moves = data.get("next")
    return Ring(
        name=data["name"],
        release=data["release"],
        guard=data["guard"],
        soak=hours(data["soak"]),
        batch=data["batch"],
        next=Move(release=moves["release"], share=moves["share"], waiting=tuple(moves["waiting"])) if moves else None,
        reason=data["reason"],
        seen=data["seen"],
    )


def _freeze(data: Mapping[str, Any]) -> Freeze:
    until = date.fromisoformat(data["until"]) if "until" in data else None
    return Freeze(since=date.fromisoformat(data["from"]), until=until, reason=data["reason"])


def _plan(name: str, data: Mapping[str, Any]) -> Plan:
    return Plan(
        name=name,
        ceiling=_ceiling(data),
        min_replicas=data["minReplicas"],
        max_replicas=data.get("maxReplicas"),
        storage=quantity.octets(data["storage"]["default"]),
        max_storage=quantity.octets(data["storage"]["max"]),
        availability=data["availability"],
        price=prices.amount(data.get("price")),
    )


def _addon(name: str, data: Mapping[str, Any]) -> AddOn:
    return AddOn(
        name=name,
        workload=data["workload"],
        component=data.get("component", data["workload"]),
        ceiling=_ceiling(data),
        max_replicas=data.get("maxReplicas"),
        host_prefix=data.get("hostPrefix", ""),
        calls=tuple(data["calls"]),
        reaches=tuple(data["reaches"]),
        storage=quantity.octets(data["storage"]) if "storage" in data else 0,
        claim=data.get("claim", ""),
        facts=data["facts"],
        price=prices.amount(data.get("price")),
    )


def _ceiling(data: Mapping[str, Any]) -> Resources:
    cpu, memory, overcommit = (
        quantity.millicores(data["cpu"]),
        quantity.octets(data["memory"]),
        data["overcommit"],
    )
    return Resources(
        requests_cpu=cpu // overcommit,
        limits_cpu=cpu,
        requests_memory=memory // overcommit,
        limits_memory=memory,
    )


def _requires(document: Document) -> Iterator[Finding]:
    wanted = document.data["requires"]
    try:
        fits = SpecifierSet(wanted).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        place = document.place(("requires",))
        yield finding("PLT001", place, f"requires: {wanted!r} is not a version specifier", "for example >=0.1,<0.2")
        return
    if not fits:
        fact = f"this is tenantry {__version__}, and platform.yaml requires {wanted}"
        hint = (
            "install the one that this repository pins: python3 -I .tenantry/tools/install.py DIR; or change `requires`"
        )
        yield finding("PLT002", document.place(("requires",)), fact, hint)


def _branches(document: Document) -> Iterator[Finding]:
    git = with_defaults(package_schema("platform"), document.data)["git"]
    if git["publishing"] == "branch" and git["publishingBranch"] == git["branch"]:
        place = document.place(("git", "publishingBranch"))
        fact = f"git.publishingBranch: {git['branch']!r} is the branch that pull requests are merged into"
        yield finding("PLT001", place, fact, "give generated files a branch of their own")


def _addresses(document: Document) -> Iterator[Finding]:
    for path, text in _cidrs(document.data):
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            yield finding("PLT001", document.place(path), f"{dotted(path)}: {error}")


def _cidrs(data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    found: dict[Path, Sequence[str]] = {
        ("addons", name, "reaches"): addon.get("reaches", ()) for name, addon in data.get("addons", {}).items()
    }
    for name, cluster in data["clusters"].items():
        network: Path = ("clusters", name, "network")
        found |= {(*network, "addresses", area): cidrs for area, cidrs in cluster["network"]["addresses"].items()}
        found[*network, "dns", "nodeLocal"] = cluster["network"]["dns"].get("nodeLocal", ())
        for key, peer in _further(cluster["network"]):
            found[*network, *key, "cidrs"] = peer.get("cidrs", ())
    return (((*path, index), text) for path, texts in found.items() for index, text in enumerate(texts))


def _further(network: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Yield the peers that have a name of the provider's, with the two keys above each."""
    for key in ("destinations", "sources"):
        yield from (((key, name), peer) for name, peer in network.get(key, {}).items())


def _peers(document: Document) -> Iterator[Finding]:
    """A peer is pods by their namespace and labels, or addresses; and its ports are ports."""
    for name, cluster in document.data["clusters"].items():
        network = cluster["network"]
        for keys, peer in ((("collector",), network["collector"]), *_further(network)):
            path: Path = ("clusters", name, "network", *keys)
            if peer.keys() - {"ports"} not in ({"cidrs"}, {"namespace", "labels"}):
                fact = f"{dotted(path)}: it is pods, by `namespace` and `labels`, or addresses, by `cidrs`"
                yield finding("PLT001", document.place(path, key=True), fact, "write one of the two, and not both")
            for index, port in enumerate(peer.get("ports", ())):
                try:
                    read_port(port)
                except ValueError as error:
                    where: Path = (*path, "ports", index)
                    yield finding("PLT001", document.place(where), f"{dotted(where)}: {error}")


def _versions(cluster: Mapping[str, Any]) -> tuple[str, str]:
    """Return the version of a cluster, and the one that it is upgraded to, or nothing."""
    said = cluster["kubernetes"]
    return (said["now"], said["next"]) if isinstance(said, dict) else (said, "")


def _upgrades(document: Document) -> Iterator[Finding]:
    for name, cluster in document.data["clusters"].items():
        now, following = _versions(cluster)
        wanted = f"1.{int(now.partition('.')[2]) + 1}"
        if following and following != wanted:
            path: Path = ("clusters", name, "kubernetes", "next")
            fact = f"{dotted(path)}: Kubernetes {now} is upgraded to {wanted}, one minor version at a time"
            yield finding("PLT001", document.place(path), fact, f'write "{wanted}"')


def _storage(document: Document) -> Iterator[Finding]:
    for name, plan in document.data["plans"].items():
        size, most = plan["storage"]["default"], plan["storage"]["max"]
        if quantity.octets(size) > quantity.octets(most):
            path: Path = ("plans", name, "storage", "default")
            yield finding(
                "PLT001", document.place(path), f"plans.{name}.storage.default: {size} is more than max, {most}"
            )


def _ring_names(document: Document) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, ring in enumerate(document.data["rings"]):
        if ring["name"] in seen:
            yield finding("PLT001", document.place(("rings", index, "name")), f"there are two rings {ring['name']!r}")
        seen.add(ring["name"])


def _moves(document: Document) -> Iterator[Finding]:
    """A ring moves to another release than it is on."""
    for index, ring in enumerate(document.data["rings"]):
        if ring.get("next", {}).get("release") == ring["release"]:
            place = document.place(("rings", index, "next", "release"))
            fact = f"ring {ring['name']} is on {ring['release']} already"
            yield finding("PLT001", place, fact, "take `next` out")


def _freezes(document: Document) -> Iterator[Finding]:
    for index, freeze in enumerate(document.data.get("freezes", ())):
        path: Path = ("freezes", index)
        days = {}
        for key in ("from", "until"):
            try:
                days[key] = date.fromisoformat(freeze.get(key, "9999-12-31"))
            except ValueError:
                fact = f"freezes[{index}].{key}: there is no day {freeze[key]}"
                yield finding("PLT001", document.place((*path, key)), fact, "for example 2026-12-24")
        if len(days) == len(("from", "until")) and days["until"] < days["from"]:
            fact = f"freezes[{index}]: it ends on {freeze['until']}, before it begins on {freeze['from']}"
            yield finding("PLT001", document.place((*path, "until")), fact, "write a later day, or none")


def _addons(document: Document) -> Iterator[Finding]:
    """Two add-ons, or an add-on and the service, are told apart by their workload, their host and their folders."""
    data = document.data
    taken: dict[tuple[str, str], str] = {("workload", data["service"]["workload"]): "the service"}
    taken |= {("component", exposure): "the exposure" for exposure in get_args(Exposure)}
    taken["component", "facts"] = "the facts of core"
    for name, addon in data.get("addons", {}).items():
        for part in (*get_args(Exposure), "claim"):
            taken["component", f"{addon.get('component', addon['workload'])}-{part}"] = f"the {part} of add-on {name}"
    for name, addon in data.get("addons", {}).items():
        for key in ("workload", "component", "hostPrefix", "claim"):
            value = addon.get(key, addon["workload"] if key == "component" else "")
            other = taken.setdefault((key, value), f"add-on {name}") if value else f"add-on {name}"
            if other != f"add-on {name}":
                place = document.place(("addons", name, key if key in addon else "workload"))
                yield finding("PLT001", place, f"addons.{name}.{key}: {value} is that of {other}", "choose another")


def _default_class(document: Document) -> Iterator[Finding]:
    """The default of volumes is one of the classes that a cluster has, where these are declared."""
    of_all = document.data.get("storageClass")
    for name, cluster in document.data["clusters"].items():
        there = cluster.get("storageClasses", ())
        if of_all and there and of_all not in there:
            place = document.place(("storageClass",))
            fact = f"storageClass: {of_all} is none of clusters.{name}.storageClasses"
            yield finding("PLT001", place, fact, did_you_mean(of_all, there) or "declare it there as well")


def _claims(document: Document) -> Iterator[Finding]:
    """An add-on's volume is an object of base/guard that outlives the add-on, so it is known by its name."""
    for name, addon in document.data.get("addons", {}).items():
        if ("storage" in addon) is ("claim" in addon):
            continue
        place = document.place(("addons", name), key=True)
        folder = f"{layout.GUARD}/components/{addon.get('component', addon['workload'])}-claim"
        if "storage" in addon:
            fact = f"addons.{name}: storage is the size of a claim, and `claim` does not say of which"
            yield finding("PLT001", place, fact, f"run `tenantry upgrade`, or name that of {folder}: claim: NAME")
        else:
            fact = f"addons.{name}: the claim {addon['claim']} has no size"
            yield finding("PLT001", place, fact, "write storage: 10Gi, for example")


def _own_keys(document: Document) -> Iterator[Finding]:
    """A provider's own labels and annotations are read by nobody else: their keys have no prefix, or one of his."""
    data = document.data
    domains = (data["domain"], *data.get("hostSuffixes", ()))
    for what, keys in data.get("metadata", {}).items():
        for index, key in enumerate(keys):
            prefix, slash, _ = key.partition("/")
            if slash and not any(prefix == domain or prefix.endswith(f".{domain}") for domain in domains):
                place = document.place(("metadata", what, index))
                fact = (
                    f"metadata.{what}[{index}]: {prefix} is none of your domains: somebody else's program may read it"
                )
                hint = f"use a prefix such as {data['domain']}/, or accept the one object that has it, under `accepted`"
                yield finding("PLT001", place, fact, hint)


def _accepted(document: Document) -> Iterator[Finding]:
    """An entry names one object; of a Namespace there is one alone, whose name is the company's."""
    for index, one in enumerate(document.data.get("accepted", ())):
        if (one["kind"] == "Namespace") == ("name" in one):
            word = "a Namespace is called as its company: leave `name` out" if "name" in one else "`name` is missing"
            yield finding("PLT001", document.place(("accepted", index)), f"accepted[{index}]: {word}")


def _parts(document: Document) -> Iterator[Finding]:
    """A chart has namespaces and a name of its own: none is Argo CD's, argocd/platform/'s, a shard's or another's."""
    argocd = with_defaults(package_schema("platform"), document.data)["argocd"]
    taken = dict.fromkeys((argocd["namespace"], *argocd["platform"]["namespaces"]), "argocd/platform/")
    for name, part in document.data.get("parts", {}).items():
        if name == "platform" or layout.is_shard(name):
            place, fact = (
                document.place(("parts", name), key=True),
                f"parts.{name}: this is what tenantry calls its own",
            )
            yield finding("PLT001", place, fact, "give the part another name")
        for index, namespace in enumerate(part["namespaces"]):
            other = taken.setdefault(namespace, f"part {name}")
            if other != f"part {name}":
                place = document.place(("parts", name, "namespaces", index))
                fact = f"parts.{name}.namespaces[{index}]: {namespace} is that of {other}"
                yield finding("PLT001", place, fact, "give the chart a namespace of its own")


def _weakenings(document: Document, rules: Known) -> Iterator[Finding]:
    weakenings = document.data.get("rules", {})
    known = rules() if weakenings else {}
    for name, weakened in weakenings.items():
        place = document.place(("rules", name), key=True)
        rule = known.get(name)
        if rule is None:
            yield finding("PLT001", place, f"rules: there is no rule {name!r}", did_you_mean(name, known))
        elif rule.is_of_input:
            yield finding("PLT001", place, f"rules: {name} is applied while the input is read, and cannot be weakened")
        elif rule.firm:
            yield finding("PLT001", place, f"rules: {name} cannot be weakened: {rule.firm}")
        elif weakened["severity"] == "warn" and rule.severity is Severity.WARNING:
            yield finding("PLT001", place, f"rules: {name} is a warning already", "ignore takes it out")
