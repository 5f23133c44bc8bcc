#!/usr/bin/env bats
# Runs the shared table of cases against the Linux scripts.

bats_require_minimum_version 1.5.0

setup() { run_cases=$BATS_TEST_DIRNAME/cases/run.py; }

@test "each response of ClaimRunner" {
  python3 "$run_cases" claim
}

@test "formats of a configuration and outcomes of the runner" {
  python3 "$run_cases" entrypoint
}

@test "a registration by token" {
  python3 "$run_cases" registration
}

@test "the environment of the runner" {
  python3 "$run_cases" environment
}

@test "patterns of allowed repositories" {
  python3 "$run_cases" allowed
}

@test "hooks of the image" {
  python3 "$run_cases" job-started
}

@test "the job of a repository that is not allowed" {
  python3 "$run_cases" refusal
}

@test "exit codes of the runner" {
  python3 "$run_cases" exit-codes
}

@test "results of a registration at GitHub" {
  python3 "$run_cases" registered
}

@test "the launch of a container on a node" {
  python3 "$run_cases" launch
}

@test "the agent of Azure Pipelines" {
  python3 "$run_cases" agent
}

@test "each file of cases has a test here" {
  for file in "$BATS_TEST_DIRNAME"/cases/*.json; do
    grep -qF "\"\$run_cases\" $(basename "$file" .json)" "$BATS_TEST_FILENAME" || { echo "$file" && return 1; }
  done
}

@test "each failed expectation is reported" {
  wrong='"code": 1, "lines": ["x"], "last": "x", "never": ["claim"], "claims": 2, "waits": [1], "run": null, "inputs": {},
    "files": {".runner": null}, "keeps": {"RUNNER_NAME": "x"}, "drops": ["RUNNER_NAME"], "passed_on": ["x"], "ran": [],
    "removed": ["x"], "pulls": ["x"], "requests": ["x"], "login": {}, "step": false, "hook_code": 1, "prepared": true,
    "left": ["x"], "starts": 1'
  printf '{"script": "entrypoint", "given": "ticket", "cases": [{"name": "wrong", "misspelt": 1, %s}]}' "$wrong" \
    >"$BATS_TEST_TMPDIR/wrong.json"
  run -1 python3 "$run_cases" "$BATS_TEST_TMPDIR/wrong.json"
  for field in $(grep -o '"[a-z_]*":' <<<"$wrong" | grep -v RUNNER | tr -d '":'); do
    [[ $output == *$'\n'"  $field: "* ]] || { echo "$field" && return 1; }
  done
  [[ $output == *'the case has an unknown field: misspelt'* ]]
}

@test "a secret in the output is reported" {
  printf '%s' '{"script": "entrypoint", "given": "ticket", "cases": [
    {"name": "a runner that prints", "runner": {"prints": "{ticket}"}, "code": 76}]}' >"$BATS_TEST_TMPDIR/wrong.json"
  run -1 python3 "$run_cases" "$BATS_TEST_TMPDIR/wrong.json"
  [[ $output == *'the output holds the secret'* ]]
}
