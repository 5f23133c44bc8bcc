"""Compares the Windows scripts with the Linux scripts, which are the ones that tests run."""

import sys
import unittest
from dataclasses import dataclass, field

import bash
import powershell
from script import ROOT

sys.path.insert(0, str(ROOT / "images"))
import exit_codes


@dataclass
class Pair:
    """Two scripts, and their intended differences: functions, variables and steps of only one of them."""

    linux: list[str]
    windows: list[str]
    functions: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    steps: dict[str, set[str]] = field(default_factory=dict)
    order: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)


PAIRS = [
    Pair(
        [f"images/ubuntu/{name}.sh" for name in ("entrypoint", "claim", "process", "process-tree", "register", "serve")],
        [f"images/windows/{name}.ps1" for name in ("entrypoint", "claim", "process", "register", "serve")],
        # PowerShell receives no signals, parses JSON, and needs functions for what bash has commands for. The work of
        # Run-Program is done by helpers in bash, which signals cannot interrupt.
        # Windows has a certificate store, which only a derived image can change: the runner's user may not.
        {
            *("run_in_group", "request_stop", "await_worker", "catches_term", "finish_relays", "handle_signal"),
            *("is_starting_worker", "wait_for_exit", "wait_for_relay", "signal_groups", "stop_once", "pause"),
            *("read_processes", "descends_from", "check_signals"),
            # What a job can stop or block: bash starts it in a group; Windows has no state of a process.
            *("kill_group", "await_end", "read_beginning", "run_briefly", "is_suspended"),
            # bash needs a process without traps for what PowerShell does in the main process.
            *("claim_in_child", "kill_relays", "requested_group", "pass_configuration", "make_scratch", "set_traps"),
            *("configuration_files", "json_escape", "quote", "seconds_now", "add_ca_certificates"),
            # bash replaces its process by the second one.
            *("prepare_in_process", "start_self"),
            # A hook signals bash, and bash kills groups.
            *("check_job", "kill_child"),
        },
        {
            *("RUNNER_ENTRYPOINT_PID", "RUNNER_MANUALLY_TRAP_SIG", "RUNNER_EXTRA_CA_CERTIFICATES"),
            # bash passes them to the second process without setting them.
            *("RUNNER_CONFIGURATION", "RUNNER_ALLOWED_REPOSITORIES"),
        },
        {
            "run_program": {"exit …", "relay", "watch", "make_scratch"},
            "main": {"set_traps", "exit …", "export RUNNER_CONFIGURATION"},
            "require_programs": {"option --default-signal"},
            "exit_with_result": {"exit 70", "exit …", "has_served"},
            "obtain_credential": {"claim", "claim_in_child", "exit …", "unpack"},
            "check_registration": {"requested_group"},
            "prepare_runner": {"export RUNNER_ENTRYPOINT_PID", "export RUNNER_MANUALLY_TRAP_SIG", "watch"},
            "relay": {"watch"},
            "register": {"exit …", "requested_group"},
            "serve": {"clean_up"},
            "enter_clean_environment": {
                *("option --default-signal", "option --serve", "pass_configuration"),
                *("export RUNNER_CONFIGURATION", "export RUNNER_ALLOWED_REPOSITORIES"),
            },
            "unpack": {"option --decode"},
            # bash sends a signal, PowerShell acts; a runner on Windows can outlive a rejected job.
            "watch": {"stop_child", "is_refused", "end_overdue"},
            "end_overdue": {"stop_child"},
            # On Linux, the main process reads the files itself: it runs no other program while it waits.
            "is_online": {"perf_log"},
            "has_served": {"perf_log"},
        },
        # Linux first distinguishes its second process from the first.
        {"main", "prepare_runner"},
        {"worker_timeout", "drain_timeout"},
    ),
    Pair(
        ["images/ubuntu/job-started.sh"],
        ["images/windows/job-started.ps1"],
        # `read` is used instead of Start-Sleep.
        {"pause"},
        variables={"RUNNER_ENTRYPOINT_PID"},
        # bash can replace itself by the next program; PowerShell waits for it.
        steps={"main": {"exit …"}},
        # Linux waits for the worker's signal, Windows until the worker has sent its log.
        numbers={"report_delay"},
    ),
    Pair(
        ["arm/linux/launch.sh"],
        ["arm/windows/launch.ps1"],
        {"quote"},
        # bash removes the credential in a trap, which also runs after a signal.
        steps={"run_container": {"exit …"}, "pull_image": {"remove_credential"}},
    ),
    Pair(
        ["images/pipelines/ubuntu/serve.sh"],
        ["images/pipelines/windows/serve.ps1"],
        # Linux receives notifications in another process, and becomes the agent in the child.
        {"await_notifications", "start_agent", "agent_environment", "check_job"},
        steps={
            "obtain_credential": {"claim", "claim_in_child", "unpack"},
            "serve": {"clean_up"},
            "exit_with_result": {"case 2", "case 4"},
            "run_agent": {"option --once", "read_notifications"},
            "listen": {"report notifications of the agent cannot be received"},
            "read_notifications": {"report notifications of the agent cannot be received: …"},
        },
    ),
]


class Equality(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.read = [
            (pair, bash.read(*(ROOT / at for at in pair.linux)), powershell.read(*(ROOT / at for at in pair.windows)))
            for pair in PAIRS
        ]

    def test_both_have_the_same_functions(self) -> None:
        for pair, linux, windows in self.read:
            self.assertGreaterEqual(len(linux.functions), 3)
            self.assertEqual(linux.functions.keys() ^ windows.functions.keys(), pair.functions, pair.windows)

    def test_both_use_the_same_variables(self) -> None:
        for pair, linux, windows in self.read:
            self.assertGreater(len(linux.variables), 3)
            self.assertEqual(linux.variables ^ windows.variables, pair.variables, pair.windows)

    def test_both_have_the_same_timeouts_and_tries(self) -> None:
        for pair, linux, windows in self.read:
            self.assertEqual(dict(linux.numbers.items() ^ windows.numbers.items()).keys(), pair.numbers, pair.windows)
        times = {"min_token_validity": 30, "claim_timeout": 600, "max_retry_delay": 30}
        times |= {"session_timeout": 600, "check_interval": 10, "kill_delay": 30, "worker_timeout": 5}
        times |= {"end_timeout": 40, "report_timeout": 240}
        self.assertEqual(self.read[0][1].numbers, times)
        self.assertEqual(self.read[2][1].numbers, {"tries": 5})

    def test_each_function_has_the_same_steps_in_the_same_order(self) -> None:
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

    def test_both_have_the_same_exit_codes(self) -> None:
        for pair, linux, windows in self.read:
            codes = [
                {step for steps in script.functions.values() for step in steps if step.startswith(("exit ", "code "))}
                for script in (linux, windows)
            ]
            self.assertEqual(codes[0] - {"exit …"}, codes[1] - {"exit …"}, pair.windows)

    def test_every_exit_code_of_the_entrypoints_is_listed(self) -> None:
        listed = {row["code"] for row in exit_codes.CODES if row["from"] == "entrypoint"}
        _, linux, windows = self.read[0]
        for script in (linux, windows):
            taken = (step for steps in script.functions.values() for step in steps)
            steps = {step.split()[-1] for step in taken if step.startswith(("exit ", "case "))}
            decided = {int(code) for code in steps if code.isdigit()}
            self.assertLessEqual(decided - {200, 401, 403, 410}, listed)
            # 1 comes from config.sh; signals determine 68 and 124.
            self.assertLessEqual(listed - decided - {1, 124, 68} - exit_codes.SIGNALS, set())
        of_agent = {row["code"] for row in exit_codes.CODES if row["from"] == "pipelines-agent"}
        for script in self.read[3][1:]:
            taken = (step for steps in script.functions.values() for step in steps)
            decided = {int(step.split()[-1]) for step in taken if step.startswith("exit ") and step.split()[-1].isdigit()}
            self.assertLessEqual(decided, listed | of_agent)
            # A timeout determines 68.
            self.assertEqual(of_agent - decided, {68})

    def test_both_keep_and_pass_on_the_same_variables(self) -> None:
        for (_, linux, windows), name in [(self.read[0], "is_kept"), (self.read[2], "is_passed_on")]:
            self.assertGreater(len(linux.patterns[name]), 10)
            # Variable names on Windows are case-insensitive.
            ours, theirs = (
                list(dict.fromkeys((pattern.lower(), result) for pattern, result in script.patterns[name]))
                for script in (linux, windows)
            )
            self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
