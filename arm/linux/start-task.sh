#!/bin/bash
# Prepares a Linux node: the start task of an Ubuntu pool.
#
# It drops what containers send to the node's metadata endpoints. On a pool whose profiles have the launch
# `docker-run` it also writes launch.sh, has a timer remove orphans each minute, and pulls the images. Batch
# runs it as root at each start of the node; a second run changes nothing.
#
# Environment:
#   MAYFLY_METADATA       `blocked`, or `open` for jobs that need a managed identity
#   MAYFLY_LAUNCH         launch.sh, in base64; none: Batch runs the containers
#   MAYFLY_POOL_IDENTITY  client id of the identity that pulls from the registry; none: no sign-in
#   MAYFLY_IMAGES         images to pull, with spaces between them
#
# Exit codes: 0 the node is ready; 64 a variable is missing or wrong; 72 a program is missing; otherwise
# launch.sh's for an image, or 1, and the last line says why.
set -euo pipefail
# Batch's agent gives a task its own PATH, and iptables is among the programs of the system.
PATH=$PATH:/usr/sbin:/sbin

readonly metadata_service=169.254.169.254 wire_server=168.63.129.16
readonly units=/etc/systemd/system orphans=/usr/local/lib/mayfly

main() {
  need_program iptables
  case ${MAYFLY_METADATA:-} in
    blocked) each_rule block ;;
    open) each_rule unblock ;;
    *) fail 64 "MAYFLY_METADATA is '${MAYFLY_METADATA:-}', and must be blocked or open" ;;
  esac
  [[ -z ${MAYFLY_LAUNCH:-} ]] || install_launch
  report 'the node is ready'
}

report() {
  printf 'start task: %s\n' "$*" >&2
}

fail() {
  report "failed: $2"
  exit "$1"
}

need_program() {
  command -v -- "$1" >/dev/null || fail 72 "$1 is missing"
}

# The wire server gives the goal state and settings of extensions at these ports; DNS at port 53 stays.
# Processes of the node, and containers on its own network (`--network host`), do not pass this chain.
each_rule() {
  "$1" --destination "$metadata_service"
  "$1" --destination "$wire_server" --protocol tcp --dport 80
  "$1" --destination "$wire_server" --protocol tcp --dport 32526
}

# Docker keeps what is in DOCKER-USER when it starts, and puts the jump to it before its own rules. Where
# Docker has not started yet, chain and jump are made here.
block() {
  firewall --new-chain DOCKER-USER 2>/dev/null || firewall --list-rules DOCKER-USER >/dev/null
  has FORWARD --jump DOCKER-USER || firewall --insert FORWARD --jump DOCKER-USER
  has DOCKER-USER "$@" --jump DROP || firewall --insert DOCKER-USER "$@" --jump DROP
}

unblock() {
  while has DOCKER-USER "$@" --jump DROP; do
    firewall --delete DOCKER-USER "$@" --jump DROP
  done
}

has() {
  firewall --check "$@" 2>/dev/null
}

# Docker may hold the lock of the tables for a moment.
firewall() {
  iptables --wait 60 "$@"
}

install_launch() {
  local folder=${AZ_BATCH_NODE_SHARED_DIR:-}/mayfly image
  [[ $folder != /mayfly ]] || fail 64 'AZ_BATCH_NODE_SHARED_DIR is missing'
  need_program systemctl
  mkdir -p "$folder" "$orphans"
  write_program "$folder/launch.sh"
  # In a folder that root alone may change: a timer runs it as root.
  write_program "$orphans/launch.sh"
  write_identity "$folder/pool-identity"
  watch_containers
  for image in ${MAYFLY_IMAGES:-}; do
    report "pulling $image"
    "$folder/launch.sh" --pull "$image"
  done
}

# A task of a node that starts again may read the old file until the new one takes its place.
write_program() {
  base64 --decode <<<"$MAYFLY_LAUNCH" >"$1.new"
  chmod 755 "$1.new"
  mv -f "$1.new" "$1"
}

write_identity() {
  if [[ -n ${MAYFLY_POOL_IDENTITY:-} ]]; then
    printf '%s\n' "$MAYFLY_POOL_IDENTITY" >"$1"
  else
    rm -f "$1"
  fi
}

# A container outlives the client that Batch kills with its task: each minute, such containers are removed.
watch_containers() {
  cat >"$units/mayfly-orphans.service" <<UNIT
[Unit]
Description=Removes containers whose Batch task has ended
After=docker.service

[Service]
Type=oneshot
ExecStart=$orphans/launch.sh --remove-orphans
TimeoutStartSec=10min
UNIT
  cat >"$units/mayfly-orphans.timer" <<UNIT
[Unit]
Description=Removes containers whose Batch task has ended, each minute

[Timer]
OnCalendar=minutely
AccuracySec=1s

[Install]
WantedBy=timers.target
UNIT
  systemctl daemon-reload
  systemctl enable --now mayfly-orphans.timer
}

main "$@"
