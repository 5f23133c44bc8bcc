#!/bin/bash
# The start task of an Ubuntu pool: prepares a Linux node.
#
# It blocks traffic from containers to the node's metadata endpoints, and removes volumes that an interrupted task left.
# On a pool for profiles with the launch
# `docker-run`, it also writes launch.sh, installs a timer that removes orphaned containers each minute, and pulls
# the images. Batch runs it as root at each start of the node; running it again changes nothing.
#
# Environment:
#   MAYFLY_METADATA       `blocked`, or `open` for jobs that need a managed identity
#   MAYFLY_LAUNCH         launch.sh in base64; empty: Batch runs the containers
#   MAYFLY_POOL_IDENTITY  client id of the identity that pulls from the registry; empty: no sign-in
#   MAYFLY_IMAGES         images to pull, separated by spaces
#
# Exit codes: 0 the node is ready; 64 a variable is missing or wrong; 72 a program is missing; otherwise
# launch.sh's code for an image, or 1. The last line states the reason.
set -euo pipefail
# Batch's agent gives a task its own PATH, which may lack the folder of iptables.
PATH=$PATH:/usr/sbin:/sbin

readonly metadata_service=169.254.169.254 wire_server=168.63.129.16
readonly units=/etc/systemd/system orphans=/usr/local/lib/mayfly

main() {
  require_program iptables
  case ${MAYFLY_METADATA:-} in
    blocked) each_rule block ;;
    open) each_rule unblock ;;
    *) fail 64 "MAYFLY_METADATA must be blocked or open, not '${MAYFLY_METADATA:-}'" ;;
  esac
  remove_volumes
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

require_program() {
  command -v -- "$1" >/dev/null || fail 72 "$1 is missing"
}

# The wire server provides the goal state and the settings of extensions at these ports; DNS at port 53 stays open.
# Processes on the node, and containers on its network (`--network host`), do not pass this chain.
each_rule() {
  "$1" --destination "$metadata_service"
  "$1" --destination "$wire_server" --protocol tcp --dport 80
  "$1" --destination "$wire_server" --protocol tcp --dport 32526
}

# Docker keeps the rules of DOCKER-USER when it starts, and inserts the jump to it before its own rules. If Docker has
# not started yet, this creates chain and jump.
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

# Docker may hold the lock of the tables for a short time.
firewall() {
  iptables --wait 60 "$@"
}

# Docker removes the volume of a container with `--rm`, but not if the node lost its power meanwhile (seen with Docker
# 20.10.24). No later container has the volume, but it occupies the disk.
remove_volumes() {
  ! command -v docker >/dev/null || timeout 60 docker volume prune --force >/dev/null || report 'volumes could not be removed'
}

install_launch() {
  local folder=${AZ_BATCH_NODE_SHARED_DIR:-}/mayfly image
  [[ $folder != /mayfly ]] || fail 64 'AZ_BATCH_NODE_SHARED_DIR is missing'
  require_program systemctl
  mkdir -p "$folder" "$orphans"
  write_program "$folder/launch.sh"
  # In a folder that only root may change, because a timer runs it as root.
  write_program "$orphans/launch.sh"
  write_identity "$folder/pool-identity"
  watch_containers
  for image in ${MAYFLY_IMAGES:-}; do
    report "pulling $image"
    "$folder/launch.sh" --pull "$image"
  done
}

# When a node restarts, a task may read the old file until the new one replaces it.
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

# A container outlives its client, which Batch kills with the task: a timer removes such containers each minute.
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
