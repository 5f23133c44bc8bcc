//! Checks pools, quota, queue, state, webhook ranges, access restrictions, and pauses.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, PoolFact, Quota, Read};
use super::{Finding, joined};
use crate::profiles::Profile;

const ROLE: &str = "check the roles of the handler's identity (arm/README.md#roles)";

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = pools(facts);
    findings.extend(quota(facts));
    findings.extend(storage(facts));
    findings.extend(pauses(facts));
    findings.extend(firewall(facts));
    findings
}

/// Returns the pools of the profiles, each with its profiles.
fn of_profiles(facts: &Facts) -> BTreeMap<&str, Vec<&Profile>> {
    let mut pools: BTreeMap<&str, Vec<&Profile>> = BTreeMap::new();
    let agents = facts.pipelines.iter().flat_map(|pipelines| &pipelines.containers);
    for profile in facts.policy.profiles.iter().chain(agents) {
        pools.entry(&profile.pool).or_default().push(profile);
    }
    pools
}

/// Finds a pool: Batch compares ids without case.
fn find<'a>(pools: &'a BTreeMap<String, PoolFact>, name: &str) -> Option<&'a PoolFact> {
    pools.iter().find(|(id, _)| id.eq_ignore_ascii_case(name)).map(|(_, pool)| pool)
}

fn pools(facts: &Facts) -> Vec<Finding> {
    let pools = match &facts.azure.pools {
        Ok(pools) => pools,
        Err(reason) => return vec![Finding::unknown("pool", reason.clone(), ROLE)],
    };
    let one = |(name, profiles): (&str, Vec<&Profile>)| match find(pools, name) {
        None => {
            let text = format!("Batch has no pool {name}, which setting RunnerProfiles names");
            vec![Finding::fail("pool", text, "create it, or correct the profile").of(name)]
        }
        Some(pool) => {
            let nodes = facts.azure.broken_nodes.get(name);
            vec![size(pool).of(name), slots(pool, &profiles).of(name), broken(nodes).of(name)]
        }
    };
    of_profiles(facts).into_iter().flat_map(one).collect()
}

fn size(pool: &PoolFact) -> Finding {
    let check = "pool";
    let targets = pool.targets.0 + pool.targets.1;
    if let Some(error) = &pool.autoscale_error {
        let text = format!("its autoscale formula cannot be evaluated ({error})");
        return Finding::fail(
            check,
            text,
            "fix the formula, or disable and enable automatic scaling",
        );
    }
    if !pool.resize_errors.is_empty() {
        let text = format!("its last resize failed ({})", joined(&pool.resize_errors));
        return Finding::warn(
            check,
            text,
            "request quota, or choose another size of machines (docs/troubleshooting.md#the-pool-does-not-grow)",
        );
    }
    if !pool.scaled && targets == 0 {
        let text = "it has no formula, and its target is 0 nodes";
        return Finding::fail(check, text, "enable automatic scaling, or set a size");
    }
    let size = if pool.scaled { "a formula determines its size" } else { "it has a fixed size" };
    Finding::ok(
        check,
        format!("{size}, its target is {targets} nodes, and it is {}", pool.allocation_state),
    )
}

fn slots(pool: &PoolFact, profiles: &[&Profile]) -> Finding {
    let check = "task-slots";
    let all = pool.slots.max(1);
    let named = |matches: &dyn Fn(&Profile) -> bool| {
        let found = profiles.iter().filter(|one| matches(one)).map(|one| one.name.as_str());
        found.collect::<Vec<_>>()
    };
    let too_large = named(&|profile| profile.slots > all);
    if !too_large.is_empty() {
        let text = format!(
            "a node has {all} task slots, fewer than a runner of {} needs",
            joined(&too_large)
        );
        return Finding::fail(
            check,
            text,
            "lower slots of the profile, or create the pool again with more",
        );
    }
    let shared = |profile: &Profile| all / profile.slots.max(1) > 1;
    let isolated = named(&|profile| profile.node_per_job && all > 1);
    if !isolated.is_empty() {
        let text = format!("a node has {all} task slots, and {} has nodePerJob", joined(&isolated));
        return Finding::fail(check, text, "use a pool with one task slot a node");
    }
    let engines = named(&|profile| profile.docker && shared(profile));
    if !engines.is_empty() {
        let text = format!(
            "a node runs several jobs of {}, which have an engine and could reach each other",
            joined(&engines)
        );
        return Finding::warn(check, text, "use a pool with one task slot a node");
    }
    Finding::ok(check, format!("a node has {all} task slots"))
}

fn broken(nodes: Option<&Read<BTreeMap<String, u32>>>) -> Finding {
    let check = "nodes";
    match nodes {
        None => Finding::unknown(check, "its nodes were not read", "try again"),
        Some(Err(reason)) => Finding::unknown(check, reason.clone(), ROLE),
        Some(Ok(states)) if states.is_empty() => Finding::ok(check, "no node has failed"),
        Some(Ok(states)) => {
            let counts: Vec<String> =
                states.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let text = format!("nodes that take no task: {}", joined(&counts));
            Finding::fail(
                check,
                text,
                "see stderr.txt of the start task (docs/troubleshooting.md#nodes)",
            )
        }
    }
}

/// Returns the number of cores in the name of a machine size, such as 4 in `Standard_D4s_v5`.
/// <https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions>
pub(super) fn cores(vm_size: &str) -> Option<u32> {
    let name = vm_size.get("Standard_".len()..).filter(|_| {
        vm_size
            .get(.."Standard_".len())
            .is_some_and(|start| start.eq_ignore_ascii_case("Standard_"))
    })?;
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

fn quota(facts: &Facts) -> Vec<Finding> {
    let check = "quota";
    let Ok(pools) = &facts.azure.pools else { return Vec::new() };
    let quota = match &facts.azure.quota {
        Ok(quota) => *quota,
        Err(reason) => {
            let advice =
                "compare the maximum of the pools with Batch account → Quotas in the portal";
            return vec![Finding::unknown(check, reason.clone(), advice)];
        }
    };
    let names = of_profiles(facts).into_keys();
    let own: Vec<(&str, &PoolFact)> =
        names.filter_map(|name| find(pools, name).map(|pool| (name, pool))).collect();
    let unclear: Vec<&str> =
        own.iter().filter(|(_, pool)| needs(pool).is_none()).map(|(name, _)| *name).collect();
    if !unclear.is_empty() {
        let text = format!("the maximum of pool {} is not known", joined(&unclear));
        return vec![Finding::unknown(
            check,
            text,
            "compare it with Batch account → Quotas in the portal",
        )];
    }
    let needed: u32 = own.iter().filter_map(|(_, pool)| needs(pool)).sum();
    vec![enough(needed, quota)]
}

/// Returns the cores of a pool at its maximum.
fn needs(pool: &PoolFact) -> Option<u32> {
    let fixed = (!pool.scaled).then_some(pool.targets.0 + pool.targets.1);
    Some(pool.max_nodes.or(fixed)? * cores(&pool.vm_size)?)
}

fn enough(needed: u32, quota: Quota) -> Finding {
    let check = "quota";
    let all = quota.dedicated + quota.spot;
    let text = format!(
        "the pools need {needed} cores at their maximum, and the quota of the Batch account is {all}"
    );
    match (all, needed) {
        (0, 1..) => Finding::fail(check, text, "request quota for the Batch account in the portal"),
        (all, needed) if needed > all => Finding::warn(
            check,
            text,
            "request quota for the Batch account, or lower the maximum of a pool",
        ),
        _ => Finding::ok(check, text),
    }
}

fn storage(facts: &Facts) -> Vec<Finding> {
    let azure = &facts.azure;
    let queue = match &azure.messages {
        Ok(count) => {
            Finding::ok("queue", format!("the request queue can be read, and has {count} messages"))
        }
        Err(denied) => denied.finding("queue", ROLE),
    };
    let state = match &azure.state {
        Ok(()) => {
            Finding::ok("state", "the container mayfly-state can be read; writing was not tried")
        }
        Err(denied) => denied.finding("state", ROLE),
    };
    let poison = match &azure.poison {
        Ok(0) => Finding::ok("poison", "no message has failed permanently"),
        Ok(count) => {
            let text = format!("{count} messages have failed permanently");
            Finding::warn(
                "poison",
                text,
                "see `mayfly status`, and replay them with `mayfly replay poison`",
            )
        }
        Err(reason) => Finding::unknown("poison", reason.clone(), ROLE),
    };
    vec![queue, state, poison]
}

fn pauses(facts: &Facts) -> Vec<Finding> {
    let check = "paused";
    let pauses = match &facts.azure.pauses {
        Ok(pauses) => pauses,
        Err(reason) => return vec![Finding::unknown(check, reason.clone(), ROLE)],
    };
    let paused: Vec<Finding> = pauses
        .iter()
        .filter(|(_, pause)| pause.resumed.is_none())
        .map(|(profile, pause)| {
            let text = format!("profile {profile} is paused {}", pause.description());
            Finding::warn(check, text, format!("`mayfly resume {profile}`, if the reason is gone"))
                .of(profile)
        })
        .collect();
    match paused.is_empty() {
        true => vec![Finding::ok(check, "no profile is paused")],
        false => paused,
    }
}

fn firewall(facts: &Facts) -> Vec<Finding> {
    let advice = "RefreshFirewall repairs it within six hours; see its log, and alarm=\"firewall\"";
    let ranges = match &facts.azure.ranges {
        None => Finding::ok("webhook-ranges", "the settings list who may send webhooks"),
        Some(Err(reason)) => Finding::unknown("webhook-ranges", reason.clone(), "try again"),
        Some(Ok((stored, published))) => {
            let stored: BTreeSet<_> = stored.iter().collect();
            let missing = published.iter().filter(|range| !stored.contains(range)).count();
            match missing {
                0 => Finding::ok(
                    "webhook-ranges",
                    "the ranges in force have all that GitHub publishes",
                ),
                all if all == published.len() => {
                    let text = "none of the ranges that GitHub publishes is in force: deliveries are rejected";
                    Finding::fail("webhook-ranges", text, advice)
                }
                some => {
                    let text = format!(
                        "{some} of {} ranges that GitHub publishes are not in force",
                        published.len()
                    );
                    Finding::warn("webhook-ranges", text, advice)
                }
            }
        }
    };
    let restricted = match &facts.azure.restricted {
        None => Finding::unknown(
            "access-restrictions",
            "setting FunctionAppResourceId is not set, so the app's access restrictions are not read",
            "compare them in the portal",
        ),
        Some(Err(reason)) => Finding::unknown("access-restrictions", reason.clone(), ROLE),
        Some(Ok(true)) => Finding::ok(
            "access-restrictions",
            "the app's access restrictions agree with the ranges",
        ),
        Some(Ok(false)) => {
            let text = "the app's access restrictions differ from the webhook ranges";
            Finding::warn("access-restrictions", text, advice)
        }
    };
    match facts.polls {
        true => Vec::new(),
        false => vec![ranges, restricted],
    }
}
