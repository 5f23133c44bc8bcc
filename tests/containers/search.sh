# Runs as a job's script: reports where in its container a job finds the credentials of its runner.
#
# Sends lines `<what> <file>` to $post/findings, for each file and each entry of /proc that holds one:
# the ticket, the claimed configuration, or the key within it. Searches as the runner and as root: in an engine without
# CAP_SYS_PTRACE, root cannot read the environment of the runner's processes.
#
# shellcheck shell=bash
# shellcheck disable=SC2154 # the test sets the address `post`

# The patterns are never written literally, or the search would find itself; they are passed through pipes.
ticket() { printf '1.' && printf '{"task":"' | base64; }
# An object that begins with .runner, or with .credentials.
configuration() { printf '{".run' | base64 && printf '{".cre' | base64; }
key() { sed 's/.*"d":"\([^"]*\).*/\1/' "$HOME/.credentials_rsaparams"; }
# Proves that the environment of the first process, which is the entrypoint, can be read.
name() { printf 'RUNNER_%s=' NAME; }

# Prints the files that contain a pattern. A process may end before it is read; finding nothing is a valid result.
search() {
  local what=$1
  shift
  "$what" | grep -rlsaFD skip -f - "$@" | sed "s/^/$what /" || true
  "$what" | sudo --non-interactive grep -rlsaFD skip -f - "$@" | sed "s/^/$what /" || true
}

folders=()
for folder in /*; do
  [[ $folder == /proc || $folder == /sys ]] || folders+=("$folder")
done
{
  for what in ticket configuration key; do
    search "$what" /proc/[0-9]*/environ /proc/[0-9]*/cmdline
    search "$what" "${folders[@]}"
  done
  search name /proc/1/environ
} | sort -u | curl --fail --silent --data-binary @- "$post/findings"
