#!/usr/bin/env bash
# Checks, before a first deployment, what it needs: subscription, region, quotas, rights, names, package and images.
#
#   arm/preflight.sh GROUP REGION
#
# It changes nothing. Each line is `ok`, `warn`, `fail`, or `unknown` if Azure or GitHub did not answer, with what to do.
# Exit codes: 1 if a line says `fail`, 64 for invalid arguments. The package and the images are those of the template and
# of import.sh beside this script, in the folder of a release.
#
# Needs the Azure CLI, signed in to the subscription, curl and jq. Two limits cannot be read beforehand: the cores of the
# Batch account, which the deployment creates, and the instances of Flex Consumption.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
template=$here/azuredeploy.json
import=$here/import.sh
[[ -f $import ]] || import=$here/../images/import.sh
readonly checks=(subscription providers region account sizes rights vault package images)
readonly providers=(App Batch ContainerRegistry Insights KeyVault ManagedIdentity Network OperationalInsights Storage Web)
# Two that a Contributor has, and two that only an Owner or a User Access Administrator has.
readonly rights='["Microsoft.Resources/deployments/write", "Microsoft.Batch/batchAccounts/write",
  "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleDefinitions/write"]'

main() {
  [[ $# == 2 && $1 != -* && $2 =~ ^[a-z0-9]+$ ]] || usage
  group=$1 region=$2
  local check errors failed=''
  errors=$(mktemp)
  # shellcheck disable=SC2064 # the name of now
  trap "rm -f -- '$errors'" EXIT
  for check in "${checks[@]}"; do
    report "$check"
  done
  [[ ! $failed ]]
}

usage() {
  printf 'usage: arm/preflight.sh GROUP REGION, with a region such as northeurope\n' >&2
  exit 64
}

# Runs a check, which prints its result and what to do. One that ends with an error could not read what it needs.
report() {
  local answer code
  set +e
  answer=$(set -e && "check_$1" 2>"$errors")
  code=$?
  set -e
  ((code == 0)) || answer="unknown $(grep . "$errors" | tail -n 1 || echo "ended with $code")"
  [[ ${answer%% *} != fail ]] || failed=yes
  printf '%-8s %-13s %s\n' "${answer%% *}" "$1" "${answer#* }"
}

# Reads from Resource Manager: a path below the subscription, and a query.
azure() {
  az rest --method get --url "/subscriptions/{subscriptionId}$1" --query "$2" --output "${3:-tsv}"
}

check_subscription() {
  local name state
  name=$(azure '?api-version=2022-12-01' displayName)
  state=$(azure '?api-version=2022-12-01' state)
  [[ $state == Enabled ]] || { echo "fail $name is $state" && return; }
  echo "ok $name"
}

check_providers() {
  local name state missing=()
  for name in "${providers[@]}"; do
    state=$(azure "/providers/Microsoft.$name?api-version=2021-04-01" registrationState)
    [[ $state == Registered ]] || missing+=("Microsoft.$name")
  done
  ((!${#missing[@]})) || { echo "fail not registered: ${missing[*]}. az provider register --wait --namespace each" && return; }
  echo "ok ${#providers[@]} registered"
}

check_region() {
  local regions
  regions=$(az functionapp list-flexconsumption-locations --query "[].name" --output tsv | tr '[:upper:]' '[:lower:]' | tr -d ' ')
  grep --quiet --fixed-strings --line-regexp "$region" <<<"$regions" || { echo "fail $region has no Flex Consumption: choose another region" && return; }
  echo "ok $region has Flex Consumption"
}

check_account() {
  local quota used
  quota=$(az batch location quotas show --location "$region" --query accountQuota --output tsv)
  used=$(azure '/providers/Microsoft.Batch/batchAccounts?api-version=2025-06-01' "length(value[?location=='$region'])")
  ((used < quota)) || { echo "fail $used of $quota Batch accounts exist in $region: raise the quota, or choose another region" && return; }
  echo "ok $used of $quota Batch accounts exist in $region"
}

check_sizes() {
  local offered size missing=()
  offered=$(azure "/providers/Microsoft.Batch/locations/$region/virtualMachineSkus?api-version=2025-06-01&\$filter=familyName eq 'standardDDSv5Family'" 'value[].name')
  while read -r size; do
    grep --quiet --fixed-strings --line-regexp "$size" <<<"$offered" || missing+=("$size")
  done < <(jq --raw-output '.parameters | .ubuntuVmSize.defaultValue, .windowsVmSize.defaultValue' "$template")
  ((!${#missing[@]})) || { echo "warn Batch does not offer ${missing[*]} here: choose another ubuntuVmSize, windowsVmSize" && return; }
  echo "ok the default VM sizes are offered"
}

check_rights() {
  local exists missing
  exists=$(az group exists --name "$group")
  [[ $exists == true ]] || { echo "warn the group $group does not exist yet: az group create --name $group --location $region" && return; }
  missing=$(azure "/resourceGroups/$group/providers/Microsoft.Authorization/permissions?api-version=2022-04-01" value json | jq --raw-output \
    --argjson rights "$rights" '
    def covers($action): any(.[]; . as $glob | $action | test("^" + ($glob | gsub("[.]"; "[.]") | gsub("[*]"; ".*")) + "$"; "i"));
    . as $roles | $rights - [$rights[] | . as $action | select(any($roles[]; (.actions | covers($action)) and (.notActions | covers($action) | not)))] | join(" ")')
  [[ ! $missing ]] || { echo "fail missing on $group: $missing. Become Owner, or see Rights in docs/deploy.md" && return; }
  echo "ok on $group"
}

# Names are derived from the group, so that only a deleted deployment in the same group can have taken them.
check_vault() {
  local names
  names=$(az keyvault list-deleted --query "[?contains(properties.vaultId, '/resourceGroups/$group/')].name" --output tsv)
  [[ ! $names ]] || { echo "warn a deleted vault reserves a name: az keyvault purge --name ${names//$'\n'/ }, or another deploymentName" && return; }
  echo "ok no deleted vault reserves a name"
}

check_package() {
  local uri
  uri=$(jq --raw-output .parameters.packageUri.defaultValue "$template")
  [[ $uri != *.invalid/* ]] || { echo "fail the template names no release: use the files of a release" && return; }
  fetched "$uri" "$uri"
}

check_images() {
  local sources image name token answer
  sources=$(bash "$import" --sources 2>/dev/null) || { echo "fail import.sh names no release: use the files of a release" && return; }
  for image in $sources; do
    name=${image#*/} && name=${name%%[@:]*}
    token=$(curl --silent --max-time 20 "https://${image%%/*}/token?scope=repository:$name:pull" | jq --raw-output '.token // empty')
    answer=$(fetched "$image" "https://${image%%/*}/v2/$name/manifests/${image#*"$name"[@:]}" --header "Authorization: Bearer $token")
    [[ $answer == ok* ]] || { echo "$answer" && return; }
  done
  echo "ok $(wc -w <<<"$sources") images can be read without signing in"
}

# Reports whether an address can be read without signing in, as Azure reads it.
fetched() {
  local code
  code=$(curl --silent --head --location --max-time 20 --output /dev/null --write-out '%{http_code}' "${@:3}" "$2" || true)
  case $code in
    2??) echo "ok $1" ;;
    000) echo "unknown $1 did not answer" ;;
    *) echo "fail $1 answers $code: is it published, and public?" ;;
  esac
}

main "$@"
