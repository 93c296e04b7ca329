"""STA: no company jumps from state to state, and none is purged before its day, on hold, or unapproved."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.findings.finding import Found, Severity
from generator.findings.rule import Firm
from generator.fleet.states import ACTIVE, DELETING, PURGING, RETIRING, STATES, next_states, way
from generator.rules.compared import Compared, Move
from generator.rules.rule import Per, rule

_SOURCE: Final = "tenantry: a company's life is a table (docs/reference/states.md)"


@rule(
    "STA010",
    per=Per.CHANGE,
    title="a company goes from state to state by the ways that there are",
    why="A step that is left out leaves a namespace behind without policies, or a shard that waits for ever.",
    fix="Go to a state that follows: `tenantry set NAME state=...`.",
    source=_SOURCE,
    firm=Firm.DATA,
)
def states_follow_each_other(compared: Compared) -> Iterator[Found]:
    """Every change of a state is in the table, and a company that comes begins with the first."""
    restored = {old.name for old in compared.returning if old.restored}
    for move in compared.moves:
        before, after = move.states
        if move.before is None:
            if move.after.name not in restored:
                fact = f"{move.after.name} is new, and {after} already: a company begins {ACTIVE}"
                yield _found(move, fact, f"take the state out: {_set(move, ACTIVE)}")
        elif way(before, after) is None:
            ways = [_set(move, state) for state in next_states(before)]
            fact = f"{move.after.name} cannot go from {before} to {after}"
            yield _found(move, fact, f"from {before} there is: {'; '.join(ways)}")


def _set(move: Move, state: str) -> str:
    return f"tenantry set {move.after.name} state={state}"


def _found(move: Move, fact: str, hint: str) -> Found:
    document = move.after.document
    return Found(document.place(("state",)) if "state" in document.data else document.place(), fact, hint)


@rule(
    "STA011",
    per=Per.CHANGE,
    title="a company is purged, and comes back from its tombstone, with an approval, and what was approved stays",
    why=(
        "What is purged is gone; what comes back under a name gets what the name had; and another backup than the one"
        " that was approved may hold nothing."
    ),
    fix="Have the change approved.",
    source=_SOURCE,
    firm=Firm.DATA,
    lifted_by_approval=True,
)
def a_purge_is_approved(compared: Compared) -> Iterator[Found]:
    """Somebody says so before the change, where the change cannot reach it."""
    for move in compared.moves:
        step = way(*move.states) if move.before is not None else None
        if step is not None and step.approved:
            what = "is to be purged" if step.after == PURGING else "is to come back from its tombstone"
            yield _found(move, f"{move.after.name} {what}", _back(compared, move))
        elif move.begun and move.after.state != DELETING:
            fact = f"{move.after.name} is to come back, although its deletion had begun: its volume may be a new one"
            yield _found(move, fact, _back(compared, move))


@a_purge_is_approved.also(Per.CHANGE)
def what_a_purge_rests_on_stays(compared: Compared) -> Iterator[Found]:
    """Date, backup, who saw it and what remains stay as they were when it was approved."""
    for move in compared.amended:
        assert move.before is not None
        was, now = move.before.document.data, move.after.document.data
        for key in ("retireOn", "backup", "confirmed", "tombstone"):
            if not _stays(key, was.get(key), now.get(key), move.after.state):
                place = move.after.document.place((key,) if key in now else ())
                fact = f"{key} of {move.after.name} changes, although its purge was approved with it"
                yield Found(place, fact, _back(compared, move))


def _stays(key: str, was: Any, now: Any, state: str) -> bool:
    """Say whether a key is as it was, but for what a state adds, and what a purge that begins again takes out."""
    if was is None or was == now or (key == "confirmed" and state == PURGING):
        return True
    return key == "confirmed" and isinstance(now, Mapping) and all(now.get(step) == was[step] for step in was)


def _back(compared: Compared, move: Move) -> str:
    commit, file = compared.commit[:10], move.after.document.file
    old = move.before.document.file if move.before else file
    moved = f"git rm --quiet --force {file} && " if old != file else ""
    return f"take it back: {moved}git restore --source={commit} --staged --worktree {old}{compared.then_generate}"


@rule(
    "STA015",
    per=Per.CHANGE,
    severity=Severity.WARNING,
    title="whoever reviews a change of state is told what it does",
    why="One word in a tenant file can delete a namespace.",
    fix="Look whether that is what is meant.",
    source=_SOURCE,
    firm=Firm.DATA,
)
def a_change_of_state_says_what_it_does(compared: Compared) -> Iterator[Found]:
    """What Argo CD does, what stays, and the way back, as the table has them."""
    for move in compared.moves:
        step = way(*move.states) if move.before is not None else None
        if step is not None:
            state = STATES[step.after]
            fact = (
                f"{move.after.name} goes from {step.before} to {step.after}: Argo CD {step.argocd or state.argocd};"
                f" what stays: {step.stays or state.stays}"
            )
            yield _found(move, fact, f"the way back: {step.back}")


@rule(
    "STA012",
    per=Per.CHANGE,
    title="a company is purged after its last day, by its own date, and not on hold",
    why="People were told the day until which they can fetch their files; a hold says that data must stay.",
    fix="Wait for the day, or take the hold out by a change of its own.",
    source=_SOURCE,
    firm=Firm.DATA,
)
def a_purge_waits_for_its_day(compared: Compared) -> Iterator[Found]:
    """The date stood before the change, has passed, and nothing held the company."""
    for move in compared.moves:
        before, tenant = move.before, move.after
        if before is None or tenant.state not in (PURGING, DELETING) or before.state == DELETING:
            continue
        name, document = tenant.name, tenant.document
        for held in (before.hold, tenant.hold):
            if held is not None:
                place = document.place(("hold",), key=True) if tenant.hold else document.place(("state",))
                fact = f"{name} is on hold since {held.since}: {held.reason}"
                yield Found(place, fact, f"{_back(compared, move)}; or end the hold by a change of its own")
                break
        if before.state != RETIRING:
            continue
        place = document.place(("retireOn",)) if tenant.retire_on else document.place()
        if tenant.retire_on != before.retire_on:
            fact = f"retireOn was {before.retire_on}, and changes in the change that purges {name}"
            yield Found(place, fact, f"leave it: tenantry set {name} retireOn={before.retire_on}")
        elif compared.today is not None and tenant.retire_on is not None and compared.today <= tenant.retire_on:
            fact = f"{name} was told that its files are there until {tenant.retire_on}"
            yield Found(place, fact, f"wait until that day has passed; {_back(compared, move)}")


@rule(
    "STA013",
    per=Per.CHANGE,
    title="no more companies are purged on a day than budget.purgesPerDay allows",
    why="A mistake that is made once is found before it is made for everybody.",
    fix="Purge the others on another day: `tenantry due` says when each is due.",
    source="tenantry: nothing dies by accident",
    firm=Firm.DATA,
)
def few_companies_are_purged_on_a_day(compared: Compared) -> Iterator[Found]:
    """Over all changes of a day, as the line of first parents has them."""
    most = compared.before.budget.purges_per_day
    begun = [move for move in compared.moves if move.states == (RETIRING, PURGING)]
    before = [name for name in compared.purged_today if name not in {move.after.name for move in begun}]
    if most is None or len(begun) + len(before) <= most:
        return
    earlier = f", and {', '.join(before)} already today" if before else ""
    companies = "company" if len(begun) == 1 else "companies"
    fact = f"{len(begun)} {companies} would be purged{earlier}; {most} a day are allowed"
    for move in begun[max(0, most - len(before)) :]:
        yield _found(move, fact, f"purge {move.after.name} on another day; {_back(compared, move)}")


@rule(
    "STA014",
    per=Per.CHANGE,
    title="an approval of a purge counts once",
    why="A purge that was cancelled is asked for again: what was approved then was another deletion (argo-cd#27570).",
    fix="Name another backup, which makes it another change, and have that approved.",
    source="https://github.com/argoproj/argo-cd/issues/27570",
    firm=Firm.DATA,
)
def approvals_of_a_purge_count_once(compared: Compared) -> Iterator[Found]:
    """No commit before held the very same file."""
    for move in compared.moves:
        if move.states == (RETIRING, PURGING) and move.again:
            name, document = move.after.name, move.after.document
            fact = f"{name} was purged by the very same file before, and that was cancelled: its approval counted once"
            hint = f"name the backup of today: tenantry set {name} backup={move.after.backup}-again"
            yield Found(document.place(("backup",)), fact, hint)


@rule(
    "STA016",
    per=Per.CHANGE,
    title="no company is handed to another ApplicationSet while it is purged",
    why=(
        "The set that it belonged to deletes its Application, which carries the cascade finalizer: namespace and volume"
        " go before anybody has confirmed it, and no cancelling brings them back."
    ),
    fix="Change argocd.shards when no company is purging or deleting.",
    source="tenantry: nothing dies by accident",
    firm=Firm.DATA,
)
def shards_stay_while_somebody_is_purged(compared: Compared) -> Iterator[Found]:
    """The number of shards is the same as long as an Application may carry the cascade finalizer."""
    was, now = compared.before.argocd.shards, compared.after.argocd.shards
    if was == now or not compared.purged:
        return
    names = ", ".join(compared.purged)
    fact = f"argocd.shards: {was} becomes {now}, while purges are under way: Argo CD would delete {names} by it"
    hint = f"write {was} again, until each purge is done or cancelled{compared.then_generate}"
    yield Found(compared.after.document.place(("argocd", "shards")), fact, hint)


@rule(
    "STA017",
    per=Per.CHANGE,
    title="a company that is paused is not deleted",
    why=(
        "Argo CD has synced nothing of a paused company, so its guards still stand: the Application would go and leave"
        " the namespace behind, orphaned and without policies."
    ),
    fix="End the pause by a change of its own, and wait until the Application is Synced.",
    source=_SOURCE,
    firm=Firm.DATA,
)
def what_is_deleted_was_not_paused(compared: Compared) -> Iterator[Found]:
    """Whoever confirmed that it was Synced, the file before the change says that it was not."""
    for move in compared.moves:
        if move.before is not None and move.states == (PURGING, DELETING) and move.before.paused is not None:
            fact = f"{move.after.name} is paused until {move.before.paused.until}, so it still has its guards"
            ends = f"tenantry set {move.after.name} paused.until= paused.reason={compared.then_generate}"
            yield _found(move, fact, f"{_back(compared, move)}; end the pause first, merge that and wait: {ends}")


@rule(
    "STA018",
    per=Per.CHANGE,
    title="people get the days that they were told",
    why="A day that has passed already, or that comes earlier, takes the time away in which people fetch their files.",
    fix="Give a day that is not over, and never an earlier one; or have the change approved.",
    source=_SOURCE,
    firm=Firm.DATA,
    lifted_by_approval=True,
)
def people_get_the_days_they_were_told(compared: Compared) -> Iterator[Found]:
    """The last day of a company that leaves is not over when it is told, and comes no earlier later on."""
    for move in (*compared.moves, *compared.retiring):
        before, tenant = move.before, move.after
        if before is None or tenant.state != RETIRING or tenant.retire_on is None:
            continue
        place, told = tenant.document.place(("retireOn",)), before.retire_on
        if told is not None and tenant.retire_on < told:
            fact = f"{tenant.name} was told that its files are there until {told}, not {tenant.retire_on}"
            yield Found(place, fact, f"leave it: tenantry set {tenant.name} retireOn={told}{compared.then_generate}")
        elif told is None and compared.today is not None and tenant.retire_on < compared.today:
            fact = f"the last day of {tenant.name} would be {tenant.retire_on}, which is over"
            today = f"tenantry set {tenant.name} retireOn={compared.today}{compared.then_generate}"
            yield Found(place, fact, f"give a day that is to come, today at the earliest: {today}")
