# Prints what a job finds in its engine and in the kernel.
#
# shellcheck shell=bash

list_state() {
  printf 'containers: %s\n' "$(docker ps --all --quiet | wc -l)"
  printf 'images: %s\n' "$(docker image ls --all --quiet | wc -l)"
  printf 'volumes: %s\n' "$(docker volume ls --quiet | wc -l)"
  printf 'networks: %s\n' "$(docker network ls --format '{{.Name}}' | sort | xargs)"
  printf 'build cache: %s\n' "$(docker system df --format '{{.Type}} {{.Size}}' | sed -n 's/^Build Cache //p')"
  printf 'swarm: %s\n' "$(docker info --format '{{.Swarm.LocalNodeState}}')"
  printf 'plugins: %s\n' "$(docker plugin ls --quiet | wc -l)"
  printf 'contexts: %s\n' "$(docker context ls --quiet | xargs)"
  printf 'files: %s\n' "$(find "$HOME" /tmp -mindepth 1 -maxdepth 1 -newer /proc/1 | wc -l)"
  printf 'interfaces: %s\n' "$(find /sys/class/net -mindepth 1 -printf '%f\n' | grep -cv -e '^lo$' -e '^eth0$' -e '^docker0$' || true)"
  printf 'handlers: %s\n' "$(find /proc/sys/fs/binfmt_misc -name 'mayfly-*' | wc -l)"
}
