#!/usr/bin/env bash
# A job as GitHub's runner carries it out: a service with a port and a health check, a job container with the work folder
# and the engine's socket, an image that is built, and things that the job leaves.
set -euo pipefail

# shellcheck source=tests/docker/state.bash
source /tests/state.bash
network=github_network_1

main() {
  list_state
  printf 'user: %s\n' "$(id -un) $(id -Gn)"
  make_base
  start_service
  run_in_container
  build_twice
  leave_much
  list_state
}

# An image that needs no registry: one program, which is also the shell.
make_base() {
  mkdir -p "$HOME/base/bin"
  cp /usr/bin/busybox "$HOME/base/bin/busybox"
  ln -s busybox "$HOME/base/bin/sh"
  tar -C "$HOME/base" -cf - . | docker import --change 'ENV PATH=/bin' - base:1 >/dev/null
}

start_service() {
  local check='busybox wget -q -O /dev/null http://127.0.0.1/bin/busybox'
  docker network create "$network" >/dev/null
  docker create --name service --network "$network" --network-alias web --publish 8080:80 --volume service-data:/data \
    --health-cmd "$check" --health-interval 0.5s --health-retries 20 base:1 busybox httpd -f -p 80 -h / >/dev/null
  docker start service >/dev/null
  until [[ $(docker inspect --format '{{.State.Health.Status}}' service) == healthy ]]; do sleep 0.2; done
  printf 'service at localhost: %s\n' "$(curl --silent --output /dev/null --write-out '%{http_code}' localhost:8080/bin/busybox)"
}

run_in_container() {
  mkdir -p "$HOME/_work"
  docker create --name job --network "$network" --volume /var/run/docker.sock:/var/run/docker.sock \
    --volume "$HOME/_work:/__w" --workdir /__w --entrypoint busybox base:1 tail -f /dev/null >/dev/null
  docker start job >/dev/null
  docker exec --interactive job sh -c 'busybox wget -q -O /dev/null http://web/bin/busybox && echo reached >service'
  printf 'service from the container: %s\n' "$(cat "$HOME/_work/service")"
}

# A build whose result is another one each time, unless it comes from the cache.
build_twice() {
  mkdir -p "$HOME/build"
  printf '%s\n' 'FROM base:1' 'RUN ["sh", "-c", "busybox cat /proc/sys/kernel/random/uuid >/id"]' >"$HOME/build/Dockerfile"
  build
  first=$(docker run --rm app:latest busybox cat /id)
  build
  [[ $(docker run --rm app:latest busybox cat /id) == "$first" ]]
  printf 'built: %s\n' "$first"
}

build() {
  DOCKER_BUILDKIT=1 docker build --quiet --tag app:latest "$HOME/build" >/dev/null
}

leave_much() {
  docker tag app:latest alpine:latest
  docker tag app:latest runner:latest
  docker run --detach --restart always --name restarts base:1 busybox false >/dev/null
  docker run --detach --name paused base:1 busybox sleep 3600 >/dev/null
  docker pause paused >/dev/null
  docker volume create data >/dev/null
  docker swarm init --advertise-addr 127.0.0.1 >/dev/null
  docker context create other --docker host=unix:///elsewhere >/dev/null 2>&1
  printf '{"auths": {"mine.azurecr.io": {"auth": "eDp5"}}}' >"$HOME/.docker/config.json"
  touch /tmp/left
  setsid sleep 3600 </dev/null >/dev/null 2>&1 &
  docker run --detach --name root --volume "$HOME:/h" base:1 busybox touch /h/of-root >/dev/null
  printf 'left:\n'
}

main
