#!/usr/bin/env bash
# about: the start task of Ubuntu nodes: what containers reach of the platform before it and after it, and how orphans end
# needs: bats curl iptables ip:iproute2 unshare:util-linux systemd-analyze:systemd python3
# limit: 300
set -euo pipefail

# The rules belong to a network of the test's own, and so do /run and the folders that the start task writes.
# Root needs nothing else for that; another user needs user namespaces, which Ubuntu 24.04 may deny, or sudo.
enter=(unshare --net --mount)
if ((UID)); then
  enter=(unshare --map-root-user --net --mount)
  "${enter[@]}" mount -t tmpfs tmpfs /run 2>/dev/null || enter=(sudo --non-interactive env "PATH=$PATH" unshare --net --mount)
fi

exec "${enter[@]}" bats --print-output-on-failure tests/nodes
