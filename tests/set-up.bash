# Brings what the parts of tests/run need, and notes in `lacking` what could not be had.
#
# shellcheck shell=bash

# shellcheck disable=SC2154 # tests/run sets it
declare -A lacking=()

set_up() {
  local packages part
  mapfile -t packages < <(missing_packages "$@")
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  for part; do
    lacking[$part]=$(missing_needs "$part" | sort -u | xargs)
  done
  set_up_tool python "$@"
  set_up_tool npm "$@"
}

# Prints the packages, or addresses, of the commands that a part needs and does not find.
missing_needs() {
  local need
  for need in $(declared "$1" needs) $(tool_needs "$1"); do
    type -P "${need%%:*}" >/dev/null || printf '%s\n' "${need#*:}"
  done
  ! uses "$1" python || python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

tool_needs() {
  ! uses "$1" python || echo python3
  ! uses "$1" npm || echo npm
}

uses() {
  [[ " $(declared "$1" tools) " == *" $2 "* ]]
}

missing_packages() {
  local part
  for part; do
    missing_needs "$part"
  done | grep -v / | sort -u || true
}

install_packages() {
  local line="apt-get install --yes --no-install-recommends $*"
  if ((UID == 0)) && type -P apt-get >/dev/null; then
    printf 'set-up: %s\n' "$line"
    # shellcheck disable=SC2086 # the line is made of words
    apt-get update >"$logs/apt.log" 2>&1 &&
      DEBIAN_FRONTEND=noninteractive $line >>"$logs/apt.log" 2>&1 </dev/null && return
    tail -n 20 "$logs/apt.log"
  fi
  printf 'To run every part: sudo %s\n' "$line"
}

# Sets up one tool if a part uses it whose other needs are met.
set_up_tool() {
  local tool=$1 part users=()
  shift
  for part; do
    ! uses "$part" "$tool" || [[ -n ${lacking[$part]} ]] || users+=("$part")
  done
  ((${#users[@]})) || return 0
  "bring_$tool" >"$logs/$tool.log" 2>&1 && return
  tail -n 20 "$logs/$tool.log"
  for part in "${users[@]}"; do
    lacking[$part]="$tool packages"
  done
}

# A copy of the lists of packages, made last, tells that a folder is complete and up to date. What stands in the way of
# a newer release lies in a folder that only its own tests look into.
bring_python() {
  local lists=(tests/requirements.txt tests/older-requirements.txt) folder=tests/.venv
  ! cat "${lists[@]}" | cmp --silent - "$folder/complete" || return 0
  python3 -m venv --clear "$folder" &&
    pip_install --requirement "${lists[0]}" &&
    pip_install --target "$folder/older" --requirement "${lists[1]}" &&
    cat "${lists[@]}" >"$folder/complete"
}

pip_install() {
  tests/.venv/bin/pip install --disable-pip-version-check --quiet "$@"
}

bring_npm() {
  local list=tests/package-lock.json folder=tests/node_modules
  ! cmp --silent "$list" "$folder/complete" || return 0
  (cd tests && npm ci) && mkdir -p "$folder" && cp "$list" "$folder/complete"
}
