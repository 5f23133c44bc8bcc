#!/usr/bin/env bash
# about: the entrypoint of Azure Pipelines agents, on this machine and in the Ubuntu image built by podman, with the emulated agent and service: jobs, signals, updates, capabilities
# needs: cargo:https://rustup.rs podman runc mmdebstrap curl python3 openssl strip:binutils
# nightly: yes
# limit: 600
set -euo pipefail

# shellcheck source=tests/containers/image.bash
source tests/containers/image.bash

export PYTHONDONTWRITEBYTECODE=1
image=localhost/mayfly-agent:test

build_mayfly
MAYFLY=$mayfly python3 -m unittest discover --verbose --start-directory tests/agents

prepare
serve_agent
build_agent_image "$image" "$digest"
if build_agent_image localhost/never:built "${digest//[0-9]/0}"; then
  echo 'the image was built with an agent of another digest' >&2
  exit 1
fi
MAYFLY=$mayfly AGENT_IMAGE=$image python3 -m unittest discover --verbose --start-directory tests/agents
