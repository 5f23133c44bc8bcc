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
  set_up_tool checkov "$@"
  set_up_tool older_sdk "$@"
  set_up_tool azure_cli "$@"
  set_up_tool npm "$@"
}

# Prints the packages, or addresses, of the commands that a part needs and does not find.
missing_needs() {
  local need
  for need in $(declared "$1" needs) $(tool_needs "$1"); do
    type -P "${need%%:*}" >/dev/null || printf '%s\n' "${need#*:}"
  done
  ! uses_python "$1" || python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

tool_needs() {
  ! uses_python "$1" || echo python3
  ! uses "$1" npm || echo npm
}

uses() {
  [[ " $(declared "$1" tools) " == *" $2 "* ]]
}

uses_python() {
  uses "$1" python || uses "$1" checkov || uses "$1" older_sdk || uses "$1" azure_cli
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

# A copy of the list of packages, made last, tells that a folder is complete and up to date.
bring_python() {
  bring_venv tests/requirements.txt tests/.venv
}

# In a folder of its own: it and schemathesis ask for different versions of one library.
bring_checkov() {
  bring_venv tests/arm/requirements.txt tests/.venv-checkov
}

# The release before the one in tests/requirements.txt goes by the same name.
bring_older_sdk() {
  bring_venv tests/conformance/batch/older/requirements.txt tests/.venv-older-sdk
}

# It has 700 MB.
bring_azure_cli() {
  bring_venv tests/docs/azure-cli/requirements.txt tests/.venv-azure-cli
}

bring_venv() {
  local list=$1 folder=$2
  ! cmp --silent "$list" "$folder/complete" || return 0
  python3 -m venv --clear "$folder" &&
    "$folder/bin/pip" install --disable-pip-version-check --quiet --requirement "$list" &&
    cp "$list" "$folder/complete"
}

bring_npm() {
  local list=tests/package-lock.json folder=tests/node_modules
  ! cmp --silent "$list" "$folder/complete" || return 0
  (cd tests && npm ci) && mkdir -p "$folder" && cp "$list" "$folder/complete"
}
