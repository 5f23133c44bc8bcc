#!/usr/bin/env bash
# about: the start task of Ubuntu nodes: which platform endpoints containers reach before and after it, and how orphans end
# needs: bats curl iptables ip:iproute2 unshare:util-linux systemd-analyze:systemd python3
# limit: 300
set -euo pipefail

# The firewall rules, /run and the folders that the start task writes are in namespaces of the test.
# Another user than root needs user namespaces, which Ubuntu 24.04 may deny, or sudo.
enter=(unshare --net --mount)
if ((UID)); then
  enter=(unshare --map-root-user --net --mount)
  "${enter[@]}" mount -t tmpfs tmpfs /run 2>/dev/null || enter=(sudo --non-interactive env "PATH=$PATH" unshare --net --mount)
fi

exec "${enter[@]}" bats --print-output-on-failure tests/nodes
