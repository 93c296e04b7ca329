"""The offline ApplicationSet expander against Argo CD's own code, which `tools/oracle/appset` asks.

Wherever the expander gives an answer, Argo CD gives the same; wherever it says that a set freezes, Argo CD fails. What
it calls UNDECIDED claims nothing.
"""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.applicationset import Effect, Expansion, Globbing, expand, stored_size
from tests.applicationset.expansion_cases import ENTRIES, FOLDER, SETS, Case, application_set, entry, values
from tests.slow import builds
from tests.slow.builds import ROOT

pytestmark = pytest.mark.slow

Manifest = dict[str, Any]


class Oracle(Protocol):
    """Asks Argo CD; the answer has `applications`, `stored`, `written` and `error`."""

    def __call__(
        self, application_set: Manifest, files: Mapping[str, str], globbing: Globbing = Globbing.GREEDY
    ) -> Manifest:
        """Ask about one set and all files of the repository."""
        ...


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    """Argo CD's renderer as a process that answers line by line; the first build takes minutes."""
    with subprocess.Popen(
        [builds.oracle("appset")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ARGOCD_LOG_LEVEL": "error"},
    ) as process:
        assert process.stdin
        assert process.stdout
        asked, answered = process.stdin, process.stdout

        def ask(application_set: Manifest, files: Mapping[str, str], globbing: Globbing = Globbing.GREEDY) -> Manifest:
            question = {"set": application_set, "files": files, "newGlobbing": globbing is Globbing.STRICT}
            asked.write(json.dumps(question) + "\n")
            asked.flush()
            answer: Manifest = json.loads(answered.readline())
            return answer

        yield ask
        asked.close()


def agree(
    oracle: Oracle,
    application_set: Manifest,
    files: Mapping[str, str],
    globbing: Globbing = Globbing.GREEDY,
) -> Expansion:
    """Ask both, and demand one answer."""
    expansion = expand(application_set, files, globbing=globbing)
    effects = {problem.effect for problem in expansion.problems}
    if Effect.UNDECIDED in effects:
        return expansion
    answer = oracle(application_set, files, globbing)
    assert bool(answer["error"]) == (Effect.FREEZES in effects), (answer["error"], expansion.problems)
    if not expansion.frozen:
        # The controller leaves out what has one name only after this step.
        count = Counter(application["metadata"].get("name", "") for application in answer["applications"])
        single = [
            application for application in answer["applications"] if count[application["metadata"].get("name", "")] == 1
        ]
        assert [application.manifest for application in expansion.applications] == single
    return expansion


def tried(count: int) -> Callable[[Any], Any]:
    """Try the same examples in every run: a difference found here is to be kept as a case."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.parametrize("case", [*ENTRIES, *SETS], ids=lambda case: case.title)
@pytest.mark.parametrize("globbing", Globbing, ids=lambda globbing: globbing.name)
def test_every_case_is_argo_cds_answer(oracle: Oracle, case: Case, globbing: Globbing) -> None:
    """The cases of the plain tests are true, with both matchers of files."""
    agree(oracle, application_set(**case.spec), case.all_files(), globbing)


def test_every_committed_entry(oracle: Oracle) -> None:
    """Our own shards expand to what Argo CD makes of them, and without a problem."""
    files = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "argocd").rglob("*.yaml"))
    }
    sets = [yaml.safe_load(text) for path, text in files.items() if path.endswith("/applicationset.yaml")]
    expansions = [agree(oracle, appset, files, globbing) for appset in sets for globbing in Globbing]
    assert expansions
    assert not [problem for expansion in expansions for problem in expansion.problems]
    made = {application.name for expansion in expansions for application in expansion.applications}
    assert made == {path.split("/")[-1].removesuffix(".yaml") for path in files if "/tenants/" in path}


# What a hand could put into an entry: texts of one line as YAML, of which many are no strings.
SCALARS: Final = st.one_of(
    st.sampled_from(
        "y n yes No on OFF true False ~ null NULL Null 0 -0 +1 017 0o17 0O7 08 089 0x1f 0X1F 0b101 -0b11 0b2 1_000 _1 "
        "1_ 1e3 1E+3 1e-7 12e03 .5 5. . .e1 -.5 +.5 1.5.2 1e999 -1e999 1e-999 .inf -.Inf +.INF .nan .NaN nan inf 1:30 "
        "190:20:30 2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 18446744073709551615 18446744073709551616 "
        "9223372036854775808 -9223372036854775808 -9223372036854775809 0x 0o 0b -0x10 +0x10 -017 0.1 100000 1000000 "
        "123456789 1e21 1e20 0.0001 0.00001 = == <<< ! - -- --- ... ? : #a a#b \"\" '' \"\\u00e9\" '''' 'a' \"a\\x41\" "
        '"\\/" [] {} [a,1] {a:1} "a: b" a:b {a} [1,[2]] {a: {b: c}} @a `a` %a &a *a !a |a >a'.split()
    ),
    st.from_regex(r"[-+.0-9eExob_:]{1,8}", fullmatch=True),
    st.floats(allow_nan=False).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.text(st.characters(codec="utf-8"), max_size=12).map(json.dumps),
    st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)


@given(scalar=SCALARS)
@tried(1500)
def test_every_scalar_is_read_as_argo_cd_reads_it(oracle: Oracle, scalar: str) -> None:
    """Each text after `value:` becomes the same JSON value, and prints the same."""
    template = application_set()["spec"]["template"]
    metadata = {"name": "acme", "annotations": {"printed": "{{ .value }}", "json": "{{ .value | toJson }}"}}
    spec = {"template": {**template, "metadata": metadata}}
    expansion = agree(oracle, application_set(**spec), {f"{FOLDER}/acme.yaml": entry(f"value: {scalar}\n")})
    if expansion.frozen:
        metadata["annotations"] = {"json": "{{ .value | toJson }}"}  # a list cannot be printed, but shown
        agree(oracle, application_set(**spec), {f"{FOLDER}/acme.yaml": entry(f"value: {scalar}\n")})


DOCUMENTS: Final = st.lists(
    st.sampled_from(
        [
            *"abyn01-?:,[]{}#&*!|>'\"%@` \t\n\r",
            "\n  ",
            "\n- ",
            ": ",
            " #",
            "---\n",
            "...\n",
            "? ",
            "<<: ",
            "\u2028",
            "\ufeff",
        ]
        + [f'{key}: "{text}"\n' for key, text in values().items()]
    ),
    max_size=14,
).map("".join)


@given(document=DOCUMENTS, whole=st.booleans())
@tried(1500)
def test_every_document_is_read_as_argo_cd_reads_it(oracle: Oracle, document: str, whole: bool) -> None:
    """Broken files are as broken for us as for Argo CD, wherever the damage is."""
    text = entry() + document if whole else document
    template = application_set()["spec"]["template"]
    spec = {"template": {**template, "metadata": {"name": "{{ .path.filename }}"}}} if not whole else {}
    agree(oracle, application_set(**spec), {f"{FOLDER}/acme.yaml": text})


PARTIAL: Final = st.fixed_dictionaries({}, optional={key: st.just(text) for key, text in values().items()})


@given(
    entries=st.lists(
        st.tuples(PARTIAL, st.dictionaries(st.sampled_from(["path", "values", "x"]), st.text(max_size=3)))
    ),
    changes=st.dictionaries(st.sampled_from(list(values())), st.text(st.characters(codec="utf-8"), max_size=20)),
    complete=st.booleans(),
    preserve=st.booleans(),
)
@tried(400)
def test_random_entries(
    oracle: Oracle,
    entries: list[tuple[dict[str, str], dict[str, str]]],
    changes: dict[str, str],
    complete: bool,
    preserve: bool,
) -> None:
    """Entries with keys too few and too many, and with any text in them, in one set."""
    files = {
        f"{FOLDER}/{index}.yaml": json.dumps({**values(tenant=f"t{index}"), **(changes if index == 0 else {}), **more})
        if complete
        else json.dumps({**part, **more})
        for index, (part, more) in enumerate(entries)
    }
    agree(oracle, application_set(syncPolicy={"preserveResourcesOnDeletion": preserve}), files)


PIECES: Final = st.sampled_from(
    [
        *"{{ }} {{- -}} . .a .b .n .t .z .m .m.k .m.x .a.k eq ne and or not toJson if else end | ( ) text".split(),
        *('"a"', "`b`", '""', " ", "\n", "  "),
    ]
)
EXPRESSIONS: Final = st.recursive(
    st.sampled_from([".a", ".b", ".n", ".t", ".z", ".m.k", ".missing", ".e", '"a"', '""', "`b`"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["eq", "ne"]), inner, inner).map(lambda one: "({} {} {})".format(*one)),
        st.tuples(st.sampled_from(["and", "or", "eq"]), inner, inner, inner).map(
            lambda one: "({} {} {} {})".format(*one)
        ),
        inner.map(lambda one: f"(not {one})"),
        inner.map(lambda one: f"({one} | toJson)"),
        inner.map(lambda one: f"(toJson {one})"),
        st.tuples(inner, inner).map(lambda one: "({} | eq {})".format(*one)),
    ),
    max_leaves=5,
)
TEMPLATES: Final = st.recursive(
    st.one_of(
        st.sampled_from(["text", " ", "\n", "{x", "}}", "{ {.", ""]),
        EXPRESSIONS.map(lambda one: f"{{{{ {one} }}}}"),
        EXPRESSIONS.map(lambda one: f"{{{{- {one} -}}}}"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(EXPRESSIONS, inner).map(lambda one: "{{{{ if {} }}}}{}{{{{ end }}}}".format(*one)),
        st.tuples(EXPRESSIONS, inner, inner).map(
            lambda one: "a {{{{- if {} }}}} {} {{{{ else -}}}} {} {{{{- end -}}}} b".format(*one)
        ),
        st.tuples(EXPRESSIONS, inner, EXPRESSIONS, inner, inner).map(
            lambda one: "{{{{if {}}}}}{}{{{{else if {}}}}}{}{{{{else}}}}{}{{{{end}}}}".format(*one)
        ),
    ),
    max_leaves=6,
)
PARAMETERS: Final = 'a: "a"\nb: "<b> & \\u00e9"\nn: 1234567\nt: true\nz: ~\ne: ""\nm: {k: "v", l: [1]}\n'


@given(template=st.one_of(TEMPLATES, st.lists(PIECES, max_size=9).map("".join)))
@tried(1500)
def test_random_templates(oracle: Oracle, template: str) -> None:
    """What the template language makes of any text, or that it is refused."""
    manifest = application_set(templatePatch=None)
    manifest["spec"]["template"] = {
        "metadata": {"name": "acme", "annotations": {"text": template}},
        "spec": {**manifest["spec"]["template"]["spec"], "project": "{{ .a }}"},
    }
    manifest["spec"]["template"] = json.loads(json.dumps(manifest["spec"]["template"]).replace(".tenant", ".a"))
    text = entry(PARAMETERS)
    agree(oracle, manifest, {f"{FOLDER}/acme.yaml": text})


def test_most_random_templates_are_decided() -> None:
    """The test above says something: of the templates that are built from the language, all are decided."""
    undecided: Counter[bool] = Counter()

    @given(template=TEMPLATES)
    @tried(300)
    def look(template: str) -> None:
        spec = {"template": {"metadata": {"name": "acme", "labels": {"text": template}}, "spec": {}}}
        expansion = expand(application_set(**spec), {f"{FOLDER}/acme.yaml": entry(PARAMETERS)})
        undecided[any(problem.effect is Effect.UNDECIDED for problem in expansion.problems)] += 1

    look()
    assert undecided[True] <= undecided[False] / 10


TEXTS: Final = st.sampled_from(["a", "b", "c", ""])
PATCHES: Final = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "name": TEXTS | st.none(),
                "labels": st.none() | st.dictionaries(st.sampled_from(["a", "tenantry.dev/plan"]), TEXTS | st.none()),
                "annotations": st.none() | st.dictionaries(TEXTS, TEXTS | st.none() | st.booleans()),
                "finalizers": st.none() | st.lists(TEXTS),
            },
        ),
        "spec": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "project": TEXTS | st.none(),
                "source": st.none()
                | st.dictionaries(st.sampled_from(["path", "repoURL", "targetRevision"]), TEXTS | st.none()),
                "destination": st.none() | st.dictionaries(st.sampled_from(["name", "server", "namespace"]), TEXTS),
                "info": st.none() | st.lists(st.dictionaries(st.sampled_from(["name", "value"]), TEXTS | st.none())),
                "syncPolicy": st.none()
                | st.fixed_dictionaries(
                    {},
                    optional={
                        "automated": st.none()
                        | st.dictionaries(
                            st.sampled_from(["prune", "selfHeal", "allowEmpty", "enabled"]), st.booleans() | st.none()
                        ),
                        "syncOptions": st.none() | st.lists(TEXTS),
                        "retry": st.none()
                        | st.fixed_dictionaries(
                            {},
                            optional={
                                "limit": st.none() | st.sampled_from([0, 1, 2.0, 2.5, -1, 1e20, "1"]),
                                "refresh": st.none() | st.booleans(),
                                "backoff": st.none()
                                | st.dictionaries(st.sampled_from(["duration", "maxDuration"]), TEXTS | st.none()),
                            },
                        ),
                    },
                ),
            },
        ),
    },
)


@given(patch=PATCHES, finalizers=st.lists(TEXTS, unique=True), preserve=st.booleans())
@tried(1500)
def test_random_patches(oracle: Oracle, patch: Manifest, finalizers: list[str], preserve: bool) -> None:
    """Strategic merge, with nulls, empty values and wrong types, onto a template with finalizers of its own."""
    manifest = application_set(
        templatePatch=yaml.safe_dump(patch, default_flow_style=False),
        syncPolicy={"preserveResourcesOnDeletion": preserve},
    )
    template = manifest["spec"]["template"]
    manifest["spec"]["template"] = {**template, "metadata": {**template["metadata"], "finalizers": finalizers}}
    agree(oracle, manifest, {f"{FOLDER}/acme.yaml": entry()})


SEGMENTS: Final = st.sampled_from(["a", "b", "a.yaml", "b.yaml", "ab", ".a", "a-b"])
TREES: Final = st.sets(st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join), max_size=6).filter(
    lambda paths: not any(other.startswith(f"{path}/") for path in paths for other in paths)
)
PATTERNS: Final = st.lists(
    st.lists(st.sampled_from(["a", "b", "*", "**", "?", ".yaml", "*.yaml", "a*"]), min_size=1, max_size=3).map("".join),
    min_size=1,
    max_size=4,
).map("/".join)


@given(
    paths=TREES,
    wanted=st.lists(PATTERNS, min_size=1, max_size=2),
    unwanted=st.lists(PATTERNS, max_size=1),
    strict=st.booleans(),
)
@tried(1500)
def test_random_patterns(
    oracle: Oracle,
    paths: set[str],
    wanted: list[str],
    unwanted: list[str],
    strict: bool,
) -> None:
    """Both matchers find the files that git and doublestar find, or fail on the same folders."""
    manifest = application_set()
    files = [{"path": pattern} for pattern in wanted] + [{"path": pattern, "exclude": True} for pattern in unwanted]
    manifest["spec"]["generators"] = [{"git": {**manifest["spec"]["generators"][0]["git"], "files": files}}]
    entries = {path: entry(tenant=path.replace("/", "--")) for path in paths}
    agree(oracle, manifest, entries, Globbing.STRICT if strict else Globbing.GREEDY)


def test_the_parameters_of_a_path(oracle: Oracle) -> None:
    """`path` and what is below it, for files at the root and deep down."""
    manifest = application_set()
    keys = ("path", "basename", "filename", "basenameNormalized", "filenameNormalized", "segments")
    annotations = {key: f"{{{{ .path.{key} | toJson }}}}" for key in keys}
    metadata = {"name": "{{ .path.filenameNormalized }}", "annotations": annotations}
    manifest["spec"]["template"] = {**manifest["spec"]["template"], "metadata": metadata}
    git = manifest["spec"]["generators"][0]["git"]
    manifest["spec"]["generators"] = [{"git": {**git, "files": [{"path": "*.yaml"}]}}]
    files = {
        path: entry() for path in ("A_b.yaml", "x/y z/-C.D-.yaml", "x/Y.Y/d.yaml", f"{'l' * 250}/{'N' * 240}.yaml")
    }
    assert len(agree(oracle, manifest, files).applications) == len(files)


def test_git_has_all_that_the_controller_writes_into_a_set(oracle: Oracle) -> None:
    """A set that it writes back is the same set, or the shard's Application would be OutOfSync after each webhook."""
    written = oracle(application_set(), {f"{FOLDER}/acme.yaml": entry()})["written"]
    del written["status"]  # which belongs to the cluster alone

    assert written == application_set()


def test_the_stored_size_is_estimated_on_the_safe_side(oracle: Oracle) -> None:
    """What Argo CD serialises is less than the estimate, which adds what only a cluster writes."""
    files = {f"{FOLDER}/{index}.yaml": entry(tenant=f"company-{index:05d}") for index in range(1000)}
    answer = oracle(application_set(), files)
    estimate = stored_size(application_set(), [f"company-{index:05d}" for index in range(1000)])
    assert 0 < estimate - answer["stored"] < 5000
