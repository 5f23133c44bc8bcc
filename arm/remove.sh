#!/usr/bin/env bash
# Removes all Mayfly deployments of a resource group in the order that Azure requires, and what outlives the group.
#
#   arm/remove.sh [--dry-run] [--yes] [--no-wait] GROUP
#
#   --dry-run   prints the commands that would change something, and changes nothing
#   --yes       does not ask for confirmation
#   --no-wait   does not wait for the subnet: for a subnet that another app also uses
#
# A Function App on Flex Consumption leaves a link on its subnet (serviceAssociationLinks) for some time after its
# deletion. Until the link is gone, Azure rejects deleting the subnet (InUseSubnetCannotBeDeleted), and with it the
# network and the group. Hence the order: custom roles, while their scopes exist; network integration; app; wait for
# the link; group; name of the vault. Running the script again continues an interrupted run.
#
# Exit codes: 0 if nothing is left; 2 if something is left that needs another permission (it is listed); 75 if the link
# is still there; 64 for invalid arguments. Needs the Azure CLI, signed in as Owner of the group.
set -euo pipefail
shopt -s inherit_errexit

# Number of checks for the link, and seconds between them: half an hour.
readonly polls=${REMOVE_POLLS:-90} interval=${REMOVE_INTERVAL:-20}
dry='' yes='' wait=yes group='' left=() subnets=() vaults=()

main() {
  parse_arguments "$@"
  if [[ $(az group exists --name "$group" --output tsv) == true ]]; then
    list_resources
    confirm
    remove_roles
    remove_apps
    add_known_subnets
    wait_for_subnets
    run_change az group delete --name "$group" --yes
    [[ -z $dry ]] || printf 'az keyvault purge --name %s\n' "${vaults[@]}"
  else
    printf 'remove: group %s does not exist\n' "$group"
  fi
  purge_vaults
  report
}

parse_arguments() {
  while (($#)); do
    case $1 in
      --dry-run) dry=yes ;;
      --yes) yes=yes ;;
      --no-wait) wait='' ;;
      -*) usage "unknown option $1" ;;
      *) [[ -z $group ]] || usage "one group at a time" && group=$1 ;;
    esac
    shift
  done
  [[ $group =~ ^[][A-Za-z0-9_.()-]{1,90}$ ]] || usage "invalid resource group name: ${group:-nothing}"
}

usage() {
  printf 'remove: %s\nusage: arm/remove.sh [--dry-run] [--yes] [--no-wait] GROUP\n' "$1" >&2
  exit 64
}

# Prints tab-separated rows. Values that may be empty, such as the network's id, come last: bash joins adjacent tabs.
resources() {
  local query=$1
  az resource list --resource-group "$group" --query "$query" --output tsv
}

# Shows what is deleted with the group. Azure creates some resources itself, and gives them no tags.
list_resources() {
  local ours others
  ours=$(resources "[?tags.application=='mayfly'].[type, name]")
  mapfile -t vaults < <(awk '$1 == "Microsoft.KeyVault/vaults" { print $2 }' <<<"$ours")
  others=$(resources "[?tags.application!='mayfly'].[type, name]")
  printf 'remove: the group %s has these Mayfly resources:\n%s\n' "$group" "${ours:-none}"
  printf 'remove: these resources without its tag are also deleted with the group:\n%s\n' "${others:-none}"
}

confirm() {
  local answer=''
  [[ -z $yes && -z $dry ]] || return 0
  [[ -t 0 ]] || usage "confirmation needs a terminal: use --yes or --dry-run"
  read -rp "Delete the group $group with all these resources? Enter its name: " answer
  [[ $answer == "$group" ]] || { printf 'remove: not confirmed; nothing was changed\n' >&2 && exit 1; }
}

# Runs first: once their scopes are deleted, no listing shows the roles any more. A role for the subnet of an existing
# network is listed in the resource group of that network.
remove_roles() {
  local names name scope scopes roles role
  names=$(resources "[?type=='Microsoft.Batch/batchAccounts' && tags.application=='mayfly'].name")
  scopes=$(az deployment group list --resource-group "$group" --output tsv \
    --query "[].properties.parameters.virtualNetworkResourceId.value")
  scopes=$(printf '%s\n' "$group" "$(cut -d / -f 5 <<<"$scopes")" | awk 'NF && !seen[tolower($0)]++')
  for name in $names; do
    for scope in $scopes; do
      roles=$(az role definition list --custom-role-only true --resource-group "$scope" --output tsv \
        --query "[?starts_with(roleName, 'Mayfly ') && ends_with(roleName, '$name')].name") ||
        { [[ $scope != "$group" ]] || exit 1 && left+=("perhaps a custom role of $name in group $scope") && continue; }
      for role in $roles; do
        remove_assignments "$role"
        remove_role "$scope" "$role" || left+=("custom role $role in group $scope")
      done
    done
  done
}

remove_assignments() {
  local assignments assignment
  assignments=$(az role assignment list --all --query "[?ends_with(roleDefinitionId, '/$1')].id" --output tsv)
  for assignment in $assignments; do
    run_change az role assignment delete --ids "$assignment" || left+=("role assignment $assignment")
  done
}

# For some time after a role's last assignment was deleted, Azure rejects deleting the role.
remove_role() {
  local try
  for try in 1 2 3 4 5 6; do
    run_change az rest --method delete \
      --url "/subscriptions/{subscriptionId}/resourceGroups/$1/providers/Microsoft.Authorization/roleDefinitions/$2?api-version=2022-04-01" && return
    ((try == 6)) || sleep "$interval"
  done
  return 1
}

remove_apps() {
  local apps name id subnet
  apps=$(resources "[?type=='Microsoft.Web/sites' && tags.application=='mayfly'].[name, id]")
  while read -r name id; do
    [[ -n $name ]] || continue
    subnet=$(az resource show --ids "$id" --api-version 2024-11-01 --query properties.virtualNetworkSubnetId --output tsv)
    if [[ -n $subnet ]]; then
      subnets+=("$subnet")
      run_change az functionapp vnet-integration remove --resource-group "$group" --name "$name"
    fi
    run_change az functionapp delete --resource-group "$group" --name "$name"
  done <<<"$apps"
}

# An earlier run may have deleted the app: then the parameters of its deployment name the subnet.
add_known_subnets() {
  local own known network name
  own=$(resources "[?type=='Microsoft.Network/virtualNetworks' && tags.application=='mayfly'].id | [0]")
  known=$(az deployment group list --resource-group "$group" --output tsv \
    --query "[?properties.parameters.runnerScope && properties.parameters.isolation.value != 'public'].properties.parameters.[functionSubnetName.value || 'function', virtualNetworkResourceId.value || '']")
  while IFS=$'\t' read -r name network; do
    network=${network:-$own}
    [[ -z $network || -z $name ]] || subnets+=("$network/subnets/$name")
  done <<<"$known"
}

wait_for_subnets() {
  local subnet poll
  [[ -n $wait && -z $dry ]] || return 0
  while read -r subnet; do
    for ((poll = 1; ; poll++)); do
      linked "$subnet" || break
      ((poll < polls)) || fail_linked "$subnet"
      printf 'remove: waiting until Azure releases %s\n' "$subnet"
      sleep "$interval"
    done
  done < <(printf '%s\n' "${subnets[@]}" | sort --unique --ignore-case)
}

linked() {
  local links
  [[ -n $1 ]] || return 1
  # A subnet that does not exist has no link. Any other error ends the script.
  if ! links=$(az network vnet subnet show --ids "$1" --query "serviceAssociationLinks[].[linkedResourceType]" --output tsv 2>&1); then
    [[ $links != *NotFound* ]] || return 1
    printf '%s\n' "$links" >&2
    exit 1
  fi
  [[ -n $links ]]
}

fail_linked() {
  printf 'remove: %s still has the link of a Function App; the group was not deleted.\n' "$1" >&2
  printf 'remove: run this again later. If another app uses this subnet, use --no-wait.\n' >&2
  exit 75
}

# The name of a deleted vault stays reserved: a new deployment to a group of the same name would use the same name.
purge_vaults() {
  local deleted name id protected until
  if ! deleted=$(az keyvault list-deleted --resource-type vault --output tsv \
    --query "[?properties.tags.application=='mayfly'].[name, properties.vaultId, properties.purgeProtectionEnabled || \`false\`, properties.scheduledPurgeDate]"); then
    left+=("perhaps the name of the vault: listing deleted vaults needs a permission on the subscription")
    return
  fi
  while read -r name id protected until; do
    [[ ${id,,} == */resourcegroups/"${group,,}"/* ]] || continue
    if [[ $protected == True ]]; then
      left+=("the name of vault $name until $until: it has purge protection, which an Azure policy may require")
    else
      run_change az keyvault purge --name "$name" || left+=("the name of vault $name until $until: purging it needs a permission on the subscription")
    fi
  done <<<"$deleted"
}

report() {
  ((${#left[@]})) || { printf 'remove: nothing is left\n' && return; }
  printf 'remove: left: %s\n' "${left[@]}" >&2
  printf 'remove: a remaining vault only reserves its name: a group of another name, or another deploymentName, uses another name.\n' >&2
  exit 2
}

run_change() {
  printf '%s\n' "$*"
  [[ -n $dry ]] || "$@"
}

main "$@"
