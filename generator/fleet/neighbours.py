"""IO in: the companies beside those that are looked at. Their files are searched as bytes, and few of them parsed.

A name or a host belongs to one company. Whoever looks at few of ten thousand needs to know of all others what they are
called and which hosts they have, and of each that shares a name or a host all that its file says. A text that holds
neither such a word nor a backslash holds no string with it: names and hosts are ASCII, and nothing but an escape writes
such a string in another way. And one that says nothing of hosts and states has neither.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from generator import layout
from generator.fleet.load import MAX_TENANT_BYTES, Sources, is_plain_path
from generator.fleet.states import ACTIVE, STATES
from generator.git.snapshot import Snapshot
from generator.kube.lenient import mapping, string, strings
from generator.reading import parsed
from generator.reading.files import BadFile
from generator.reading.yaml_reader import Document


def among_others(snapshot: Snapshot, own: Sources) -> tuple[Sources, Mapping[str, tuple[str, ...]]]:
    """Find the neighbours of some companies; what cannot be read of others is left out.

    Args:
        snapshot: The repository.
        own: The files of these companies, and platform.yaml.

    Returns:
        The same with the files of those that share a name or a host, or whose file is called alike but for case; and
        all hosts of each neighbour that has an Application, by its name.
    """
    domain = string(mapping(own.platform.data if own.platform else None).get("domain"))
    words = frozenset(word for document in own.tenants for word in _words(document.data, domain))
    files = frozenset(document.file for document in own.tenants)
    called = frozenset(_called(file) for file in files)
    told = (re.escape(word.encode(errors="surrogateescape")) for word in sorted(words))
    telling = re.compile(b"|".join((*_TELLING, *told)))
    rivals: list[Document] = []
    hosts: dict[str, tuple[str, ...]] = {}
    for file, raw in _texts(snapshot, files):
        is_twin = _called(file) in called
        if not is_twin and telling.search(raw) is None:
            name = layout.stem(file)
            hosts[name] = (f"{name}.{domain}",)
            continue
        document, _ = parsed.document(snapshot.parsed(file))
        if document is None:
            continue
        name, has = string(mapping(document.data).get("name")), frozenset(_words(document.data, domain))
        if is_twin or not has.isdisjoint(words):
            rivals.append(document)
        state = STATES.get(string(mapping(document.data).get("state")) or ACTIVE)
        if name and state is not None and state.has_entry:
            hosts[name] = tuple(_hosts(document.data, domain))
    tenants = tuple(sorted((*own.tenants, *rivals), key=attrgetter("file")))
    return replace(own, tenants=tenants), hosts


_TELLING: Final = (re.escape(b"\\"), b"hosts", b"state")


def _texts(snapshot: Snapshot, without: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for file in snapshot.under(layout.TENANTS):
        if file not in without and layout.is_tenant_file(file) and is_plain_path(file):
            try:
                yield file, snapshot.read(file, MAX_TENANT_BYTES)
            except BadFile:
                continue


def _called(file: str) -> str:
    return file.rpartition("/")[2].casefold()


def _words(data: Any, domain: str) -> Iterator[str]:
    name = string(mapping(data).get("name"))
    if name:
        yield name
        yield from _hosts(data, domain)


def _hosts(data: Any, domain: str) -> Iterator[str]:
    yield f"{mapping(data)['name']}.{domain}"
    yield from strings(mapping(data).get("hosts"))
