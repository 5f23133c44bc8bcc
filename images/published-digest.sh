#!/usr/bin/env bash
# Prints the digest of a tag in a registry.
#
#   images/published-digest.sh ghcr.io/OWNER/REPO/githubactions-runner:ubuntu-24.04-2.338.0
#
# Exits with 0 and the digest; with 1 if the registry says that there is no such tag; with 75 for any other response, or none.
# `docker manifest inspect` is not usable for this, because it reports some failures of a registry as "no such manifest".
# REGISTRY_USER and REGISTRY_TOKEN sign in; without them, only public images are visible. A registry on loopback is
# accessed by HTTP.
set -euo pipefail

readonly kinds='application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json'
image=${1:-} work=''

main() {
  [[ $image =~ ^([a-z0-9.-]+(:[0-9]+)?)/([a-z0-9._/-]+):([A-Za-z0-9_][A-Za-z0-9_.-]*)$ ]] ||
    { printf 'usage: images/published-digest.sh REGISTRY/NAME:TAG, not %s\n' "${image:-nothing}" >&2 && exit 64; }
  local host=${BASH_REMATCH[1]} name=${BASH_REMATCH[3]} tag=${BASH_REMATCH[4]} scheme=https status
  [[ $host != 127.0.0.1* && $host != localhost* ]] || scheme=http
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  local url=$scheme://$host/v2/$name/manifests/$tag
  status=$(ask "$url")
  if [[ $status == 401 ]]; then
    status=$(ask "$url" --header "@$(sign_in "$name")")
  fi
  answer "$status"
}

# Prints the HTTP status of a request, or 000 without a response; the response headers are in a file.
ask() {
  curl --silent --show-error --max-time 60 --head --header "Accept: $kinds" --dump-header "$work/answer" --output /dev/null \
    --write-out '%{http_code}' "${@:2}" "$1" || true
}

# Gets a token from the URL that the registry names, and prints the path of a file with the header. Neither the token nor the
# password becomes an argument of a program.
sign_in() {
  local challenge realm service
  challenge=$(tr -d '\r' <"$work/answer" | sed -n 's/^www-authenticate: *bearer //Ip' | head -n 1)
  realm=$(sed -n 's/.*realm="\([^"]*\)".*/\1/p' <<<"$challenge")
  service=$(sed -n 's/.*service="\([^"]*\)".*/\1/p' <<<"$challenge")
  printf "" | tee "$work/curl" >"$work/header"
  [[ -z ${REGISTRY_TOKEN:-} ]] || printf 'user = "%s:%s"\n' "${REGISTRY_USER:-token}" "$REGISTRY_TOKEN" >"$work/curl"
  curl --silent --show-error --fail --max-time 60 --config "$work/curl" --get --data-urlencode "service=$service" \
    --data-urlencode "scope=repository:$1:pull" "$realm" |
    sed -n 's/.*"token" *: *"\([^"]*\)".*/Authorization: Bearer \1/p' >"$work/header" || true
  printf '%s' "$work/header"
}

answer() {
  local digest
  digest=$(tr -d '\r' <"$work/answer" | sed -n 's/^docker-content-digest: *//Ip' | tail -n 1)
  case $1 in
    200) [[ ! $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { printf '%s\n' "$digest" && exit 0; } ;;
    404) exit 1 ;;
  esac
  printf 'published-digest: the registry does not say whether there is %s (status %s)\n' "$image" "$1" >&2
  exit 75
}

main "$@"
