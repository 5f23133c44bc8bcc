# Finds the processes of the program that serves the job, signals them, and ends what should have ended. Sourced by
# entrypoint.sh.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # process.sh and serve.sh share their variables

# Seconds since this process started: when it found that the listener and that the worker had ended, and when it looked
# last. `overdue` is set if it killed the child for that.
seen='' worker_seen='' overdue='' listener_ended_at='' worker_ended_at='' looked_at=0

# Kills the child if its listener has ended, or should have.
#
# It looks often until it has seen the listener: names that it never sees prove nothing by their absence.
end_overdue() {
  [[ -n $serving ]] || return 0
  [[ -z $seen ]] && ((SECONDS < session_timeout / 10)) || ((SECONDS - looked_at >= check_interval)) || return 0
  looked_at=$SECONDS
  find_ended
  if has_passed "$listener_ended_at" "$end_timeout" || has_passed "$worker_ended_at" "$report_timeout"; then
    overdue=yes
    report "the $kind should have ended, and is killed"
    signal_groups KILL "$child"
  fi
}

has_passed() {
  [[ -n $1 ]] && ((SECONDS - $1 >= $2))
}

# Finds out since when the child's listener, which was seen before, has ended or only the worker of its job. A listener
# that a job has stopped counts as ended once its worker is gone.
find_ended() {
  local -A parents=() groups=() names=() states=()
  local pid listener='' worker='' served=''
  read_processes
  for pid in "${!names[@]}"; do
    case ${names[$pid]} in
      "$listener_name") ! descends_from "$child" "$pid" || listener+=${states[$pid]} ;;
      "$worker_name") ! descends_from "$child" "$pid" || worker=yes ;;
    esac
  done
  [[ -z $listener ]] || seen=yes
  [[ -z $worker ]] || worker_seen=yes
  ! may_be_over || [[ -n $worker ]] || served=yes
  [[ -n $served ]] || worker_ended_at=''
  [[ -z $served || -n $worker_ended_at ]] || worker_ended_at=$SECONDS
  if [[ -z $seen ]] || [[ -n $listener && ! ($listener =~ ^[Tt]+$ && -n $served) ]]; then
    listener_ended_at=''
  else
    listener_ended_at=${listener_ended_at:-$SECONDS}
  fi
}

# Sends a signal to the process groups of all descendants of a process; KILL also to its own group.
signal_groups() {
  local -A parents=() groups=() names=() states=() found=()
  local pid group
  read_processes
  for pid in "${!parents[@]}"; do
    ! descends_from "$2" "$pid" || found[${groups[$pid]}]=yes
  done
  [[ $1 == KILL ]] || unset "found[$2]"
  for group in "${!found[@]}"; do
    kill -s "$1" -- "-$group" 2>/dev/null || true
  done
}

# Reads the processes that have not ended into the caller's `parents`, `groups`, `names` and `states`.
read_processes() {
  local stat line name pid state parent group
  for stat in /proc/[0-9]*/stat; do
    # A process chooses its own name, which may hold brackets and line feeds.
    IFS= read -r -d '' line 2>/dev/null <"$stat" || [[ -n $line ]] || continue
    pid=${stat#/proc/} pid=${pid%/stat}
    read -r state parent group _ <<<"${line##*) }"
    [[ $parent =~ ^[0-9]+$ && $group =~ ^[0-9]+$ && $state != [ZX] ]] || continue
    name=${line#*(}
    parents[$pid]=$parent groups[$pid]=$group names[$pid]=${name%)*} states[$pid]=$state
  done
}

# Succeeds for the process itself and its descendants. Uses the caller's `parents`.
descends_from() {
  local at=$2 depth
  for ((depth = 0; at > 1 && at != $1 && depth < 99; depth++)); do at=${parents[$at]:-0}; done
  ((at == $1))
}
