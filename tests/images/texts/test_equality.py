"""Holds the scripts of Windows to those of Linux, which are the ones that tests run."""

import unittest
from dataclasses import dataclass, field

import bash
import powershell
from script import ROOT



@dataclass
class Pair:
    """Two scripts, and where they differ: functions, variables and steps that one of them has alone."""

    linux: list[str]
    windows: list[str]
    functions: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    steps: dict[str, set[str]] = field(default_factory=dict)
    order: set[str] = field(default_factory=set)


PAIRS = [
    Pair(
        ["images/ubuntu/entrypoint.sh", "images/ubuntu/claim.sh"],
        ["images/windows/entrypoint.ps1", "images/windows/claim.ps1"],
        # PowerShell gets no signals, reads JSON, and needs words for what the shell has commands for.
        # Windows trusts by its store of certificates, which a derived image fills: the runner's user may not.
        {"await", "hand_on", "interrupted", "files_carried", "quote", "seconds_now", "trust_more"},
        {"RUNNER_ENTRYPOINT_PID", "RUNNER_MANUALLY_TRAP_SIG", "RUNNER_EXTRA_CA_CERTIFICATES"},
        {
            "prepare_runner": {"export RUNNER_ENTRYPOINT_PID", "export RUNNER_MANUALLY_TRAP_SIG"},
            "register": {"exit 143"},
            "start_anew": {"option --serve"},
            "unpack": {"option --decode"},
        },
        # Linux tells its second process from the first before all else; Windows has one.
        {"main"},
    ),
    Pair(
        ["images/ubuntu/job-started.sh"],
        ["images/windows/job-started.ps1"],
        variables={"RUNNER_ENTRYPOINT_PID"},
        # A shell can become the next program; PowerShell waits for it.
        steps={"main": {"exit …"}},
    ),
    Pair(
        ["arm/linux/launch.sh"],
        ["arm/windows/launch.ps1"],
        {"quote"},
        # A shell removes the credential in a trap, which covers its end by a signal.
        steps={"run_container": {"exit …"}, "pull_image": {"remove_credential"}},
    ),
]


class Equality(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.read = [
            (pair, bash.read(*(ROOT / at for at in pair.linux)), powershell.read(*(ROOT / at for at in pair.windows)))
            for pair in PAIRS
        ]

    def test_both_are_made_of_the_same_functions(self) -> None:
        for pair, linux, windows in self.read:
            self.assertGreaterEqual(len(linux.functions), 3)
            self.assertEqual(linux.functions.keys() ^ windows.functions.keys(), pair.functions, pair.windows)

    def test_both_know_the_same_variables(self) -> None:
        for pair, linux, windows in self.read:
            self.assertGreater(len(linux.variables), 3)
            self.assertEqual(linux.variables ^ windows.variables, pair.variables, pair.windows)

    def test_both_wait_as_long_and_try_as_often(self) -> None:
        for pair, linux, windows in self.read:
            self.assertEqual(linux.numbers, windows.numbers, pair.windows)
        self.assertEqual(self.read[0][1].numbers, {"needed_validity": 30, "patience": 600, "longest_pause": 30})
        self.assertEqual(self.read[2][1].numbers, {"tries": 5})

    def test_each_function_takes_the_same_steps_in_the_same_order(self) -> None:
        for pair, linux, windows in self.read:
            common = linux.functions.keys() & windows.functions.keys()
            for name in sorted(common):
                with self.subTest(script=pair.windows[0], function=name):
                    left_out = pair.steps.get(name, set()) | pair.functions
                    ours, theirs = (
                        [step for step in script.functions[name] if step not in left_out] for script in (linux, windows)
                    )
                    if name in pair.order:
                        ours, theirs = sorted(ours), sorted(theirs)
                    self.assertEqual(ours, theirs)

    def test_every_exit_code_of_linux_is_one_of_windows(self) -> None:
        for pair, linux, windows in self.read:
            codes = [
                {step for steps in script.functions.values() for step in steps if step.startswith(("exit ", "code "))}
                for script in (linux, windows)
            ]
            signals = {"exit 130", "exit 143"}
            self.assertEqual(codes[0] - signals - {"exit …"}, codes[1] - {"exit …"}, pair.windows)

    def test_both_keep_and_hand_on_the_same_variables(self) -> None:
        for (_, linux, windows), name in [(self.read[0], "is_kept"), (self.read[2], "is_handed_on")]:
            self.assertGreater(len(linux.patterns[name]), 10)
            # Names of Windows have no case.
            ours, theirs = (
                list(dict.fromkeys((pattern.lower(), verdict) for pattern, verdict in script.patterns[name]))
                for script in (linux, windows)
            )
            self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
