"""The verb `promote` over a real repository: what it writes, what it refuses with its exit, and what git remembers."""

import json
import re
import subprocess
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from generator.fleet.rings import Ring
from generator.fleet.windows import Window
from generator.lifecycle import promote as promotions
from tests.harness import Repository, environment
from tests.lifecycle.standing_in import Kubectl, Prometheus

DAY: Final = "2026-11-0{}T12:00:00Z"
FILESERVER: Final = "base/edge/core/fileserver.yaml"
RINGS: Final = """\
rings:
- {name: pilot, release: "1", soak: 1d}  # those who like to be first
- {name: general, release: "1", batch: 50}
"""


def committed(repository: Repository, day: int) -> Repository:
    """Commit all that there is on a day of November."""
    when = DAY.format(day)
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    for command in (["add", "--all"], ["commit", "--quiet", "--message", "a change"]):
        subprocess.run(["git", *command], cwd=repository.root, env=environment() | dates, check=True)
    return repository


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Three releases, of which every ring is on the first; two companies on pilot, eight on general."""
    here = Repository(tmp_path_factory.mktemp("promote") / "repository")
    for number in (1, 2):
        here.tenant(f"pilot-{number}", ring="pilot")
    for number in range(1, 9):
        here.tenant(f"company-{number:03}")
    text = here.read("platform.yaml")
    here.write("platform.yaml", re.sub(r"rings: .*\n- \{name: general.*\n", RINGS, text))
    here.git("init", "--quiet", "--initial-branch=main")
    for number in (1, 2, 3):
        ready = 45 + number
        text = here.read("base/edge/core/fileserver.yaml")
        here.write(
            "base/edge/core/fileserver.yaml", re.sub("minReadySeconds: [0-9]+", f"minReadySeconds: {ready}", text)
        )
        files = here.root / f"base/releases/{number}"
        files.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-r", str(here.root / "base/edge"), str(files)], check=True)
    return committed(here, 1)


@pytest.fixture
def here(start: Repository, tmp_path: Path) -> Repository:
    """A copy of it."""
    subprocess.run(["cp", "-r", str(start.root), str(tmp_path / "here")], check=True)
    return Repository(tmp_path / "here")


def rings(repository: Repository) -> str:
    """Return what platform.yaml says of the rings."""
    text = repository.read("platform.yaml")
    return text[text.index("rings:\n") :].partition("\n\n")[0] + "\n"


def promote(repository: Repository, *arguments: str, day: int = 9) -> str:
    """Promote, insist that it went well, and return what it said."""
    done = repository.run("promote", *arguments, "--now", DAY.format(day))
    assert done.exit == 0, done.said
    return done.stderr


def refused(repository: Repository, *arguments: str, day: int = 9) -> str:
    """Promote, insist that it was refused and wrote nothing, and return what it said."""
    before = repository.read("platform.yaml")
    done = repository.run("promote", *arguments, "--now", DAY.format(day))
    assert (done.exit, done.stdout, repository.read("platform.yaml")) == (1, "", before), done.said
    return done.stderr


# --- a ring


def test_a_ring_moves_by_one_edit_that_is_ready_to_be_committed(here: Repository) -> None:
    """The comment stays; the first ring needs nobody before it."""
    done = here.run("promote", "pilot", "2", "--now", DAY.format(2))

    assert (done.exit, done.stdout) == (0, "ring pilot to release 2, guard live: every company is on it\n")
    assert done.stderr == (
        "changed platform.yaml\n"
        '  next: tenantry generate && git add --all && git commit --message "Promote ring pilot to release 2"\n'
    )
    assert rings(here) == (
        "rings:\n"
        '- {name: pilot, release: "2", soak: 1d}  # those who like to be first\n'
        '- {name: general, release: "1", batch: 50}\n'
    )


def test_the_next_ring_follows_in_batches_with_what_was_seen(here: Repository) -> None:
    """Each run moves a batch; the last leaves nothing of the move."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)
    with Prometheus([]) as url:
        promote(here, "general", "--prometheus", url, day=4)
        assert rings(here).splitlines()[2] == (
            '- {name: general, release: "1", batch: 50, next: {release: "2", share: 50}, seen: '
            '"2 companies healthy throughout 24 h, by Prometheus"}'
        )
        committed(here, 4)
        promote(here, "general", "--prometheus", url, day=5)
    assert rings(here).splitlines()[2].startswith('- {name: general, release: "2", batch: 50, seen: ')


def test_whoever_skips_is_refused_and_a_reason_passes_and_stands_in_git(here: Repository) -> None:
    """All that speaks against it is told at once."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)

    assert refused(here, "general", day=2) == (
        "error: ring general does not move to 2: ring pilot is on 2 for 0 min, and a release soaks there for 24 h;"
        " nobody has looked whether the 2 companies on 2 are healthy\n"
        "  hint: wait until 2026-11-03T12:00Z; let it look: --prometheus URL or --kubeconfig FILE; or say why it moves"
        " all the same: tenantry promote general --reason WHY\n"
    )
    said = promote(here, "general", "--reason", "CVE-2026-1, of the file server", day=2)
    assert said.startswith("although ring pilot is on 2 for 0 min, and a release soaks there for 24 h\nalthough nobody")
    assert 'next: {release: "2", share: 50}, reason: "CVE-2026-1, of the file server"}' in rings(here)


def test_a_ring_does_not_overtake(here: Repository) -> None:
    """The command that it is told passes."""
    said = refused(here, "general", "2")

    assert "ring pilot is on 1: ring general would overtake it" in said
    assert "promote that one first: tenantry promote pilot 2; " in said
    promote(here, "pilot", "2")


def test_what_was_promoted_and_not_committed_has_no_time_yet(here: Repository) -> None:
    """Since when a ring is on a release, commits tell."""
    promote(here, "pilot", "2", day=2)

    said = refused(here, "general", day=5)

    assert "ring pilot is not as the last commit has it" in said
    assert "commit the last promotion first" in said


def test_a_rollback_takes_the_whole_ring_back_without_asking(here: Repository) -> None:
    """Also amid a move, and whatever nobody has looked at."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)
    promote(here, "general", "--reason", "for the test", day=2)
    committed(here, 2)

    said = promote(here, "general", "1", day=2)
    promote(here, "pilot", "1", day=2)

    assert said.endswith('git commit --message "Take ring general back to release 1"\n')

    assert rings(here) == RINGS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pilot", "9"), "error: there is no base/releases/9\n  hint: the newest is 3\n"),
        (("pilot", "1"), "error: ring pilot is on 1 already\n  hint: nothing is to be promoted\n"),
        (
            ("general",),
            (
                "error: nothing comes next for ring general, which is on 1\n"
                "  hint: tenantry release freezes more; tenantry promote lists the rings\n"
            ),
        ),
        (
            ("--all", "1", "--reason", "a fix"),
            "error: every ring is on 1 or on edge\n  hint: nothing is to be promoted\n",
        ),
        (("--guard", "pilot", "4"), "error: there is no base/guards/4\n  hint: tenantry release --guard freezes one\n"),
        (("--guard", "pilot"), "error: guard live is there already\n  hint: nothing is to be promoted\n"),
        (
            ("--go",),
            "error: nothing is stopped\n  hint: a freeze with a last day is taken out of platform.yaml by hand\n",
        ),
    ],
)
def test_what_cannot_be_promoted_is_told(here: Repository, arguments: tuple[str, ...], said: str) -> None:
    """With a way out."""
    assert refused(here, *arguments) == said


def test_a_ring_on_its_way_goes_on_or_back_and_nowhere_else(here: Repository) -> None:
    """Both ways are named."""
    promote(here, "pilot", "2", day=2)
    promote(here, "general", "2", "--reason", "for the test", day=2)

    assert refused(here, "general", "3", "--reason", "for the test") == (
        "error: ring general is on its way from 1 to 2\n"
        "  hint: go on: tenantry promote general; or back: tenantry promote general 1\n"
    )


def test_rings_that_are_all_on_edge_are_on_edge(here: Repository) -> None:
    """There is nothing above it."""
    promote(here, "--all", "edge", "--reason", "one for all")

    said = refused(here, "--all", "edge", "--reason", "one for all")

    assert said == "error: every ring is on edge\n  hint: nothing is to be promoted\n"


def test_all_rings_move_at_once_for_a_fix(here: Repository) -> None:
    """Without batches; the reason stands at each."""
    said = promote(here, "--all", "3", "--reason", "a fix")

    assert said.endswith('git commit --message "Promote every ring to release 3"\n')

    assert rings(here) == (
        "rings:\n"
        '- {name: pilot, release: "3", soak: 1d, reason: a fix}  # those who like to be first\n'
        '- {name: general, release: "3", batch: 50, reason: a fix}\n'
    )


@pytest.mark.slow
def test_a_guard_moves_at_once_in_a_freeze_too_and_back(here: Repository) -> None:
    """It restarts nothing: no batch, no soak, no look at the companies; every company of the ring has it."""
    promote(here, "--stop", "--reason", "the disk is full", day=2)
    assert here.run("release", "--guard").exit == 0

    done = here.run("promote", "--guard", "general", "1", "--now", DAY.format(2))

    assert (done.exit, done.stdout) == (0, "ring general to guard 1: every company has it\n")
    assert done.stderr.endswith('git commit --message "Promote ring general to guard 1"\n')
    assert rings(here).splitlines()[1:] == [
        '- {name: pilot, release: "1", soak: 1d}  # those who like to be first',
        '- {name: general, release: "1", batch: 50, guard: "1"}',
    ]
    here.generate()
    assert "guards/1/core" in here.read("overlays/company-001/kustomization.yaml")
    assert "base/guard/core" in here.read("overlays/pilot-1/kustomization.yaml")
    promote(here, "--guard", "general", day=2)
    assert '- {name: general, release: "1", batch: 50, guard: "live"}' in rings(here)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--all", "2"),
        ("--all", "pilot", "2", "--reason", "x"),
        ("--guard",),
        ("--stop",),
        ("--stop", "--reason", "x"),
        ("pilot", "2", "--reason", " x "),
        ("--due", "pilot"),
        ("--due", "--stop", "--reason", "x"),
        ("pilot", "two"),
        ("pilot", "2", "--reason", "two\nlines"),
        ("pilto",),
        ("pilot", "2", "--now", "2026-11-01"),
        ("pilot", "2", "--now", "yesterday"),
    ],
)
def test_bad_use_is_a_usage_error(here: Repository, arguments: tuple[str, ...]) -> None:
    """The exit code is 2, and nothing was looked at."""
    assert here.run("promote", *arguments).exit == 2


# --- health


def test_who_was_ill_during_the_soak_is_named(here: Repository) -> None:
    """And a company of which Prometheus knows nothing was not seen to be healthy."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)
    asks = Prometheus(["pilot-2"], known=("pilot-2",))
    with asks as url:
        said = refused(here, "general", "--prometheus", url, day=4)

    assert said == (
        "error: ring general does not move to 2: not all companies are healthy: pilot-2 was Degraded; Prometheus knows"
        " nothing of pilot-1\n"
        "  hint: tenantry debug NAME says why; or say why it moves all the same: tenantry promote general"
        " --reason WHY\n"
    )
    assert asks.asked == [
        'count_over_time(argocd_app_info{health_status=~"Degraded|Missing|Unknown"}[1440m])',
        'argocd_app_info{sync_status!="Synced"}',
        "count_over_time((count by (name) (present_over_time(argocd_app_info[10m])))[1440m:10m])",
    ]


def test_a_prometheus_that_does_not_answer_is_told(here: Repository) -> None:
    """The exit code is that of the environment."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)

    done = here.run("promote", "general", "--prometheus", "http://127.0.0.1:1", "--now", DAY.format(4))

    assert done.exit == 4
    assert done.stderr.startswith("error: Prometheus does not answer: ")
    assert here.run("promote", "general", "--prometheus", "ftp://x", "--now", DAY.format(4)).stderr == (
        "error: 'ftp://x' is no address of Prometheus\n  hint: for example https://prometheus.example.com\n"
    )
    for port in ("abc", "1/a b"):
        done = here.run("promote", "general", "--prometheus", f"http://127.0.0.1:{port}", "--now", DAY.format(4))
        assert done.exit == 1
        assert f"error: 'http://127.0.0.1:{port}' is no address of Prometheus: " in done.stderr
        assert "\n  hint: for example https://prometheus.example.com\n" in done.stderr


def test_a_cluster_says_who_is_healthy_now(here: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the edit says that it was now, and by whom. A script stands in kubectl's place."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)
    kubectl = Kubectl(tmp_path, monkeypatch)
    kubectl.answers(["pilot-1", "pilot-2"], "Progressing")
    said = refused(here, "general", "--kubeconfig", str(kubectl.kubeconfig), day=4)
    assert "not all companies are healthy: pilot-1 is Synced, Progressing; pilot-2 is Synced, Progressing" in said
    kubectl.answers(["pilot-1", "pilot-2"], "Healthy")
    promote(here, "general", "--kubeconfig", str(kubectl.kubeconfig), day=4)

    assert 'seen: "2 companies healthy now, by the cluster"' in rings(here)
    assert kubectl.asked() == (
        f"--kubeconfig {kubectl.kubeconfig} get applications.argoproj.io --namespace argocd --selector"
        " tenantry.dev/tenant --output=json --request-timeout=60s\n"
    )


# --- windows, freezes, pins

WINDOW: Final = {"days": ["sun"], "from": "02:00", "for": "3h", "timeZone": "Asia/Tokyo"}


def test_a_company_with_a_window_waits_for_it_and_moves_by_a_record_in_git(here: Repository) -> None:
    """Sunday, 8 November, 02:00 in Tokyo is Saturday, 17:00 in UTC. generate reads the record and no clock."""
    here.tenant("pilot-1", ring="pilot", maintenance=WINDOW)
    committed(here, 1)
    done = here.run("promote", "pilot", "2", "--now", DAY.format(2))
    assert done.stdout == "ring pilot to release 2, 100 % of its companies; 1 wait for their windows\n"
    assert 'next: {release: "2", share: 100, waiting: [pilot-1]}}' in rings(here)
    here.generate()
    assert "releases/1/core" in here.read("overlays/pilot-1/kustomization.yaml")
    assert "releases/2/core" in here.read("overlays/pilot-2/kustomization.yaml")

    early = here.run("promote", "--due", "--now", "2026-11-07T16:59:00Z")
    assert (early.exit, early.stdout, early.stderr) == (0, "", "nothing is due\n")
    done = here.run("promote", "--due", "--now", "2026-11-07T17:00:00Z")

    assert (done.exit, done.stdout) == (
        0,
        "move pilot-1 to release 2\nring pilot to release 2, guard live: every company is on it\n",
    )
    assert rings(here) == RINGS.replace('pilot, release: "1"', 'pilot, release: "2"')
    assert "releases/2/core" in here.generate().read("overlays/pilot-1/kustomization.yaml")


def test_one_command_stops_every_promotion_and_one_lets_them_go_on(here: Repository) -> None:
    """Not a rollback; and a reason passes."""
    before = here.read("platform.yaml")
    promote(here, "--stop", "--reason", "the disk is full", day=2)
    assert here.read("platform.yaml") == before + (
        "\nfreezes:                                  # let it go on: tenantry promote --go\n"
        '- {from: "2026-11-02", reason: "the disk is full"}\n'
    )

    assert refused(here, "pilot", "2", day=3) == (
        "error: ring pilot does not move to 2: no release moves until further notice: the disk is full\n"
        "  hint: let it go on when all is well: tenantry promote --go; or say why it moves all the same: tenantry"
        " promote pilot 2 --reason WHY\n"
    )
    due = here.run("promote", "--due", "--now", DAY.format(3))
    assert (due.exit, due.stdout) == (0, "no release moves until further notice: the disk is full: nobody moves\n")
    promote(here, "--go", day=3)
    assert here.read("platform.yaml") == before
    promote(here, "pilot", "2", day=3)


def test_a_window_is_held_against_the_plan_and_the_time_zones(here: Repository) -> None:
    """The hours that it is told are enough."""
    here.edit("base/releases/1/core/fileserver.yaml", "minReadySeconds: 46", "minReadySeconds: 1200")
    here.tenant("pilot-1", ring="pilot", maintenance={**WINDOW, "for": "1h"})

    done = here.run("generate")

    assert done.exit == 1
    said = re.search(
        r"tenants/pilot-1.yaml:4:\d+: error: maintenance.for: a roll-out of plan bronze takes (\d+) minutes at worst,"
        r" and it may begin 15 minutes after the window opens \[REL003\]\n"
        r"  hint: tenantry set pilot-1 maintenance.for=(\d)h\n",
        done.stderr,
    )
    assert said is not None, done.stderr
    assert here.run("set", "pilot-1", f"maintenance.for={said[2]}h").exit == 0
    assert here.run("generate").exit == 0
    here.tenant("pilot-1", ring="pilot", maintenance={**WINDOW, "timeZone": "Asia/Tokio"})
    assert re.search(
        r"tenants/pilot-1.yaml:4:\d+: error: maintenance.timeZone: there is no time zone 'Asia/Tokio' \[REL003\]\n"
        r"  hint: write a name of the IANA database, for example Asia/Tokyo\n",
        here.run("validate").stdout,
    )


@pytest.mark.parametrize(
    ("ready", "way"),
    [("1200", "maintenance.for=2h"), ("46800", "maintenance=")],
    ids=["with hours that are enough", "with no window, where none is long enough"],
)
def test_a_window_is_held_against_the_release_that_comes(here: Repository, ready: str, way: str) -> None:
    """Else the company would wait for ever, and nothing would say so."""
    here.edit("base/releases/2/core/fileserver.yaml", "minReadySeconds: 47", f"minReadySeconds: {ready}")
    here.tenant("pilot-1", ring="pilot", maintenance={**WINDOW, "for": "1h"})
    committed(here.generate(), 1)
    promote(here, "pilot", "2", day=2)

    done = here.run("generate")

    assert done.exit == 1
    assert "error: maintenance.for: a roll-out of plan bronze takes" in done.stderr
    assert f"tenantry set pilot-1 {way}\n" in done.stderr
    assert here.run("set", "pilot-1", way).exit == 0
    here.generate()
    assert here.run("promote", "--due", "--now", "2026-11-07T17:00:00Z").stdout.startswith("move pilot-1 to release 2")


def test_a_window_over_another_is_open_as_long_as_both() -> None:
    """Of a window on every day of the week, of the whole day, no moment is too late for a roll-out."""
    window = Window(days=(0, 1, 2, 3, 4, 5, 6), opens=time(2), length=timedelta(hours=24), zone=ZoneInfo("UTC"))
    now = datetime(2026, 4, 4, 15, tzinfo=UTC)
    for _ in range(2 * 24 * 4):
        end = window.open_until(now)
        assert end is not None
        assert end - now >= timedelta(hours=24)
        now += timedelta(minutes=15)


def test_a_pinned_company_stays_and_its_release_is_there(here: Repository) -> None:
    """A pin to what is not there is refused at its place."""
    pin = {"release": "1", "until": "2026-11-30", "reason": "an audit"}
    here.tenant("pilot-1", ring="pilot", pin=pin)
    promote(here, "pilot", "2")
    here.generate()
    assert "releases/1/core" in here.read("overlays/pilot-1/kustomization.yaml")
    due = here.run("due", "--today", "2026-12-01")
    assert re.search(
        r"tenants/pilot-1.yaml:4:\d+: error: it is pinned to release 1 until 2026-11-30: an audit \[DUE005\]\n"
        r"  hint: let it follow its ring: tenantry set pilot-1 pin.release= pin.until= pin.reason=\n",
        due.stdout,
    ), due.said
    assert here.run("set", "pilot-1", "pin.release=", "pin.until=", "pin.reason=").exit == 0
    assert "pin:" not in here.read("tenants/pilot-1.yaml")

    here.tenant("pilot-1", ring="pilot", pin={**pin, "release": "7"})
    assert re.search(
        r"tenants/pilot-1.yaml:4:\d+: error: pilot-1: there is no base/releases/7/core \[REL002\]\n",
        here.run("generate").stderr,
    )


def test_a_paused_company_s_application_syncs_nothing_by_itself(here: Repository) -> None:
    """Its entry says so; after the last day, `due` asks."""
    here.tenant("pilot-1", ring="pilot", paused={"until": "2026-11-30", "reason": "by hand"})
    here.generate()

    done = here.run("list", "--applications", "--format", "json")

    paused = [one for one in json.loads(done.stdout) if one["metadata"]["name"] == "pilot-1"]
    assert [one["spec"]["syncPolicy"]["automated"]["enabled"] for one in paused] == [False]
    due = here.run("due", "--today", "2026-12-01")
    assert "error: it is paused until 2026-11-30: by hand [DUE006]\n" in due.stdout
    assert here.run("set", "pilot-1", "paused.until=", "paused.reason=").exit == 0
    assert here.run("due", "--today", "2026-12-01").exit == 0


def test_promoting_pilot_changes_pilot_s_renders_alone(here: Repository) -> None:
    """No file of a company of another ring differs, and each of pilot's does."""
    before = here.generate().files()
    promote(here, "pilot", "2")
    after = here.generate().files()

    changed = {path for path in after if before.get(path) != after[path] and path != "platform.yaml"}
    assert {re.search("pilot-[12]", path) is not None for path in changed} == {True}
    assert {path for path in changed if path.endswith("kustomization.yaml")} == {
        f"overlays/pilot-{number}/kustomization.yaml" for number in (1, 2)
    }


def test_the_list_says_what_each_ring_is_on_and_what_comes_next(here: Repository) -> None:
    """With the pods that the roll-out adds."""
    promote(here, "pilot", "2", day=2)
    committed(here, 2)

    done = here.run("promote", "--now", DAY.format(2))

    assert (done.exit, done.stderr) == (0, "")
    lines = [re.split("  +", line.strip()) for line in done.stdout.splitlines()]
    assert lines[0] == ["RING", "RELEASE", "GUARD", "COMPANIES", "SINCE", "WAITING", "NEXT"]
    assert lines[1] == [
        "pilot",
        "2",
        "live",
        "2",
        "2026-11-02T12:00Z",
        "0",
        "3: 2 companies, 2 pods more in the roll-out",
    ]
    assert lines[2][:6] == ["general", "1", "live", "8", "2026-11-01T12:00Z", "0"]
    assert re.fullmatch("2: [0-9] companies, [0-9] pods more in the roll-out", lines[2][6])


OTHER: Final = "- {name: general, release: '1'}\nother:\n    {a: b,   c: d}\n"


def test_the_edit_keeps_what_people_wrote() -> None:
    """Rings in blocks, comments, and how all else is written."""
    text = f"rings:\n# first\n- name: pilot\n  release: edge # newest\n  soak: 1h\n{OTHER}"

    assert promotions.with_rings(text, [Ring(name="pilot", release="4", reason="yes")]) == (
        f'rings:\n# first\n- name: pilot\n  release: "4"  # newest\n  soak: 1h\n  reason: "yes"\n{OTHER}'
    )
