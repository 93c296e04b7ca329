"""Adding and changing tenant files as a careful person would."""

import pytest

from tests.harness import Repository

COMMENTED = """\
# yaml-language-server: $schema=tenant.schema.json
# Signed by the sales team.
name: company-001
plan: bronze # the trial
hosts:
  - a.customers.example.net # the old one
  - "b.customers.example.net"

# Two, so that a drain goes unnoticed.
overrides:
  minReplicas: 1
"""
FILE = "tenants/company-001.yaml"


def test_add_writes_a_file_that_a_person_could_have_written(repository: Repository) -> None:
    """Short, plain where that is safe, and with the line that gives editors the schema."""
    ran = repository.run(
        "add", "company-101", "--plan", "silver", "--addon", "chatbot", "--display-name", "株式会社サンプル"
    )

    assert (ran.exit, ran.stdout) == (0, "")
    assert ran.stderr == "created tenants/company-101.yaml\n  next: tenantry generate && tenantry verify\n"
    assert repository.read("tenants/company-101.yaml") == (
        "# yaml-language-server: $schema=tenant.schema.json\n"
        "name: company-101\ndisplayName: 株式会社サンプル\nplan: silver\naddons: [chatbot]\n"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Sample Ltd.", '"Sample Ltd."'),
        ("on", '"on"'),
        ("1e3", '"1e3"'),
        ("- x", '"- x"'),
        ("a: b # c", '"a: b # c"'),
        ('O\'Hara "& Sons"', '"O\'Hara \\"& Sons\\""'),
        ("🏢", '"🏢"'),
        ("Sample", "Sample"),
    ],
)
def test_add_quotes_a_display_name_that_a_reader_could_mistake(repository: Repository, text: str, written: str) -> None:
    """What the file says is what was asked for."""
    ran = repository.run("add", "company-101", "--plan", "gold", "--display-name", text, "--dry-run")

    assert ran.exit == 0, ran.said
    assert f"displayName: {written}\n" in ran.stdout
    assert repository.files().keys() == {"platform.yaml"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["../company-101", "--plan", "gold"],
            (
                "tenants/../company-101.yaml:2:7: error: name: '../company-101' is not lower-case letters, digits and "
                "single hyphens, starting with a letter [TEN001]\n  hint: for example company-001\n"
            ),
        ),
        (
            ["company-101", "--plan", "glod"],
            (
                "tenants/company-101.yaml:3:7: error: plan: 'glod' is not one of bronze, silver, gold [TEN006]\n"
                "  hint: did you mean 'gold'?\n"
            ),
        ),
        (
            ["argocd", "--plan", "gold"],
            (
                "tenants/argocd.yaml:2:7: error: the name 'argocd' is reserved: it is the usual namespace of what a"
                " platform runs beside its tenants [TEN004]\n  hint: choose another name\n"
            ),
        ),
        (
            ["company-101", "--plan", "gold", "--display-name", "{{ x }}"],
            (
                "tenants/company-101.yaml:3:14: error: displayName: it holds {{ or }}, which templates take for code "
                "[TEN010]\n  hint: write it without double braces\n"
            ),
        ),
        (
            ["company-101", "--plan", "gold", "--display-name", "\udcff"],
            (
                "tenants/company-101.yaml:3:17: error: this is not YAML: found invalid Unicode character escape "
                "code [TEN021]\n"
            ),
        ),
    ],
)
def test_add_writes_nothing_that_would_be_refused(repository: Repository, arguments: list[str], said: str) -> None:
    """The findings are those that validate would give for the file."""
    before = repository.files()

    ran = repository.run("add", *arguments)

    assert (ran.exit, ran.stderr) == (1, f"{said}1 error, 0 warnings; nothing was written\n")
    assert repository.files() == before


def test_add_refuses_a_company_that_is_there(repository: Repository) -> None:
    """A second sale to one company is a change."""
    ran = repository.tenant().run("add", "company-001", "--plan", "gold")

    assert (ran.exit, ran.stderr) == (
        1,
        "error: tenants/company-001.yaml is there already\n  hint: change it: tenantry set company-001 KEY=VALUE\n",
    )


def test_add_refuses_a_company_that_is_there_in_another_folder(repository: Repository) -> None:
    """A name is one tenant's, wherever its file lies."""
    repository.write("tenants/eu/company-001.yaml", "name: company-001\nplan: gold\n")

    ran = repository.run("add", "company-001", "--plan", "gold")

    assert ran.exit == 1
    assert "is declared in tenants/eu/company-001.yaml too [TEN003]" in ran.stderr


def test_add_is_not_stopped_by_the_mistakes_of_others(repository: Repository) -> None:
    """A salesperson cannot fix a colleague's file."""
    repository.write("tenants/broken.yaml", "name: [\n")

    assert repository.run("add", "company-101", "--plan", "gold").exit == 0


def test_set_changes_what_it_is_told_and_nothing_else(repository: Repository) -> None:
    """Comments, order, quotes and indentation are somebody's."""
    repository.write(FILE, COMMENTED)

    ran = repository.run("set", "company-001", "plan=gold", "overrides.minReplicas=2", "displayName=Sample Ltd.")

    assert (ran.exit, ran.stderr) == (0, f"changed {FILE}\n  next: tenantry generate && tenantry verify\n")
    changed = COMMENTED.replace("bronze # the trial", "gold   # the trial").replace("minReplicas: 1", "minReplicas: 2")
    assert repository.read(FILE) == f'{changed}displayName: "Sample Ltd."\n'


def test_set_keeps_what_stands_above_the_marker_of_the_document(repository: Repository) -> None:
    """A head with a licence or a modeline is part of the file."""
    repository.write(FILE, "# head\n---\nname: company-001\nplan: bronze\n")

    repository.run("set", "company-001", "plan=gold")

    assert repository.read(FILE) == "# head\n---\nname: company-001\nplan: gold\n"


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        (
            ["hosts=x.customers.example.net,y.customers.example.net"],
            "hosts:\n- x.customers.example.net\n- y.customers.example.net\n",
        ),
        (["addons+=chatbot"], "addons: [chatbot]\n"),
        (["storage=100Gi"], "storage: 100Gi\n"),
        (["overrides.maxReplicas=2"], "overrides:\n  maxReplicas: 2\n"),
        (["displayName=on"], 'displayName: "on"\n'),
        (["displayName=12:30"], 'displayName: "12:30"\n'),
        (["displayName=a=b"], 'displayName: "a=b"\n'),
        (["overrides.maxReplicas=2", "overrides.maxReplicas="], ""),
        (["addons=chatbot", "addons-=chatbot"], ""),
        (["storage="], ""),
        (["overrides.minReplicas="], ""),
    ],
)
def test_set_writes_a_value_as_its_key_needs_it(repository: Repository, assignments: list[str], expected: str) -> None:
    """Types come from the schema, an empty value removes the key, and an empty mapping goes with its last key."""
    repository.write(FILE, "name: company-001\nplan: bronze\n")

    for assignment in assignments:
        ran = repository.run("set", "company-001", assignment)
        assert ran.exit == 0, ran.said

    assert repository.read(FILE) == f"name: company-001\nplan: bronze\n{expected}"


@pytest.mark.parametrize("sign", ["+", "-"])
def test_a_list_is_changed_by_items_alone(repository: Repository, sign: str) -> None:
    """What names none says so, and how the whole list goes; the way that it names passes."""
    repository.tenant(addons=["chatbot"])

    refused = repository.run("set", "company-001", f"addons{sign}=")
    no_list = repository.run("set", "company-001", f"plan{sign}=gold")

    assert (refused.exit, refused.stderr) == (
        1,
        f"error: addons{sign}= names no item\n  hint: write addons{sign}=VALUE; addons= takes the whole list out\n",
    )
    assert no_list.stderr == "error: plan is no list\n  hint: write plan=gold\n"
    assert repository.run("set", "company-001", "addons=").exit == 0
    assert "addons" not in repository.read(FILE)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("chatbot", "3:9: error: addons: expected a list, got the string 'chatbot' [TEN009]\n"),
        ("{chatbot: {}}", "3:9: error: addons: expected a list, got a mapping [TEN009]\n"),
        ("[{name: chatbot}, mail]", "3:10: error: addons[0]: expected a string, got a mapping [TEN009]\n"),
    ],
)
@pytest.mark.parametrize("change", ["addons+=chatbot", "addons-=mail"])
def test_what_is_no_list_is_named_and_stays(repository: Repository, written: str, said: str, change: str) -> None:
    """It is a mistake of the file, which nobody meant to be taken for another one."""
    text = f"name: company-001\nplan: bronze\naddons: {written}\n"
    repository.write(FILE, text)

    ran = repository.run("set", "company-001", change)

    assert (ran.exit, f"{FILE}:{said}" in ran.stderr) == (1, True), ran.said
    assert repository.read(FILE) == text


@pytest.mark.parametrize(("change", "after"), [("addons+=chatbot", "addons: [chatbot]\n"), ("addons-=chatbot", "")])
def test_a_key_without_a_value_is_a_list_without_items(repository: Repository, change: str, after: str) -> None:
    """The change writes it as it should be."""
    repository.write(FILE, "name: company-001\nplan: bronze\naddons:\n")

    assert repository.run("set", "company-001", change).exit == 0
    assert repository.read(FILE) == f"name: company-001\nplan: bronze\n{after}"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ["company-01", "plan=gold"],
            1,
            "error: there is no tenant 'company-01'\n  hint: did you mean 'company-001'?\n",
        ),
        (["zebra", "plan=gold"], 1, "error: there is no tenant 'zebra'\n  hint: see `tenantry list`\n"),
        (
            ["company-001", "plam=gold"],
            1,
            "error: a tenant file has no key 'plam'\n  hint: see `tenantry schema tenant`\n",
        ),
        (
            ["company-001", "overrides=1"],
            1,
            "error: overrides is a mapping\n  hint: set a key inside it: overrides.minReplicas=...\n",
        ),
        (
            ["company-001", "overrides.minReplicas=two"],
            1,
            (
                f"{FILE}:4:16: error: overrides.minReplicas: expected a whole number, got the string 'two' [TEN009]\n"
                "  hint: write a whole number without quotes\n1 error, 0 warnings; nothing was written\n"
            ),
        ),
        (
            ["company-001", "name=company-002"],
            1,
            (
                f"{FILE}:1:7: error: the file is named company-001, its tenant company-002 [TEN002]\n"
                "  hint: rename the file to company-002.yaml, or fix the name\n"
                "1 error, 0 warnings; nothing was written\n"
            ),
        ),
        (
            ["company-001", "plan="],
            1,
            f"{FILE}:1:1: error: the key `plan` is missing [TEN006]\n1 error, 0 warnings; nothing was written\n",
        ),
        (
            ["company-001", "hosts=taken.customers.example.net"],
            1,
            (
                f"{FILE}:4:3: error: 'taken.customers.example.net' is a host of company-009 too "
                "(tenants/company-009.yaml) [TEN013]\n  hint: a host belongs to one tenant: remove it here or there\n"
                "1 error, 0 warnings; nothing was written\n"
            ),
        ),
        (
            ["broken", "plan=gold"],
            1,
            (
                "tenants/broken.yaml:2:1: error: this is not YAML: did not find expected node content [TEN021]\n"
                "1 error, 0 warnings; nothing was written\n"
            ),
        ),
        (
            ["list", "plan=gold"],
            1,
            (
                "tenants/list.yaml:1:1: error: the file: expected a mapping, got a list [TEN009]\n"
                "1 error, 0 warnings; nothing was written\n"
            ),
        ),
    ],
)
def test_set_writes_nothing_that_would_be_refused(
    repository: Repository, arguments: list[str], code: int, said: str
) -> None:
    """It says what is wrong and leaves the file alone."""
    repository.tenant().tenant("company-009", hosts=["taken.customers.example.net"])
    repository.write("tenants/broken.yaml", "name: [\n").write("tenants/list.yaml", "- name\n")
    before = repository.files()

    ran = repository.run("set", *arguments)

    assert (ran.exit, ran.stderr) == (code, said)
    assert repository.files() == before


def test_set_fixes_a_file_that_is_refused_as_it_is(repository: Repository) -> None:
    """Otherwise a mistake could only be fixed by hand."""
    repository.write(FILE, "name: company-001\nplan: glod\noverrides: none\n")

    ran = repository.run("set", "company-001", "plan=gold", "overrides.minReplicas=2")

    assert ran.exit == 0, ran.said
    assert repository.read(FILE) == "name: company-001\nplan: gold\noverrides:\n  minReplicas: 2\n"


def test_set_says_when_there_is_nothing_to_change(repository: Repository) -> None:
    """The file keeps its bytes and its time."""
    repository.write(FILE, COMMENTED)
    before = (repository.root / FILE).stat().st_mtime_ns

    ran = repository.run("set", "company-001", "plan=bronze")

    assert (ran.exit, ran.stderr) == (0, f"{FILE} is unchanged\n")
    assert (repository.root / FILE).stat().st_mtime_ns == before


def test_set_shows_without_writing(repository: Repository) -> None:
    """`--dry-run` prints the file as it would be."""
    repository.write(FILE, "name: company-001\nplan: bronze\n")

    ran = repository.run("set", "company-001", "plan=gold", "--dry-run")

    assert ran.stdout == "name: company-001\nplan: gold\n"
    assert repository.read(FILE) == "name: company-001\nplan: bronze\n"
