# Installs the needs of the suites of tests/run, and records in `lacking` those that are not available.
#
# shellcheck shell=bash

# shellcheck disable=SC2154 # tests/run sets it
declare -A lacking=()
# The tools that are virtual environments.
readonly python_tools=(python checkov older_sdk azure_cli airflow azure_batch_13 azure_devops covalent snakemake)

# Prints what suites need: time, disk and downloads. Seconds are those of their last runs here.
needs() {
  local suite total=0 new=0 minutes disk=0 downloads=()
  for suite; do
    if [[ -f $cache/seconds/$suite ]]; then
      total=$((total + $(<"$cache/seconds/$suite")))
    else
      new=$((new + 1))
    fi
  done
  minutes="about $(((total + 59) / 60)) min"
  ((new == 0)) || minutes+=" and $new suites that have not run here (all of each change: 15 min on two cores)"
  need_build "$@" && downloads+=(crates) disk=$((disk + 5))
  need_venv "$@" && downloads+=(PyPI) disk=$((disk + 1))
  need_npm "$@" && downloads+=(npm) disk=$((disk + 1))
  # shellcheck disable=SC2207 # names of packages are single words
  downloads+=($(missing_packages "$@" | sed 's/^/Debian:/'))
  printf 'needs of %s suites: %s; %s GB of disk (%s free); downloads: %s\n' "$#" "$minutes" "$disk" \
    "$(df --human-readable --output=avail . | tail -n 1 | xargs)" "${downloads[*]:-none}"
}

need_build() {
  local suite
  [[ ! -d ${CARGO_TARGET_DIR:-target}/debug ]] || return 1
  for suite; do
    [[ " $(declared "$suite" needs)" != *' cargo:'* ]] || return 0
  done
  return 1
}

need_venv() {
  local suite tool folder
  for tool in "${python_tools[@]}"; do
    folder=tests/.venv-${tool//_/-}
    [[ ! -f ${folder%-python}/complete ]] || continue
    for suite; do
      ! uses "$suite" "$tool" || return 0
    done
  done
  return 1
}

need_npm() {
  local suite
  [[ ! -f tests/node_modules/complete ]] || return 1
  for suite; do
    ! uses "$suite" npm || return 0
  done
  return 1
}

set_up() {
  local packages suite
  mapfile -t packages < <(missing_packages "$@")
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
  for suite; do
    lacking[$suite]=$(missing_needs "$suite" | sort -u | xargs)
  done
  local tool
  for tool in "${python_tools[@]}" npm; do
    set_up_tool "$tool" "$@"
  done
}

# Prints the packages, or addresses, of the commands that a suite needs and that are missing.
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
  local tool
  for tool in "${python_tools[@]}"; do
    ! uses "$1" "$tool" || return 0
  done
  return 1
}

missing_packages() {
  local suite
  for suite; do
    missing_needs "$suite"
  done | grep -v / | sort -u || true
}

install_packages() {
  local line="apt-get install --yes --no-install-recommends $*"
  if ((UID == 0)) && type -P apt-get >/dev/null; then
    printf 'set-up: %s\n' "$line"
    # shellcheck disable=SC2086 # the line is split into words on purpose
    apt-get update >"$logs/apt.log" 2>&1 &&
      DEBIAN_FRONTEND=noninteractive $line >>"$logs/apt.log" 2>&1 </dev/null && return
    tail -n 20 "$logs/apt.log"
  fi
  printf 'To run every suite: sudo %s\n' "$line"
}

# Installs one tool if a suite uses it whose other needs are met. File descriptor 3 is the output of tests/run.
set_up_tool() {
  local tool=$1 suite users=()
  shift
  for suite; do
    ! uses "$suite" "$tool" || [[ -n ${lacking[$suite]} ]] || users+=("$suite")
  done
  ((${#users[@]})) || return 0
  "install_$tool" 3>&1 >"$logs/$tool.log" 2>&1 && return
  tail -n 20 "$logs/$tool.log"
  for suite in "${users[@]}"; do
    lacking[$suite]="$tool packages"
  done
}

install_python() {
  install_venv tests/requirements.txt tests/.venv
}

# In its own virtual environment: Checkov and schemathesis need different versions of one library.
install_checkov() {
  install_venv tests/arm/requirements.txt tests/.venv-checkov
}

# The release before the one in tests/requirements.txt: the package name is the same.
install_older_sdk() {
  install_venv tests/conformance/batch/older/requirements.txt tests/.venv-older-sdk
}

# 700 MB.
install_azure_cli() {
  install_venv tests/docs/azure-cli/requirements.txt tests/.venv-azure-cli
}

# Clients of the Batch emulator, each with the release of azure-batch that it needs: up to 500 MB.
install_airflow() {
  install_client airflow
}

install_azure_batch_13() {
  install_client azure-batch-13
}

# Microsoft's client of Azure DevOps. 40 MB.
install_azure_devops() {
  install_client azure-devops
}

install_covalent() {
  install_client covalent
}

install_snakemake() {
  install_client snakemake
}

install_client() {
  install_venv "tests/clients/requirements/$1.txt" "tests/.venv-$1"
}

# The copy of the list is written last: if it equals the list, the folder is complete and up to date.
install_venv() {
  local list=$1 folder=$2
  ! cmp --silent "$list" "$folder/complete" || return 0
  report_installation
  python3 -m venv --clear "$folder" &&
    "$folder/bin/pip" install --no-input --disable-pip-version-check --quiet --requirement "$list" &&
    cp "$list" "$folder/complete"
}

install_npm() {
  local list=tests/package-lock.json folder=tests/node_modules
  ! cmp --silent "$list" "$folder/complete" || return 0
  report_installation
  (cd tests && npm ci) && mkdir -p "$folder" && cp "$list" "$folder/complete"
}

# An installation takes up to minutes, and writes to its log only.
report_installation() {
  printf 'set-up: %s, log in %s\n' "$tool" "${logs#"$PWD/"}/$tool.log" >&3
}
