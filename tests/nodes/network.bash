# Creates a node with Docker's bridge, a container on it, Azure's platform and a registry, as network
# namespaces and services of the test.
#
# shellcheck shell=bash

readonly metadata=169.254.169.254 wire=168.63.129.16 registry=203.0.113.7

# Rejects running on the machine's own network, whose rules the start task would change.
make_network() {
  [[ $(readlink /proc/self/ns/net) != "$(readlink /proc/1/ns/net 2>/dev/null)" ]] || { echo 'run tests/suites/nodes.sh' && return 1; }
  local folder
  for folder in /run /etc/systemd/system /usr/local/lib; do
    mount -t tmpfs tmpfs "$folder"
  done
  ip link set lo up
  echo 1 >/proc/sys/net/ipv4/ip_forward
  connect container docker0 172.17.0.1/16 172.17.0.2/16
  connect platform eth0 10.77.0.4/24 10.77.0.1/24 "$metadata/32" "$wire/32" "$registry/32"
  ip route add default via 10.77.0.1
}

# Creates a namespace and a link to it with these addresses: the node's first, then those of the namespace.
connect() {
  ip netns add "$1"
  ip link add "$2" type veth peer name eth0 netns "$1"
  ip address add "$3" dev "$2"
  ip link set "$2" up
  local address
  for address in "${@:4}"; do
    ip -n "$1" address add "$address" dev eth0
  done
  ip -n "$1" link set eth0 up
  ip -n "$1" link set lo up
  ip -n "$1" route add default via "${3%/*}"
}

# Starts the platform, which prints a line when it is ready and runs until it is killed.
serve_platform() {
  mkfifo "$BATS_FILE_TMPDIR/serving"
  ip netns exec platform python3 "$BATS_TEST_DIRNAME/platform.py" "$metadata:80" "$wire:80" "$wire:32526" \
    "$wire:53" "$registry:443" >"$BATS_FILE_TMPDIR/serving" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/platform"
  read -r -t 20 <"$BATS_FILE_TMPDIR/serving"
}

# Resets the rules to their state before Docker's first start.
clear_rules() {
  iptables --flush
  iptables --delete-chain
  iptables --table nat --flush
}

# Changes the rules as dockerd does at each start (seen with Docker 20.10.24).
start_docker() {
  iptables --policy FORWARD DROP
  iptables --new-chain DOCKER-USER 2>/dev/null || true
  iptables --check DOCKER-USER --jump RETURN 2>/dev/null || iptables --append DOCKER-USER --jump RETURN
  reinsert FORWARD --out-interface docker0 --match conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
  reinsert FORWARD --in-interface docker0 ! --out-interface docker0 --jump ACCEPT
  reinsert FORWARD --jump DOCKER-USER
  iptables --table nat --flush POSTROUTING
  iptables --table nat --append POSTROUTING --source 172.17.0.0/16 ! --out-interface docker0 --jump MASQUERADE
}

reinsert() {
  iptables --delete "$@" 2>/dev/null || true
  iptables --insert "$@"
}

# Prints the endpoints of the platform that a container, or the node itself, can reach.
reached_by() {
  local from=()
  [[ $1 == node ]] || from=(ip netns exec "$1")
  "${from[@]}" python3 "$BATS_TEST_DIRNAME/probe.py" "tcp:$metadata:80" "tcp:$wire:80" "tcp:$wire:32526" \
    "tcp:$wire:53" "udp:$wire:53" "tcp:$registry:443" | xargs
}
