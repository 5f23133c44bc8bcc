# Serves a job with the agent of Azure Pipelines, and determines the exit code. Sourced by images/ubuntu/entrypoint.sh.
#
# The agent's behaviour was read in its source (https://github.com/microsoft/azure-pipelines-agent, version 4).
#
# Exit codes:
#    1  the agent could not start
#   68  the agent opened no session with Azure DevOps within ten minutes
#   70  the agent died while a job ran: crash, KILL, or out of memory
#   76  the agent ended without a job
#   79  the service demands another version of the agent again after an update
#    *  those of ubuntu/entrypoint.sh, or the agent's own code
# (images/exit_codes.py writes this list from exit-codes.json.)
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # entrypoint.sh and process.sh share their variables

readonly kind=agent start_file=bin/Agent.Listener settings_file=.agent listener_name=Agent.Listener worker_name=Agent.Worker
# In seconds. The time to report a job is that of GitHub's runner, which is a fork of the agent. run.sh of the agent waits for
# five seconds after an update; the program may be missing while its folder is replaced.
readonly report_timeout=240 update_delay=5 update_timeout=20

notifications='' address='' begun='' finished=''

# The image has no other way to get a configuration: a token of an organization never enters a container.
obtain_credential() {
  require_programs perl
  require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
  claim_in_child
}

handle_unknown_format() {
  report 'the configuration does not have the files of an agent'
  exit 64
}

# With `--once`, an agent that has to update itself ends with 4, before or after a job. It is started again only if no job
# had begun: it would take a second one.
serve() {
  local code=0
  started=yes
  exec 3<&-
  prepare_agent
  serving=yes
  run_agent || code=$?
  if ((code == 4)) && [[ -z $stop_code ]] && ! has_begun; then
    report 'the agent updates itself and is started again'
    await_update
    code=0
    run_agent || code=$?
  fi
  exit_with_result "$code"
}

prepare_agent() {
  make_scratch
  listen
  run_in_group watch
  helpers+=("$!")
}

# Listens for the notifications of the agent, and adds the address to its settings. Of two members of one name, the agent
# reads the last.
listen() {
  local settings=''
  notifications=$scratch/notifications
  mkfifo -m 600 -- "$scratch/address"
  run_in_group perl "$here/notifications.pl" "$scratch/address" "$notifications"
  helpers+=("$!")
  IFS= read -r -t "$update_timeout" address <>"$scratch/address" || report 'notifications of the agent cannot be received'
  IFS= read -r -d '' settings <"$RUNNER_HOME/$settings_file" || true
  printf '%s,"notificationSocketAddress":"%s"}\n' "${settings%\}*}" "$address" >"$RUNNER_HOME/$settings_file"
}

run_agent() {
  local code=0
  seen='' listener_ended_at=''
  run_program start_agent || code=$?
  await_notifications
  return "$code"
}

# Becomes the agent. Each variable of its environment would be a capability, which every reader of the pool sees, unless
# VSO_AGENT_IGNORE names it (EnvironmentCapabilitiesProvider.cs): the claim's file .capabilities has those of the profile. Of
# the variables of proxies, the agent reads only http_proxy and its own.
start_agent() {
  local variable ignored=VSO_AGENT_IGNORE,SHLVL,_
  export AZP_AGENT_DOWNGRADE_DISABLED=true
  [[ -n ${http_proxy:-} ]] || export VSTS_HTTP_PROXY=${https_proxy:-${HTTPS_PROXY:-${HTTP_PROXY:-}}}
  [[ -n ${VSTS_HTTP_PROXY:-} ]] || unset VSTS_HTTP_PROXY
  for variable in $(compgen -e); do
    if is_passed_on "$variable"; then ignored+=,$variable; else export -n "${variable?}"; fi
  done
  export VSO_AGENT_IGNORE=$ignored
  exec "./$start_file" run --once
}

# Of the variables that this process has, the agent and its jobs get all but those of the task.
is_passed_on() {
  case $1 in
    AZP_AGENT_DOWNGRADE_DISABLED | VSTS_HTTP_PROXY | NODE_EXTRA_CA_CERTS) return 0 ;;
    RUNNER_* | AZ_BATCH_*) return 1 ;;
  esac
  is_kept "$1"
}

# Waits until the notifications of an agent that has ended are in the file: connections are read in their order.
await_notifications() {
  local polls
  (printf '<ended %s>' "$child" >"/dev/tcp/${address/:/\/}") 2>/dev/null || return 0
  for ((polls = 0; polls < 10 * worker_timeout; polls++)); do
    read_beginning "$notifications"
    [[ $REPLY != *"<ended $child>"* ]] || return 0
    pause
  done
}

# The update replaces the folder of the program after the agent has ended.
await_update() {
  local began=$SECONDS
  while [[ -z $stop_code ]] && ((SECONDS - began < update_timeout)); do
    ((SECONDS - began < update_delay)) || [[ ! -x $RUNNER_HOME/$start_file ]] || return 0
    pause
  done
}

# Exits with the code that images/exit-codes.json defines for this outcome. The agent's own code 0 does not mean that it
# served a job: it also ends with it if its token was revoked, or if a job was withdrawn before it began.
exit_with_result() {
  trap '' TERM INT USR1 USR2 XCPU
  case $stop_code in
    68) report "the agent opened no session within $((session_timeout / 60)) minutes" ;;
    124) report "the agent was ended after $RUNNER_MAX_JOB_HOURS hours" ;;
  esac
  [[ -z $stop_code ]] || exit "$stop_code"
  if has_begun; then
    [[ -z $finished && $1 != [04] ]] || exit 0
    report 'the agent died while it had a job'
    exit 70
  fi
  case $1 in
    2) is_online || { report 'the agent could not start' && exit 1; } ;;
    4) report 'the service demands another version of the agent again' && exit 79 ;;
    [01]) ;;
    *) report "the agent died without a job: $1" && exit "$1" ;;
  esac
  report 'the agent ended without a job'
  exit 76
}

# Succeeds if a worker has started. If its notification was lost, its log proves it.
has_begun() {
  read_notifications
  [[ -n $begun || -n $worker_seen ]] || compgen -G "$RUNNER_HOME/_diag/Worker_*.log" >/dev/null
}

# Remembers what the agent has reported: its job can empty the file.
read_notifications() {
  read_beginning "$notifications"
  [[ $REPLY != *'Starting job: '* ]] || begun=yes
  [[ $REPLY != *'Finished job: '* ]] || finished=yes
}

# Succeeds if a job is over once no worker runs.
may_be_over() {
  read_notifications
  [[ -n $finished || -n $worker_seen ]]
}

# The agent prints in the language of its locale, and logs in English.
is_online() {
  local log
  [[ ! -e $scratch/online ]] || return 0
  for log in "$RUNNER_HOME"/_diag/Agent_*.log; do
    read_beginning "$log"
    [[ $REPLY != *'Session created.'* ]] || return 0
  done
  has_begun
}

# Searches a line of output for the text by which the agent reports its session.
examine() {
  [[ $1 != *'Listening for Jobs'* ]] || { : >"$scratch/online"; } 2>/dev/null || true
}

# Interrupts the agent, which cancels its job, and waits for its worker without limit. On .NET 10, TERM would end it at once
# and leave the worker. The worker gets no signal: the agent notifies it.
stop_child() {
  local sent
  sent=$(date +%s)
  kill -s INT "$child" 2>/dev/null || true
  while kill -0 "$child" 2>/dev/null && (($(date +%s) - sent < kill_delay)); do
    sleep 0.5
  done
  signal_groups KILL "$child"
}
