#!/usr/bin/env bash
# Deploys again, with the parameters of the last deployment of a resource group, made by the button or by command.
#
#   arm/again.sh [--what-if] [--dry-run] [--template FILE] GROUP [NAME=VALUE…]
#
#   --what-if   Azure shows what would change, and changes nothing
#   --dry-run   prints the command and writes parameters.json, and deploys nothing
#   --template  the template; without it, azuredeploy.json beside this script
#
# What it adds to the last parameters, each of which NAME=VALUE overrides:
# - A parameter that had the default of its template follows the default of this template, and what changed is printed.
#   `packageUri` and `runnerVersion` always do, so that package and images are those of this template's release.
# - `keepSecrets=true`: the secrets stay in the vault as they are.
# - A pool that exists is left as it is, since Batch refuses most changes of a pool that has nodes, and an
#   evaluated template cannot look: `create_…BatchPool=false`. A pool of a new name is created.
#
# Needs the Azure CLI and jq. Ends with 64 if the call is wrong, 65 if the last deployment cannot be continued.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
template=$here/azuredeploy.json
dry='' group='' former='' options=() given=()

main() {
  choose "$@"
  former=$(mktemp -d)
  trap 'rm -rf -- "$former"' EXIT
  read_last
  keep_isolation
  settle
  local pools
  pools=$(existing_pools)
  leave_pools Ubuntu "$pools"
  leave_pools Windows "$pools"
  deploy
}

choose() {
  while (($#)); do
    case $1 in
      --what-if) options+=(--what-if) ;;
      --dry-run) dry=yes ;;
      --template) template=${2:-} && shift ;;
      -*) usage "unknown option $1" ;;
      [a-z]*=*) given+=("$1") ;;
      *) [[ -z $group ]] || usage "one group at a time; a parameter is NAME=VALUE: $1" && group=$1 ;;
    esac
    shift
  done
  [[ -n $group ]] || usage "which resource group?"
  [[ -f $template ]] || usage "no template $template: give --template FILE"
}

usage() {
  printf 'again: %s\nusage: arm/again.sh [--what-if] [--dry-run] [--template FILE] GROUP [NAME=VALUE…]\n' "$1" >&2
  exit 64
}

fail() {
  printf 'again: %s\n' "$1" >&2
  exit 65
}

# Reads what the last deployment that succeeded was given, and its template.
read_last() {
  local rows names name last
  rows=$(az deployment group list --resource-group "$group" --output tsv \
    --query "sort_by([?properties.parameters.runnerScope && properties.provisioningState=='Succeeded'], &properties.timestamp)[].[properties.parameters.deploymentName.value, name]")
  names=$(awk '{ print $1 }' <<<"$rows" | sort -u)
  name=$(chosen deploymentName) || name=$names
  [[ $name != *$'\n'* ]] || usage "group $group has several deployments, give deploymentName=…: $(xargs <<<"$names")"
  last=$(awk -v name="$name" '$1 == name { last = $2 } END { print last }' <<<"$rows")
  [[ -n $last ]] || fail "no deployment of the template succeeded in group $group: deploy as docs/deploy.md says"
  # The CLI prints this template as it is, without regard to --query and --output.
  az deployment group export --resource-group "$group" --name "$last" >"$former/template.json"
  az deployment group show --resource-group "$group" --name "$last" --query properties.parameters --output json >"$former/parameters.json"
}

# Prints the value that was given for a parameter on the command line; fails if none was.
chosen() {
  local word found=1 value=''
  for word in ${given[@]+"${given[@]}"}; do
    [[ ${word%%=*} != "$1" ]] || { value=${word#*=} && found=0; }
  done
  printf '%s' "$value"
  return "$found"
}

# Subnets that are in use cannot be deleted, and a pool's network cannot be changed.
keep_isolation() {
  local before wanted
  before=$(jq --raw-output '.isolation.value // empty' "$former/parameters.json")
  wanted=$(chosen isolation) || return 0
  [[ -z $before || $wanted == "$before" ]] || fail "isolation is $before and cannot be changed later: deploy to another group"
}

# Writes parameters.json: what was chosen in the last deployment and is still a parameter. A secret has no value in the
# list, and a default that is an expression cannot be compared. ARM does not distinguish the case of names.
settle() {
  jq --null-input --slurpfile former "$former/parameters.json" --slurpfile old "$former/template.json" --slurpfile new "$template" '
    def by_name: with_entries(.key |= ascii_downcase);
    ($old[0].parameters | by_name) as $old | ($new[0].parameters | by_name) as $new
    | ["packageuri", "runnerversion", "keepsecrets"] as $never
    | {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", contentVersion: "1.0.0.0",
       parameters: ($former[0] | with_entries((.key | ascii_downcase) as $name
         | select(.value.value != null and ($never | index($name) | not) and ($new | has($name)) and .value.value != $old[$name].defaultValue)
         | .value |= {value}))}' >parameters.json
  jq --null-input --raw-output --slurpfile former "$former/parameters.json" --slurpfile old "$former/template.json" \
    --slurpfile new "$template" --slurpfile kept parameters.json '
    def shown: if type == "string" then . else tojson end;
    $former[0] | keys[] as $name | $new[0].parameters[$name] as $now | $old[0].parameters[$name] as $before
    | if $now == null then "\($name) is no parameter any more"
      elif $kept[0].parameters[$name] or $before.defaultValue == null or $before.defaultValue == $now.defaultValue then empty
      else "\($name) follows its default: \($before.defaultValue | shown) becomes \($now.defaultValue | shown)" end' |
    sed 's/^/again: /' >&2
}

# Prints the name of each pool of the group's Batch account, whatever number of pages there is.
existing_pools() {
  local account url page
  account=$(az resource list --resource-group "$group" --resource-type Microsoft.Batch/batchAccounts --output tsv \
    --query "[?tags.application=='mayfly' && tags.deployment=='$(parameter deploymentName)'].id | [0]")
  [[ -n $account ]] || return 0
  url="$account/pools?api-version=2025-06-01"
  while [[ -n $url ]]; do
    page=$(az rest --method get --url "$url" --output json)
    jq --raw-output '.value[].name' <<<"$page"
    url=$(jq --raw-output '.nextLink // empty' <<<"$page")
  done
}

# Prints the value that a parameter will have.
parameter() {
  chosen "$1" || jq --raw-output --arg name "$1" --slurpfile kept parameters.json \
    '$kept[0].parameters[$name] // {value: .parameters[$name].defaultValue} | .value' "$template"
}

leave_pools() {
  local os=$1 name create
  create=create_${os}BatchPool
  ! chosen "$create" >/dev/null || return 0
  name=$(parameter "${os,,}PoolName")
  if grep --quiet --line-regexp --fixed-strings -- "$name" <<<"$2"; then
    printf 'again: pool %s exists and is left as it is\n' "$name" >&2
    given+=("$create=false")
  elif chosen "${os,,}PoolName" >/dev/null; then
    given+=("$create=true")
  elif [[ $(parameter "$create") == false ]]; then
    printf 'again: pool %s does not exist and is not created, as in the last deployment; %s=true creates it\n' "$name" "$create" >&2
  fi
}

# Each deploymentName has a record of its own, so that one does not replace what is known of another.
deploy() {
  local name record=mayfly
  name=$(parameter deploymentName)
  [[ $name == gh ]] || record=mayfly-$name
  local command=(az deployment group create --resource-group "$group" --name "$record" --template-file "$template"
    --parameters @parameters.json keepSecrets=true "githubToken=" "githubAppPrivateKey=" "githubWebhookSecret="
    ${given[@]+"${given[@]}"} ${options[@]+"${options[@]}"})
  printf '%s\n' "${command[*]}" >&2
  [[ -n $dry ]] || "${command[@]}"
}

main "$@"
