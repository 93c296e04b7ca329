"""The offline ApplicationSet expander: its answers are examples, and tests/slow holds them to Argo CD's own code."""

import contextlib
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.applicationset import Effect, Globbing, Problem, expand, expand_all, gotemplate, stored_size
from generator.applicationset.expand import _Plan
from generator.applicationset.globbing import FolderError, PatternError, matching
from generator.applicationset.gotemplate import RenderError, Template, UnsupportedTemplateError
from generator.applicationset.goyaml import GoYamlError, UnsupportedYamlError, decode
from generator.generate import argocd
from tests.applicationset.expansion_cases import ENTRIES, FOLDER, SETS, Case, application_set, entry, values, without
from tests.slow.builds import ROOT

TEXTS = st.sampled_from(["", "acme", "purging", "true", "a: b", "\ue000plan\ue000", 'say "x"\\', "{{ .plan }}", "株"])
PARTS = st.sampled_from(
    [
        "{{ .tenant }}",
        "{{.plan}}x",
        "{{ .none }}",
        '{{ eq .state "purging" }}',
        "{{ .path.filename }}",
        "{{ toJson .plan }}",
    ]
)


@given(st.data())
def test_entries_that_are_alike_are_worked_out_once_and_exactly(data: st.DataObject) -> None:
    """Whatever a template does with a parameter, and whatever that says, each entry becomes what it does by itself."""
    appset = application_set()
    template = appset["spec"]["template"]
    template["spec"]["info"].append({"name": data.draw(PARTS), "value": data.draw(PARTS)})
    template["metadata"]["labels"][data.draw(PARTS)] = data.draw(PARTS)
    if data.draw(st.booleans()):
        template["metadata"]["finalizers"] = [data.draw(PARTS), "acme"]
    if data.draw(st.booleans()):
        appset["spec"]["templatePatch"] = f"metadata: {{finalizers: [{data.draw(PARTS)}]}}"
    try:
        plan = _Plan(appset)
    except ValueError:
        return
    for _ in range(3):
        changed = {key: data.draw(TEXTS) for key in ("tenant", "plan", "state") if data.draw(st.booleans())}
        params = {**values(**changed), "path": {"filename": data.draw(TEXTS)}}
        try:
            expected: Any = plan.application(params)
        except ValueError as error:
            expected = str(error)
        try:
            given_back: Any = plan.of_entry(params)
        except ValueError as error:
            given_back = str(error)

        assert given_back == expected


def test_an_entry_becomes_one_application() -> None:
    """The whole Application of a usual tenant, as Argo CD creates it."""
    expansion = expand(application_set(), {f"{FOLDER}/acme.yaml": entry()})
    assert not expansion.problems
    assert [application.path for application in expansion.applications] == [f"{FOLDER}/acme.yaml"]
    assert expansion.applications[0].manifest == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "acme",
            "namespace": "argocd",
            "labels": {
                "tenantry.dev/tenant": "acme",
                "tenantry.dev/plan": "silver",
                "tenantry.dev/ring": "general",
                "tenantry.dev/state": "active",
                "tenantry.dev/cluster": "in-cluster",
            },
            "annotations": {
                "argocd.argoproj.io/manifest-generate-paths": "/base/edge/core;/overlays/acme",
                "link.argocd.argoproj.io/site": "https://acme.files.example.com",
                "link.argocd.argoproj.io/grafana": "https://grafana.example.com/d/tenant?var-namespace=acme",
            },
        },
        "spec": {
            "project": "acme",
            "source": {
                "repoURL": "https://git.example.com/tenants.git",
                "targetRevision": "refs/heads/main",
                "path": "overlays/acme",
            },
            "destination": {"name": "in-cluster", "namespace": "acme"},
            "info": [
                {"name": "company", "value": "株式会社アクメ"},
                {"name": "site", "value": "https://acme.files.example.com"},
            ],
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
                "retry": {
                    "limit": 10,
                    "refresh": True,
                    "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
                },
                "syncOptions": ["ServerSideApply=true", "ApplyOutOfSyncOnly=true", "FailOnSharedResource=true"],
            },
        },
    }


@pytest.mark.parametrize("case", [*ENTRIES, *SETS], ids=lambda case: case.title)
def test_every_case_has_its_answer(case: Case) -> None:
    """Each way of writing an entry or a set leads to the Applications and the problem that it is known for."""
    expansion = expand(application_set(**case.spec), case.all_files())
    assert {problem.effect for problem in expansion.problems} == ({case.effect} if case.effect else set())
    assert all(case.message in problem.message for problem in expansion.problems)
    assert tuple(application.name for application in expansion.applications) == case.names
    assert expansion.frozen == (case.effect in {Effect.FREEZES, Effect.UNDECIDED})


def test_only_a_tenant_that_is_being_purged_takes_its_objects_along() -> None:
    """The cascade finalizer follows the state alone."""
    for state in ("active", "suspended", "retiring", "purging"):
        (one,) = expand(application_set(), {f"{FOLDER}/acme.yaml": entry(state=state)}).applications
        finalizers = one.manifest["metadata"].get("finalizers", [])
        assert finalizers == ([argocd.FINALIZER] if state == "purging" else [])


def test_a_paused_tenant_keeps_its_sync_policy() -> None:
    """Pausing switches automatic sync off and forgets nothing of it."""
    (one,) = expand(application_set(), {f"{FOLDER}/acme.yaml": entry(paused="true")}).applications
    automated = one.manifest["spec"]["syncPolicy"]["automated"]
    assert automated == {"prune": True, "selfHeal": True, "allowEmpty": False, "enabled": False}


def test_every_bad_entry_is_named() -> None:
    """Argo CD reports the first bad file of a frozen set; we name each."""
    files = {f"{FOLDER}/{name}.yaml": text for name, text in {"a": "", "b": entry(), "c": without("host")}.items()}
    expansion = expand(application_set(), files)
    assert expansion.problems == (
        Problem(Effect.FREEZES, 'map has no entry for key "tenant"', f"{FOLDER}/a.yaml"),
        Problem(Effect.FREEZES, 'map has no entry for key "host"', f"{FOLDER}/c.yaml"),
    )
    assert not expansion.applications


def test_the_reader_of_entries_can_be_another() -> None:
    """A stricter reader counts: what it refuses freezes the set in the report."""

    def refuse(text: str) -> Any:
        raise ValueError(f"{len(text)} characters too many")

    (problem,) = expand(application_set(), {f"{FOLDER}/acme.yaml": "x"}, decode=refuse).problems
    assert problem == Problem(Effect.FREEZES, "1 characters too many", f"{FOLDER}/acme.yaml")


def test_two_sets_that_make_one_application_are_found() -> None:
    """Both entries are named, since which set owns the Application depends on who came first."""
    second = {**application_set(), "metadata": {**application_set()["metadata"], "name": "tenants-s01"}}
    second["spec"]["generators"] = [
        {"git": {**second["spec"]["generators"][0]["git"], "files": [{"path": "other/*.yaml"}]}}
    ]
    files = {f"{FOLDER}/acme.yaml": entry(), "other/acme.yaml": entry(), "other/bolt.yaml": entry(tenant="bolt")}
    message = "the Application acme is made by tenants-s00 and tenants-s01"
    first_expansion, second_expansion = expand_all([application_set(), second], files)
    assert first_expansion.problems == (Problem(Effect.CONTESTED, message, f"{FOLDER}/acme.yaml"),)
    assert second_expansion.problems == (Problem(Effect.CONTESTED, message, "other/acme.yaml"),)


def test_expanded_applications_fit_our_schema() -> None:
    """What the expander makes of good entries is what the strict schema of Applications describes."""
    schema = json.loads((ROOT / "generator/schemas/argoproj.io/application.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.Draft202012Validator(schema)
    for state in ("active", "purging"):
        for paused in ("true", "false"):
            files = {f"{FOLDER}/acme.yaml": entry(state=state, paused=paused)}
            (application,) = expand(application_set(), files).applications
            assert [error.message for error in validator.iter_errors(application.manifest)] == []


PATHS = ("a/x.yaml", "a/b/y.yaml", "a/b/c/z.yml", "w.yaml", "a/.hidden.yaml")


@pytest.mark.parametrize(
    ("pattern", "greedy", "strict"),
    [
        ("a/*.yaml", {"a/x.yaml", "a/b/y.yaml", "a/.hidden.yaml"}, {"a/x.yaml", "a/.hidden.yaml"}),
        ("a/**/*.yaml", {"a/b/y.yaml"}, {"a/x.yaml", "a/b/y.yaml", "a/.hidden.yaml"}),
        ("a/**/**/y.*", set(), {"a/b/y.yaml"}),
        ("*.yaml", {*PATHS} - {"a/b/c/z.yml"}, {"w.yaml"}),
        ("w.yaml/**", set(), set()),
        ("a/?.yaml", {"a/x.yaml"}, {"a/x.yaml"}),
        ("a?x.yaml", {"a/x.yaml"}, set()),
        ("a/x.yaml", {"a/x.yaml"}, {"a/x.yaml"}),
        ("a/b", {"a/b/y.yaml", "a/b/c/z.yml"}, None),
        ("a/*", {*PATHS} - {"w.yaml"}, None),
        ("a/**", {*PATHS} - {"w.yaml"}, None),
        ("none/*.yaml", set(), set()),
    ],
)
def test_the_two_globbings_differ(pattern: str, greedy: set[str], strict: set[str] | None) -> None:
    """The default reaches into sub-folders; the newer one does not, and fails on a folder (None here)."""
    assert matching(pattern, PATHS, Globbing.GREEDY) == greedy
    if strict is None:
        with pytest.raises(FolderError, match="which is no file"):
            matching(pattern, PATHS, Globbing.STRICT)
    else:
        assert matching(pattern, PATHS, Globbing.STRICT) == strict


@pytest.mark.parametrize(
    "pattern", ["", "/a", "a/", "a//b", "./a", "a/../b", "a/[bc].yaml", "{a,b}", ":(top)a", "a\\*"]
)
def test_other_patterns_are_refused(pattern: str) -> None:
    """Signs that the matchers read differently, or that we do not know, are never guessed."""
    with pytest.raises(PatternError):
        matching(pattern, PATHS, Globbing.GREEDY)


@pytest.mark.parametrize("pattern", ["*", "**", "**/*.yaml", ".*/x.yaml", "?git/x.yaml"])
def test_strict_patterns_that_look_into_gits_own_folder_are_refused(pattern: str) -> None:
    """Doublestar walks through `.git` as through any folder, and what lies there is not ours to know."""
    assert matching(pattern, PATHS, Globbing.GREEDY) is not None
    with pytest.raises(PatternError, match=r"looks into \.git"):
        matching(pattern, PATHS, Globbing.STRICT)


def test_a_folder_in_place_of_an_entry_freezes_a_set_with_strict_globbing() -> None:
    """Argo CD fails to read it as a file, and with it everything else."""
    files = {f"{FOLDER}/old.yaml/acme.yaml": entry()}
    assert not expand(application_set(), files).problems
    (problem,) = expand(application_set(), files, globbing=Globbing.STRICT).problems
    assert problem.effect is Effect.FREEZES
    assert f"finds the folder {FOLDER}/old.yaml" in problem.message


def test_excluded_files_are_left_out() -> None:
    """An `exclude` pattern wins over every other."""
    git = application_set()["spec"]["generators"][0]["git"]
    files = [{"path": f"{FOLDER}/old.yaml", "exclude": True}, {"path": f"{FOLDER}/*.yaml"}]
    spec = {"generators": [{"git": {**git, "files": files}}]}
    expansion = expand(application_set(**spec), {f"{FOLDER}/acme.yaml": entry(), f"{FOLDER}/old.yaml": ""})
    assert [application.name for application in expansion.applications] == ["acme"]


def test_the_empty_template_of_a_generator_changes_nothing() -> None:
    """What the controller writes into a set by itself: a set of an older commit lacks it, and makes the same."""
    files = {f"{FOLDER}/acme.yaml": entry()}
    git = {**application_set()["spec"]["generators"][0]["git"]}
    assert git.pop("template") == {"metadata": {}, "spec": {"destination": {}, "project": ""}}

    assert expand(application_set(generators=[{"git": git}]), files) == expand(application_set(), files)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ .s }}", "text"),
        ("a {{- .s -}} b", "atextb"),
        ("{{ .path.basename }}", "tenants"),
        ("{{ (.s) }}|{{ `raw` }}|{{ 'x' }}".replace("{{ 'x' }}", '{{ "x" }}'), "text|raw|x"),
        ('{{ if eq .s "text" }}1{{ else }}2{{ end }}', "1"),
        ('{{ if ne .s "text" }}1{{ else if .empty }}2{{ else }}3{{ end }}', "3"),
        ('{{ if and (eq .s "text") (not .no) }}1{{ end }}', "1"),
        ("{{ or .empty .s }}|{{ and .empty .s }}|{{ not .s }}", "text||false"),
        ('{{ eq .s "a" "text" }}', "true"),
        ("{{ .n }} {{ .null }} {{ .yes }}", "1.5 <no value> true"),
        ("{{ .list | toJson }}", '[1,"\\u003c",null]'),
        ("}} { {", "}} { {"),
    ],
)
def test_the_template_language(template: str, text: str) -> None:
    """The functions that we know, by example."""
    params = {
        "s": "text",
        "empty": "",
        "n": 1.5,
        "null": None,
        "yes": True,
        "no": False,
        "list": [1.0, "<", None],
        "path": {"basename": "tenants"},
    }
    assert Template.parse(template).render(params) == text


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ .s.t }}", "can't evaluate field t"),
        ("{{ .missing }}", 'map has no entry for key "missing"'),
        ("{{ .path.missing }}", 'map has no entry for key "missing"'),
        ("{{ if .missing }}{{ end }}", 'map has no entry for key "missing"'),
        ("{{ eq .s .n }}", "incompatible types for comparison"),
    ],
)
def test_what_argo_cd_fails_on(template: str, message: str) -> None:
    """A template that fails says why in Go's words, as far as we have them."""
    with pytest.raises(RenderError, match=message):
        Template.parse(template).render({"s": "text", "n": 1.0, "path": {}})


@pytest.mark.parametrize(
    "template",
    [
        "{{ }}",
        "{{ . }}",
        "{{ .s",
        "{{-.s }}",
        "{{ upper .s }}",
        "{{ printf .s }}",
        "{{ $x := .s }}",
        "{{ range .s }}{{ end }}",
        "{{ .s .s }}",
        '{{ .s "x" }}',
        "{{ if .s }}",
        "{{ if .s }}{{ else }}",
        "{{ end }}",
        "{{ else }}",
        "{{ if }}{{ end }}",
        "{{ not }}",
        "{{ ne .s }}",
        "{{ (.s }}",
        "{{ .s) }}",
        '{{ eq .s"x" }}',
        '{{ "a\\n" }}',
        "{{/* comment */}}",
        "{{ .s | }}",
        "{{ .s | .s }}",
        "{{ 1 }}",
        "{{ true }}",
        "{{ eq(.s) .s }}",
    ],
)
def test_what_lies_outside_the_template_language_is_refused(template: str) -> None:
    """Never a guess: what Go would make of these is not for us to say."""
    with pytest.raises(UnsupportedTemplateError):
        Template.parse(template)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_its_value_in_gos_words(number: float) -> None:
    """Both ways of Go to write a number read back as the same number."""
    assert float(gotemplate.go_float(number)) == number
    assert json.loads(gotemplate.go_json(number), parse_int=float) == number


@pytest.mark.slow
@given(st.dictionaries(st.text(), st.text() | st.integers().map(float) | st.booleans() | st.none()))
def test_what_to_json_writes_is_json(value: dict[str, Any]) -> None:
    """`toJson` never changes a value, and writes no sign that HTML or JavaScript would take for its own."""
    text = gotemplate.go_json(value)
    assert json.loads(text, parse_int=float) == value
    assert not set("<>&\u2028\u2029").intersection(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """The reader of entries has no third way out."""
    with contextlib.suppress(GoYamlError, UnsupportedYamlError):
        decode(text)


def test_the_stored_size_grows_with_the_tenants() -> None:
    """A set of 10,000 tenants stays under etcd's limit only because Argo CD writes 5,000 rows at most."""
    few, many, most = (
        stored_size(application_set(), [f"company-{index:05d}" for index in range(count)]) for count in (0, 5000, 10000)
    )
    assert 100 < (many - few) / 5000 < 210
    assert most == pytest.approx(many, abs=1)
