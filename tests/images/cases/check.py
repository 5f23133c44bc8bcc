"""Compares a case's expectations with the outcome of its script."""

from __future__ import annotations

import re
from pathlib import Path

from worlds import TICKET, TOKEN, Outcome, World

INPUTS = {
    "name", "environment", "configuration", "responses", "runner", "registration", "hook", "node", "identity",
    "refused_services", "arguments", "repository", "missing_programs", "curlrc", "because", "setting",
}  # fmt: skip
# The label of a launch is different in each run, and the order of variables on each system.
IN_PAIRS = re.compile(r"--env|--label")


def faults(case: dict, world: World, outcome: Outcome) -> list[str]:
    """Returns a message for each failed expectation."""
    unknown = case.keys() - INPUTS - EXPECTATIONS.keys()
    found = [f"the case has an unknown field: {name}" for name in sorted(unknown)]
    if "code" not in case:
        found.append("the case expects no code")
    for name in (name for name in EXPECTATIONS if name in case):
        found += [f"{name}: {fault}" for fault in EXPECTATIONS[name](world, outcome, world.case[name])]
    return found + list(secrets(world, outcome))


def differ(expected: object, found: object) -> list[str]:
    return [] if found == expected else [f"expected {expected!r}, found {found!r}"]


def secrets(world, outcome):
    """Finds secrets in the output and in arguments."""
    nonces = {claim["body"].get("nonce", "") for claim in world.claims()} - {""}
    for secret in {TICKET, TOKEN, world.configuration, *nonces}:
        if secret in outcome.output:
            yield f"the output holds the secret {secret[:40]}"
    for program in ("config", "ran", "login", "run"):
        noted = world.seen(program) or []
        arguments = noted["arguments"] if isinstance(noted, dict) else noted
        for secret in {TICKET, TOKEN, *nonces}:
            if any(secret in argument for argument in arguments):
                yield f"an argument of {program} holds the secret {secret}"


def code(world, outcome, expected):
    if expected == "failure":
        return [] if outcome.code != 0 else ["expected a failure, found 0"]
    return differ(expected, outcome.code)


def lines(world, outcome, expected):
    """Checks that each pattern matches a line, in this order."""
    left = outcome.output.splitlines()
    for pattern in expected:
        while left and not re.search(world.expand_pattern(pattern), left[0]):
            left.pop(0)
        if not left:
            return [f"no line matches {pattern!r}"]
        left.pop(0)
    return []


def last(world, outcome, pattern):
    final = (outcome.output.splitlines() or [""])[-1]
    return [] if re.search(world.expand_pattern(pattern), final) else [f"{final!r} does not match {pattern!r}"]


def never(world, outcome, texts):
    return [f"the output holds {text!r}" for text in texts if text in outcome.output]


def claims(world, outcome, expected):
    """Checks the number of claims, their common nonce, and the case's other expectations."""
    made = world.claims()
    found = differ(expected if isinstance(expected, int) else expected["count"], len(made))
    bodies = [claim["body"] for claim in made]
    if len({body.get("nonce") for body in bodies}) > 1:
        found.append("the nonces differ")
    for body in bodies:
        known = body.keys() == {"v", "ticket", "nonce"} and (body["v"], body["ticket"]) == (1, TICKET)
        if not known or not re.fullmatch("[0-9a-f]{32}", body["nonce"]):
            found.append("a claim is not made of version, ticket and nonce")
    found += [f"a claim is of the type {claim['type']}" for claim in made if claim["type"] != "application/json"]
    if isinstance(expected, dict):
        found += [f"a claim went to {claim['path']}" for claim in made if claim["path"] != expected["path"]]
    return found


def waits(world, outcome, expected):
    """Checks the waits before the runner started: each of them, or their sum and maximum."""
    found = [int(wait) for wait in world.lines("seen/waits") or world.lines("waits")]
    if isinstance(expected, list):
        return differ(expected, found)
    over = [wait for wait in found if wait > expected["most"]]
    return differ(expected["sum"], sum(found)) + [f"a wait of {wait} s" for wait in over]


def run(world, outcome, expected):
    """Checks the arguments of the runner; null if it must not start."""
    return differ(expected, world.seen("run"))


def inputs(world, outcome, expected):
    """Checks the inputs of the registration, from arguments and variables; null if there must be no registration."""
    seen = world.seen("config")
    if expected is None or seen is None:
        return differ(expected, seen)
    return [fault for name, value in expected.items() for fault in differ({name: value}, {name: seen["inputs"].get(name)})]


def files(world, outcome, expected):
    """Checks the files in the runner's folder when it starts; null for a file that must not exist."""
    found = []
    for name, text in expected.items():
        file = world.root / "seen" / name
        content = file.read_bytes() if file.exists() else None
        if name == ".credentials_rsaparams" and content is not None and text is not None:
            content = world.protected(content)
        found += differ({name: text}, {name: None if content is None else content.decode()})
    return found


def keeps(world, outcome, expected):
    seen = {name.upper(): value for name, value in world.seen("environment").items()}
    return [fault for name, value in expected.items() for fault in differ({name: value}, {name: seen.get(name.upper())})]


def drops(world, outcome, expected):
    seen = {name.upper() for name in world.seen("environment") or {}}
    return [f"the runner has {name}" for name in expected if name.upper() in seen]


def passed_on(world, outcome, expected):
    """Checks the names of the container's variables."""
    ran = world.seen("ran") or []
    return differ(expected, sorted(ran[at + 1] for at, word in enumerate(ran) if word == "--env"))


def ran(world, outcome, expected):
    """Checks the arguments of the container, without its label and variables; null if it must not run."""
    seen = world.seen("ran")
    if seen is None:
        return differ(expected, None)
    left, words = [], iter(seen)
    for word in words:
        value = next(words) if IN_PAIRS.fullmatch(word) else None
        if value is None:
            left.append(word)
        elif word == "--label" and not value.startswith("mayfly."):
            left += [word, value]
    return differ(expected, left)


def removed(world, outcome, expected):
    return differ(expected, world.lines("removed"))


def pulls(world, outcome, expected):
    return differ(expected, world.lines("pulls"))


def requests(world, outcome, expected):
    """Checks the requests for a token, as method and path."""
    return differ(expected, [re.match(r"\w+ [^ ?]+", line)[0] for line in world.lines("requests")])


def login_of(world, outcome, expected):
    return differ(expected, world.seen("login"))


def step(world, outcome, expected):
    return differ(expected, (world.root / "seen/step").exists())


def hook_code(world, outcome, expected):
    """Checks the exit code of the hook that the worker called."""
    found = world.lines("seen/hook")
    return code(world, Outcome(int(found[0]), ""), expected) if found else ["no hook was called"]


def prepared(world, outcome, expected):
    return differ(expected, (world.root / "prepared").exists())


def starts(world, outcome, expected):
    """Checks how many times the agent was started."""
    return differ(expected, len(world.lines("starts")))


def left(world, outcome, expected):
    """Checks the remaining files in the temporary folder."""
    return differ(expected, sorted(item.name for item in Path(world.root, "tmp").iterdir()))


EXPECTATIONS = {
    "code": code, "lines": lines, "last": last, "never": never, "claims": claims, "waits": waits, "run": run,
    "inputs": inputs, "files": files, "keeps": keeps, "drops": drops, "passed_on": passed_on, "ran": ran,
    "removed": removed, "pulls": pulls, "requests": requests, "login": login_of, "step": step, "hook_code": hook_code, "prepared": prepared,
    "left": left, "starts": starts,
}  # fmt: skip
