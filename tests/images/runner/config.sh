#!/bin/bash
# A fake of GitHub's config.sh: records its arguments, its folder and its inputs, then
# writes the runner's files: names in camelCase, after a byte order mark. The runner trims inputs from
# the environment. `config.group` is the group to which GitHub has assigned the runner.
touch "$RUNNER_HOME/config.arguments"
(($# == 0)) || printf '%s\0' "$@" >"$RUNNER_HOME/config.arguments"
env -0 | grep -z '^ACTIONS_RUNNER_INPUT_' >"$RUNNER_HOME/config.inputs"
pwd >"$RUNNER_HOME/config.folder"
if [[ -r $RUNNER_HOME/config.output ]]; then
  cat "$RUNNER_HOME/config.output" >&2
  exit "$(cat "$RUNNER_HOME/config.code")"
fi
python3 - "$RUNNER_HOME" <<'P'
import json, os, pathlib, sys

home = pathlib.Path(sys.argv[1])
given = home / "config.group"
group = given.read_text().strip() if given.exists() else os.environ.get("ACTIONS_RUNNER_INPUT_RUNNERGROUP", "Default")
settings = {
    "isHostedServer": False, "agentId": 100, "agentName": os.environ["ACTIONS_RUNNER_INPUT_NAME"].strip(),
    "poolId": 1, "poolName": group.strip(), "disableUpdate": True, "ephemeral": True,
    "serverUrl": "https://pipelines.invalid/", "gitHubUrl": os.environ["ACTIONS_RUNNER_INPUT_URL"].strip(),
    "workFolder": "_work", "useV2Flow": True, "serverUrlV2": "https://broker.invalid/",
}
(home / ".runner").write_text(json.dumps(settings, indent=2, ensure_ascii=False), encoding="utf-8-sig")
(home / ".credentials").write_text("{}", encoding="utf-8-sig")
(home / ".credentials_rsaparams").write_text("{}", encoding="utf-8-sig")
P
