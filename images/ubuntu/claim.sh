# Claims a runner's JIT configuration from ClaimRunner. Sourced by entrypoint.sh.
#
# shellcheck shell=bash

readonly claim_timeout=600 max_retry_delay=30
nonce='' status='' retry_after='' body=''

# Sets `configuration` and `allowed`, or exits.
claim() {
  local began try=0 pause
  # The nonce identifies this process: when the claim is retried with it, the function resumes a claim whose
  # response was lost. Another process that presents the ticket gets nothing.
  nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  began=$(date +%s)
  while true; do
    try=$((try + 1))
    send_claim
    handle_response "$try" && return
    pause=$(retry_delay "$try" "$((began + claim_timeout - $(date +%s)))")
    if ((pause <= 0)); then
      report "claim failed: $try tries in $((claim_timeout / 60)) minutes"
      exit 75
    fi
    report "claim $try: $status$(error_reason), retrying in $pause s"
    sleep "$pause"
  done
}

# Sets `status` (the HTTP status, or a description of the curl failure), `retry_after`, `allowed` and `body`.
#
# `allowed` has the patterns of the repositories whose jobs the runner may run. They override those of the task, which
# may be older; a function of an earlier version sends none.
#
# --ssl-no-revoke is for the curl of Windows, which rejects a certificate whose revocation it cannot check:
# behind a firewall it cannot reach a revocation server. The curl of Ubuntu does not check revocation.
#
# The secrets of the request are passed through a pipe, because arguments are public in /proc. The response also
# stays in a pipe until curl has ended; a response that exceeds the pipe (64 KiB) counts as no response.
send_claim() {
  local answer failed=0
  exec {answer}< <(
    exec curl --disable --silent --show-error --include --suppress-connect-headers --globoff \
      --ssl-no-revoke --connect-timeout 10 --max-time 60 --header 'Content-Type: application/json' \
      --data-binary @- --url "$RUNNER_CLAIM_URL" \
      < <(printf '{"v":1,"ticket":"%s","nonce":"%s"}' "$RUNNER_CLAIM_TICKET" "$nonce")
  )
  wait $! || failed=$?
  read_response "$answer"
  exec {answer}<&-
  ((failed == 0)) || status="no response (curl $failed)" retry_after='' body=''
}

# shellcheck disable=SC2034 # entrypoint.sh reads the patterns
read_response() {
  local line
  status='' retry_after='' allowed='' body=''
  while IFS= read -r line <&"$1"; do
    line=${line%$'\r'}
    case ${line,,} in
      http/*) read -r _ status _ <<<"$line" && retry_after='' ;;
      x-mayfly-allowed-repositories:*) read -r allowed <<<"${line#*:}" ;;
      retry-after:*) read -r retry_after <<<"${line#*:}" ;;
      # An interim response (100 Continue) has its own header lines; the final response follows.
      '') [[ $status == 1?? ]] || break ;;
    esac
  done
  IFS= read -r -d '' body <&"$1" || true
  body=${body%"${body##*[![:space:]]}"}
}

# Succeeds with the configuration, exits if a retry is pointless, fails otherwise.
# shellcheck disable=SC2034 # entrypoint.sh reads the configuration
handle_response() {
  case $status in
    200)
      # A captive portal answers 200 with its own page.
      [[ $body =~ ^[A-Za-z0-9+/_-]+=*$ ]] || { status+=' without a configuration' && return 1; }
      configuration=$body
      report "claim $1: configured"
      ;;
    410) report "claim $1: runner not needed$(error_reason)" && exit 0 ;;
    401 | 403) report "claim $1: rejected permanently with $status$(error_reason)" && exit 75 ;;
    *) return 1 ;;
  esac
}

# Prints the response's reason without secrets: they are masked before the text is truncated, so that no part of
# a secret remains.
error_reason() {
  [[ $body =~ \"(error|reason)\":\ *\"([^\"]+) ]] || return 0
  local reason=${BASH_REMATCH[2]//[![:print:]]/}
  reason=${reason//"$RUNNER_CLAIM_TICKET"/***}
  reason=${reason//"$nonce"/***}
  printf ' (%s)' "${reason:0:200}"
}

# Prints the seconds to wait after this many tries, at most the seconds that are left.
#
# The random half keeps the runners of one burst from retrying in step.
retry_delay() {
  local ceiling=$((1 << ($1 < 6 ? $1 - 1 : 5))) requested pause
  ((ceiling <= max_retry_delay)) || ceiling=$max_retry_delay
  pause=$((ceiling - RANDOM % (ceiling / 2 + 1)))
  requested=$(retry_after_seconds)
  ((pause >= requested)) || pause=$requested
  ((pause <= $2)) || pause=$2
  printf '%s' "$pause"
}

# Retry-After is a number of seconds or a date.
retry_after_seconds() {
  local at
  if [[ $retry_after =~ ^[0-9]{1,5}$ ]]; then
    printf '%s' "$((10#$retry_after))"
  elif [[ -n $retry_after ]] && at=$(date -d "$retry_after" +%s 2>/dev/null); then
    printf '%s' "$((at - $(date +%s)))"
  else
    printf 0
  fi
}
