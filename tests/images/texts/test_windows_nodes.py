"""Checks properties of the Windows node scripts by their syntax trees, without running PowerShell."""

import re
import unittest
from collections.abc import Iterator

import tree_sitter_powershell
from script import ROOT, nodes, text, tree
from tree_sitter import Node

SCRIPTS = {name: tree(ROOT / f"arm/windows/{name}.ps1", tree_sitter_powershell.language()) for name in ("launch", "start-task")}
LAUNCH, START_TASK = SCRIPTS["launch"], SCRIPTS["start-task"]


def function(root: Node, name: str) -> Node:
    """Returns a function by its name."""
    return next(at for at in nodes(root, "function_statement") if text(next(nodes(at, "function_name"))) == name)


def commands(node: Node, name: str) -> Iterator[Node]:
    """Finds the calls of a command, including `& curl.exe`."""
    return (at for at in nodes(node, "command") if text(at).removeprefix("& ").startswith(f"{name} "))


def around(node: Node, kind: str) -> list[Node]:
    """Returns the enclosing nodes of a kind, innermost first."""
    found, at = [], node.parent
    while at:
        found += [at] if at.type == kind else []
        at = at.parent
    return found


def statements(body: Node) -> list[str]:
    """Returns the statements of a function, in order."""
    return [text(at) for at in next(nodes(body, "statement_list")).named_children]


class WindowsNodes(unittest.TestCase):
    def test_tls_curl_does_not_ask_revocation_servers(self) -> None:
        over_tls = [text(call) for call in commands(LAUNCH, "curl.exe") if "https://" in text(call)]
        self.assertEqual(len(over_tls), 1)
        self.assertIn(" --ssl-no-revoke ", over_tls[0])

    def test_docker_is_downloaded_in_five_tries_with_pauses(self) -> None:
        self.assertIn("$tries = 5", [text(at) for at in nodes(START_TASK, "assignment_expression")])
        (download,) = commands(START_TASK, "Invoke-WebRequest")
        self.assertTrue(around(download, "try_statement"))
        inner, outer = around(download, "foreach_statement")
        self.assertTrue(text(outer).startswith("foreach ($try in 1..$tries)"))
        self.assertTrue(text(inner).startswith("foreach ($from in $releases)"))
        pauses = [text(at) for at in commands(outer, "Start-Sleep")]
        self.assertEqual(pauses, ["Start-Sleep -Seconds (1 -shl $try)"])

    def test_a_mirror_is_tried_before_docker(self) -> None:
        releases = next(text(at) for at in nodes(START_TASK, "assignment_expression") if text(at).startswith("$releases"))
        self.assertLess(releases.index("MAYFLY_DOCKER_RELEASES"), releases.index("https://download.docker.com"))

    def test_an_archive_with_another_digest_is_not_retried(self) -> None:
        body = function(START_TASK, "Get-Docker")
        self.assertEqual(list(nodes(body, "foreach_statement")), [])
        self.assertIn('throw "Docker $dockerVersion has the SHA-256 $digest', text(body))

    def test_an_empty_marker_counts_as_missing(self) -> None:
        # Get-Content returns $null for an empty file, and calling a method of $null ends the script.
        reads = [at for at in nodes(START_TASK, "command") if text(at).startswith("Get-Content -Raw $marker")]
        self.assertEqual(len(reads), 1)
        self.assertEqual(len(around(reads[0], "expandable_string_literal")), 1)

    def test_a_second_start_during_a_shutdown_waits(self) -> None:
        body = function(START_TASK, "Restart-Node")
        (restart,) = commands(body, "Restart-Computer")
        self.assertTrue(around(restart, "try_statement"))
        self.assertEqual(len(list(nodes(body, "catch_clause"))), 1)
        self.assertTrue(statements(body)[-2].startswith("Start-Sleep"))

    def test_downloads_use_tls_1_2(self) -> None:
        set_up = [text(at) for at in nodes(START_TASK, "assignment_expression")]
        self.assertTrue(any("SecurityProtocol = " in line and line.endswith("Tls12") for line in set_up), set_up)

    def test_a_failed_extraction_mentions_a_full_disk(self) -> None:
        (unpack,) = commands(START_TASK, "Expand-Archive")
        (attempt,) = around(unpack, "try_statement")
        self.assertIn("the disk may be full", text(attempt))

    def test_a_remaining_credential_does_not_stop_the_task(self) -> None:
        (removal,) = commands(function(LAUNCH, "Remove-Credential"), "Remove-Item")
        self.assertIn("-ErrorAction SilentlyContinue", text(removal))
        self.assertTrue(around(removal, "foreach_statement"))
        self.assertTrue(statements(function(LAUNCH, "Remove-Credential"))[-1].startswith('Report "could not remove the folder'))
        (last,) = nodes(function(LAUNCH, "Pull-Image"), "finally_clause")
        self.assertIn("Remove-Credential", text(last))
        self.assertNotIn("Remove-Item -Recurse", text(last))

    def test_orphans_are_removed_by_a_protected_copy(self) -> None:
        body = text(function(START_TASK, "Set-Watch"))
        self.assertIn(r"`\"$docker\launch.ps1`\" -RemoveOrphans".replace(r"\"", '"'), body)
        self.assertIn("-RepetitionInterval (New-TimeSpan -Minutes 1)", body)
        self.assertIn("-MultipleInstances IgnoreNew", body)
        self.assertIn(r'Copy-Item -Force "$folder\launch.ps1" "$docker\launch.ps1"', text(function(START_TASK, "Write-Launch")))
        order = [text(at) for at in nodes(function(START_TASK, "Main"), "command")]
        self.assertLess(order.index("Write-Launch"), order.index("Set-Watch"))

    def test_words_are_quoted_for_windows(self) -> None:
        replaced = re.findall(r"-replace '(.*?)', '(.*?)'", text(function(LAUNCH, "Quote")))
        self.assertEqual(len(replaced), 2)
        for word, quoted in [("a b", "a b"), ('a"b', 'a\\"b'), ('a\\"', 'a\\\\\\"'), ("a b\\", "a b\\\\"), ("a\\\n", "a\\\n")]:
            for pattern, by in replaced:
                # In both languages, `$` also matches before a final line feed; their anchors for the end differ in case.
                word = re.sub(pattern.replace(r"\z", r"\Z"), by.replace("\\", r"\\").replace("$1", r"\1"), word)
            self.assertEqual(word, quoted)


if __name__ == "__main__":
    unittest.main()
