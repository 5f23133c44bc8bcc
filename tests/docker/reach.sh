#!/usr/bin/env bash
# Prints which addresses of the platform the job reaches, and its containers: on their own network, and on that of the job.
set -euo pipefail

mkdir -p "$HOME/base/bin"
cp /usr/bin/busybox "$HOME/base/bin/busybox"
tar -C "$HOME/base" -cf - . | docker import - base:1 >/dev/null

# Prints a line if a program that connects to an address gets a response.
report() {
  local answer
  answer=$(printf 'GET / HTTP/1.0\r\n\r\n' | "${@:3}" nc -w 1 "$2" 80 2>/dev/null || true)
  [[ $answer != HTTP/* ]] || printf '%s %s\n' "$1" "$2"
}

for address; do
  report job "$address" /usr/bin/busybox
  report bridge "$address" docker run --rm --interactive --network bridge base:1 /bin/busybox
  report host "$address" docker run --rm --interactive --network host base:1 /bin/busybox
done
