# ruff: noqa: E501 -- what is said is shown in one piece
"""What could tell companies apart is refused in base/; what takes a name for an opaque text is not."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from generator.kube import branching

NAME = "source: {kind: TenantFacts, name: tenant, fieldPath: spec.name}"
PLAN = "source: {kind: TenantFacts, name: tenant, fieldPath: spec.storage}"
SELECT = "select: {kind: Deployment, name: a}"


def found(*texts: str) -> list[str]:
    """Return where and what is refused in kustomizations."""
    documents: Mapping[str, Any] = {str(number): yaml.safe_load(text) for number, text in enumerate(texts)}
    return [f"{'.'.join(map(str, branch.path))}: {branch.fact}" for branch in branching.branches(documents)]


def replacement(source: str, *targets: str) -> str:
    """Write a kustomization with one replacement."""
    return f"replacements: [{{{source}, targets: [{', '.join(f'{{{target}}}' for target in targets)}]}}]"


BRANCHING = {
    "a patch by a label": (
        "patches: [{target: {kind: NetworkPolicy, labelSelector: 'who notin (company-00004)'}, path: open.yaml}]",
        "patches.0.target.labelSelector: it selects by labels, which may hold a company's name",
    ),
    "a replacement by an annotation": (
        replacement(PLAN, "select: {kind: Deployment, annotationSelector: who=x}, fieldPaths: [spec.a]"),
        "replacements.0.targets.0.select.annotationSelector: it selects by annotations, which may hold a company's name",
    ),
    "a rejection by a label": (
        replacement(PLAN, f"{SELECT}, reject: [{{labelSelector: who=x}}], fieldPaths: [spec.a]"),
        "replacements.0.targets.0.reject.0.labelSelector: it selects by labels, which may hold a company's name",
    ),
    "an expression in a target": (
        "patches: [{target: {kind: Service, name: 'company-.*[02468]'}, path: open.yaml}]",
        "patches.0.target.name: 'company-.*[02468]' is an expression, which may match a company's name",
    ),
    "an expression in select": (
        replacement(PLAN, "select: {kind: 'Deployment|Job'}, fieldPaths: [spec.a]"),
        "replacements.0.targets.0.select.kind: 'Deployment|Job' is an expression, which may match a company's name",
    ),
    "an expression in a source": (
        replacement("source: {kind: Service, name: 'company-0+4'}", f"{SELECT}, fieldPaths: [spec.a]"),
        "replacements.0.source.name: 'company-0+4' is an expression, which may match a company's name",
    ),
    "an expression in an image": (
        "images: [{name: 'registry.example.com/company-.*', newTag: '1'}]",
        "images.0.name: 'registry.example.com/company-.*' is an expression",
    ),
    "a part of the name": (
        replacement(f"{NAME[:-1]}, options: {{delimiter: '-', index: 1}}}}", f"{SELECT}, fieldPaths: [spec.a]"),
        "replacements.0.source.options.delimiter: spec.name is split at '-', and may hold a company's name",
    ),
    "a part of a host": (
        replacement(
            "source: {kind: TenantFacts, fieldPath: spec.hosts.1, options: {delimiter: .}}",
            f"{SELECT}, fieldPaths: [spec.a]",
        ),
        "replacements.0.source.options.delimiter: spec.hosts.1 is split at '.', and may hold a company's name",
    ),
    "a part of what another object may have of the name": (
        replacement("source: {kind: ConfigMap, fieldPath: data.x, options: {delimiter: a}}", SELECT),
        "replacements.0.source.options.delimiter: data.x is split at 'a', and may hold a company's name",
    ),
    "a text that is split where a name may be": (
        replacement(PLAN, f"{SELECT}, fieldPaths: [spec.a], options: {{delimiter: '-', index: 1}}"),
        "replacements.0.targets.0.options.delimiter: spec.a is split at '-', which a company's name or host may have",
    ),
    "an entry of a list by an expression": (
        replacement(PLAN, f"{SELECT}, fieldPaths: ['spec.list.[who=company-.*].a']"),
        "replacements.0.targets.0.fieldPaths.0: [who=company-.*] picks by an expression, which may match a company's name",
    ),
}


@pytest.mark.parametrize("case", BRANCHING)
def test_a_release_that_could_tell_companies_apart_is_refused(case: str) -> None:
    """With the place to change, and why."""
    text, expected = BRANCHING[case]

    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "patches: [{target: {kind: Deployment, name: ^a$}, path: a.yaml}]",
        "patches: [{target: {kind: ConfigMap, name: 'a[.]b'}, path: a.yaml}]",
        "images: [{name: registry.example.com:5000/a, newTag: '1'}]",
        replacement(NAME, f"{SELECT}, fieldPaths: ['spec.list.[name=a].value']"),
        replacement(NAME, "select: {kind: RoleBinding}, fieldPaths: [subjects.*.name], options: {delimiter: ':'}"),
        replacement(NAME, f"{SELECT}, fieldPaths: [spec.hosts.0], options: {{delimiter: '--', index: 1}}"),
        replacement(f"{PLAN[:-1]}, options: {{delimiter: '-'}}}}", f"{SELECT}, fieldPaths: [spec.a]"),
        replacement("source: {kind: Service, name: a, options: {delimiter: ':'}}", f"{SELECT}, fieldPaths: [spec.a]"),
    ],
)
def test_what_takes_a_name_as_a_whole_is_not_refused(text: str) -> None:
    """Plain names, entries by a key that no fact is written to, and splitting where no name can be split."""
    assert found(text) == []


def test_an_entry_is_not_picked_by_what_a_fact_was_written_to() -> None:
    """Neither in the kustomization that writes it nor in another one."""
    writes = replacement(NAME, f"{SELECT}, fieldPaths: [spec.list.0.who]")
    picks = replacement(PLAN, f"{SELECT}, fieldPaths: ['spec.list.[who=company-00004].a']")

    assert found(writes, picks) == [
        "replacements.0.targets.0.fieldPaths.0: [who=company-00004] picks by who, which is written from a fact of the company"
    ]


def test_an_entry_of_another_object_is() -> None:
    """A key of the same name elsewhere holds no fact."""
    writes = replacement(NAME, "select: {kind: RoleBinding}, fieldPaths: [subjects.0.name]")
    picks = replacement(PLAN, f"{SELECT}, fieldPaths: ['spec.list.[name=a].value']")

    assert found(writes, picks) == []


def test_a_host_is_not_split_after_it_was_written() -> None:
    """Not even at the hyphens before an add-on's host: a host of a company's own may have two as well."""
    writes = replacement(NAME, f"{SELECT}, fieldPaths: [spec.hosts]")
    splits = replacement(PLAN, f"{SELECT}, fieldPaths: [spec.hosts.0], options: {{delimiter: '--', index: 1}}")

    assert found(writes, splits) == [
        "replacements.0.targets.0.options.delimiter: spec.hosts.0 is split at '--', which a company's name or host may have"
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("name: company-00004", "company-00004"),
        ("key: tenants/company-00004/x", "company-00004"),
        ("image: registry/company.00004:1", "company-00004"),
        ('name: "compan\\u0079-00004"', "company-00004"),
        ('patch: "- {value: \\"compan\\\\u0079-00004\\"}"', "company-00004"),
        ("host: chat--files.atelier.example", "files.atelier.example"),
    ],
)
def test_a_text_that_may_be_a_company_is_a_word_of_base(text: str, word: str) -> None:
    """However it is written."""
    assert word in branching.words([text])
