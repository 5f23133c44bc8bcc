#!/usr/bin/env bash
# Deploys again with the parameters of the last deployment of a resource group, made in the portal or by command.
#
#   arm/redeploy.sh [--what-if] [--dry-run] [--template FILE] GROUP [NAME=VALUE…]
#
#   --what-if   Azure shows what would change, and changes nothing
#   --dry-run   prints the command and writes parameters.json, and deploys nothing
#   --template  the template; default: azuredeploy.json in this script's folder
#
# It adds the following to the last parameters; NAME=VALUE overrides each of them:
# - A parameter that had its template's default gets the default of this template, and each change is printed.
#   `packageUri` and `runnerVersion` always do, so that package and images are those of this template's release.
# - `keepSecrets=true`: the secrets stay in the vault.
# - `create_…BatchPool=false` for an existing pool, which is not changed: Batch rejects most changes of a pool that has
#   nodes, and a template cannot check whether a pool exists. A pool with a new name is created.
#
# Needs the Azure CLI and jq. Exit codes: 64 for invalid arguments, 65 if the last deployment cannot be continued.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
template=$here/azuredeploy.json
dry='' group='' last_dir='' options=() overrides=()

main() {
  parse_arguments "$@"
  last_dir=$(mktemp -d)
  trap 'rm -rf -- "$last_dir"' EXIT
  read_last
  check_isolation
  write_parameters
  local pools
  pools=$(existing_pools)
  skip_existing_pools Ubuntu "$pools"
  skip_existing_pools Windows "$pools"
  deploy
}

parse_arguments() {
  while (($#)); do
    case $1 in
      --what-if) options+=(--what-if) ;;
      --dry-run) dry=yes ;;
      --template) template=${2:-} && shift ;;
      -*) usage "unknown option $1" ;;
      [a-z]*=*) overrides+=("$1") ;;
      *) [[ -z $group ]] || usage "only one group is allowed; a parameter is NAME=VALUE: $1" && group=$1 ;;
    esac
    shift
  done
  [[ -n $group ]] || usage "missing resource group"
  [[ -f $template ]] || usage "no template $template: use --template FILE"
}

usage() {
  printf 'redeploy: %s\nusage: arm/redeploy.sh [--what-if] [--dry-run] [--template FILE] GROUP [NAME=VALUE…]\n' "$1" >&2
  exit 64
}

fail() {
  printf 'redeploy: %s\n' "$1" >&2
  exit 65
}

# Reads the parameters and the template of the last deployment that succeeded.
read_last() {
  local rows names name last
  rows=$(az deployment group list --resource-group "$group" --output tsv \
    --query "sort_by([?properties.parameters.runnerScope && properties.provisioningState=='Succeeded'], &properties.timestamp)[].[properties.parameters.deploymentName.value, name]")
  names=$(awk '{ print $1 }' <<<"$rows" | sort -u)
  name=$(argument deploymentName) || name=$names
  [[ $name != *$'\n'* ]] || usage "group $group has several deployments; set deploymentName=…: $(xargs <<<"$names")"
  last=$(awk -v name="$name" '$1 == name { last = $2 } END { print last }' <<<"$rows")
  [[ -n $last ]] || fail "no deployment of the template has succeeded in group $group: see docs/deploy.md"
  # The CLI prints the template unchanged and ignores --query and --output.
  az deployment group export --resource-group "$group" --name "$last" >"$last_dir/template.json"
  az deployment group show --resource-group "$group" --name "$last" --query properties.parameters --output json >"$last_dir/parameters.json"
}

# Prints a parameter's value from the command line; fails if there is none.
argument() {
  local word found=1 value=''
  for word in ${overrides[@]+"${overrides[@]}"}; do
    [[ ${word%%=*} != "$1" ]] || { value=${word#*=} && found=0; }
  done
  printf '%s' "$value"
  return "$found"
}

# Subnets that are in use cannot be deleted, and a pool's network cannot be changed.
check_isolation() {
  local before wanted
  before=$(jq --raw-output '.isolation.value // empty' "$last_dir/parameters.json")
  wanted=$(argument isolation) || return 0
  [[ -z $before || $wanted == "$before" ]] || fail "isolation is $before and cannot be changed: deploy to another group"
}

# Writes parameters.json: the values chosen in the last deployment that are still parameters. Secrets have no value in
# the listing, and a default that is an expression cannot be compared. ARM ignores the case of names.
write_parameters() {
  jq --null-input --slurpfile last "$last_dir/parameters.json" --slurpfile old "$last_dir/template.json" --slurpfile new "$template" '
    def by_name: with_entries(.key |= ascii_downcase);
    ($old[0].parameters | by_name) as $old | ($new[0].parameters | by_name) as $new
    | ["packageuri", "runnerversion", "keepsecrets"] as $never
    | {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", contentVersion: "1.0.0.0",
       parameters: ($last[0] | with_entries((.key | ascii_downcase) as $name
         | select(.value.value != null and ($never | index($name) | not) and ($new | has($name)) and .value.value != $old[$name].defaultValue)
         | .value |= {value}))}' >parameters.json
  jq --null-input --raw-output --slurpfile last "$last_dir/parameters.json" --slurpfile old "$last_dir/template.json" \
    --slurpfile new "$template" --slurpfile written parameters.json '
    def shown: if type == "string" then . else tojson end;
    $last[0] | keys[] as $name | $new[0].parameters[$name] as $now | $old[0].parameters[$name] as $before
    | if $now == null then "\($name) is no longer a parameter"
      elif $written[0].parameters[$name] or $before.defaultValue == null or $before.defaultValue == $now.defaultValue then empty
      else "\($name) follows its default: \($before.defaultValue | shown) becomes \($now.defaultValue | shown)" end' |
    sed 's/^/redeploy: /' >&2
}

# Prints the names of all pools of the group's Batch account, from all pages.
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
  argument "$1" || jq --raw-output --arg name "$1" --slurpfile written parameters.json \
    '$written[0].parameters[$name] // {value: .parameters[$name].defaultValue} | .value' "$template"
}

skip_existing_pools() {
  local os=$1 name create
  create=create_${os}BatchPool
  ! argument "$create" >/dev/null || return 0
  name=$(parameter "${os,,}PoolName")
  if grep --quiet --line-regexp --fixed-strings -- "$name" <<<"$2"; then
    printf 'redeploy: pool %s exists and is not changed\n' "$name" >&2
    overrides+=("$create=false")
  elif argument "${os,,}PoolName" >/dev/null; then
    overrides+=("$create=true")
  elif [[ $(parameter "$create") == false ]]; then
    printf 'redeploy: pool %s does not exist and is not created, as in the last deployment; use %s=true to create it\n' "$name" "$create" >&2
  fi
}

# Each deploymentName has its own deployment record, so that one does not overwrite the parameters of another.
deploy() {
  local name record=mayfly
  name=$(parameter deploymentName)
  [[ $name == gh ]] || record=mayfly-$name
  local command=(az deployment group create --resource-group "$group" --name "$record" --template-file "$template"
    --parameters @parameters.json keepSecrets=true "githubToken=" "githubAppPrivateKey=" "githubWebhookSecret="
    ${overrides[@]+"${overrides[@]}"} ${options[@]+"${options[@]}"})
  printf '%s\n' "${command[*]}" >&2
  [[ -n $dry ]] || "${command[@]}"
}

main "$@"
