# Claims the JIT configuration of one runner from ClaimRunner; a part of entrypoint.sh.
#
# shellcheck shell=bash

readonly patience=600 longest_pause=30
nonce='' status='' retry_after='' body=''

# Sets `configuration`, or ends the script.
claim() {
  local began try=0 pause
  # The nonce marks this process: asked again with it, the function resumes a claim whose answer was
  # lost, while the ticket in other hands gets nothing.
  nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  began=$(date +%s)
  while true; do
    try=$((try + 1))
    ask
    decide "$try" && return
    pause=$(pause_after "$try" "$((began + patience - $(date +%s)))")
    if ((pause <= 0)); then
      tell "gave up after $try tries in $((patience / 60)) minutes"
      exit 75
    fi
    tell "claim $try: $status$(said), again in $pause s"
    sleep "$pause"
  done
}

# Sets status (of HTTP, or what curl met instead), retry_after and body.
#
# --ssl-no-revoke is for the curl of Windows, which refuses a certificate whose revocation it cannot check:
# behind a firewall it reaches no server of such lists. The curl of Ubuntu checks none.
#
# The secrets of the request travel by pipe, since arguments are public in /proc. The answer stays in
# a pipe as well until curl has ended; one that overfills it (64 KiB) counts as no answer.
ask() {
  local answer failed=0
  exec {answer}< <(
    exec curl --disable --silent --show-error --include --suppress-connect-headers --globoff \
      --ssl-no-revoke --connect-timeout 10 --max-time 60 --header 'Content-Type: application/json' \
      --data-binary @- --url "$RUNNER_CLAIM_URL" \
      < <(printf '{"v":1,"ticket":"%s","nonce":"%s"}' "$RUNNER_CLAIM_TICKET" "$nonce")
  )
  wait $! || failed=$?
  read_answer "$answer"
  exec {answer}<&-
  ((failed == 0)) || status="no answer (curl $failed)" retry_after='' body=''
}

read_answer() {
  local line
  status='' retry_after='' body=''
  while IFS= read -r line <&"$1"; do
    line=${line%$'\r'}
    case ${line,,} in
      http/*) read -r _ status _ <<<"$line" && retry_after='' ;;
      retry-after:*) read -r retry_after <<<"${line#*:}" ;;
      # An interim answer (100 Continue) has its own header lines; the real one follows.
      '') [[ $status == 1?? ]] || break ;;
    esac
  done
  IFS= read -r -d '' body <&"$1" || true
  body=${body%"${body##*[![:space:]]}"}
}

# Succeeds with the configuration, ends the script where asking again is pointless, fails otherwise.
# shellcheck disable=SC2034 # entrypoint.sh reads the configuration
decide() {
  case $status in
    200)
      # A captive proxy answers 200 with a page of its own.
      [[ $body =~ ^[A-Za-z0-9+/_-]+=*$ ]] || { status+=' without a configuration' && return 1; }
      configuration=$body
      tell "claim $1: configured"
      ;;
    410) tell "claim $1: no demand$(said)" && exit 0 ;;
    401 | 403) tell "claim $1: refused for good with $status$(said)" && exit 75 ;;
    *) return 1 ;;
  esac
}

# Prints the reason that the answer gives, without secrets: masked first and cut then, so that no part of
# one is left.
said() {
  [[ $body =~ \"(error|reason)\":\ *\"([^\"]+) ]] || return 0
  local reason=${BASH_REMATCH[2]//[![:print:]]/}
  reason=${reason//"$RUNNER_CLAIM_TICKET"/***}
  reason=${reason//"$nonce"/***}
  printf ' (%s)' "${reason:0:200}"
}

# Prints the seconds to wait after this many tries, at most those that are left.
#
# The random half keeps the runners of one burst from asking in step.
pause_after() {
  local ceiling=$((1 << ($1 < 6 ? $1 - 1 : 5))) asked pause
  ((ceiling <= longest_pause)) || ceiling=$longest_pause
  pause=$((ceiling - RANDOM % (ceiling / 2 + 1)))
  asked=$(seconds_asked)
  ((pause >= asked)) || pause=$asked
  ((pause <= $2)) || pause=$2
  printf '%s' "$pause"
}

# Retry-After is a number of seconds or a date.
seconds_asked() {
  local at
  if [[ $retry_after =~ ^[0-9]{1,5}$ ]]; then
    printf '%s' "$((10#$retry_after))"
  elif [[ -n $retry_after ]] && at=$(date -d "$retry_after" +%s 2>/dev/null); then
    printf '%s' "$((at - $(date +%s)))"
  else
    printf 0
  fi
}
