//! The checks of Azure.

use super::*;

#[test]
fn pools_and_their_nodes_are_judged() {
    let changed = |change: fn(&mut PoolFact)| {
        found(|facts| {
            let pools = facts.azure.pools.as_mut().expect("pools");
            change(pools.get_mut("ubuntu").expect("a pool"));
        })
    };
    let of_profiles = |change: fn(&mut Facts)| found(change);
    let texts = [
        changed(|pool| pool.autoscale_error = Some("InsufficientSampleData".to_owned())),
        changed(|pool| pool.resize_errors = vec!["AccountCoreQuotaReached".to_owned()]),
        changed(|pool| (pool.scaled, pool.max_nodes) = (false, None)),
        changed(|pool| (pool.scaled, pool.targets) = (false, (2, 1))),
        changed(|pool| pool.vm_size = "unknown".to_owned()),
        of_profiles(|facts| facts.policy.profiles[0].slots = 2),
        of_profiles(|facts| {
            facts.policy.profiles[0].docker = true;
            facts.azure.pools.as_mut().expect("pools").get_mut("ubuntu").expect("one").slots = 4;
        }),
        of_profiles(|facts| {
            facts.policy.profiles[0].node_per_job = true;
            facts.azure.pools.as_mut().expect("pools").get_mut("ubuntu").expect("one").slots = 4;
        }),
        found(|facts| {
            let broken = [("starttaskfailed".to_owned(), 2)].into();
            facts.azure.broken_nodes.insert("ubuntu".to_owned(), Ok(broken));
        }),
        found(|facts| facts.azure.broken_nodes = BTreeMap::new()),
        found(|facts| drop(facts.azure.pools.as_mut().expect("pools").remove("windows"))),
        found(|facts| facts.azure.pools = Err("403".to_owned())),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail pool (ubuntu): its autoscale formula cannot be evaluated (InsufficientSampleData): fix the formula, or disable and enable automatic scaling
    warn pool (ubuntu): its last resize failed (AccountCoreQuotaReached): request quota, or choose another size of machines (docs/troubleshooting.md#the-pool-does-not-grow)
    fail pool (ubuntu): it has no formula, and its target is 0 nodes: enable automatic scaling, or set a size
    ok quota: the pools need 40 cores at their maximum, and the quota of the Batch account is 100
    ok pool (ubuntu): it has a fixed size, its target is 3 nodes, and it is steady
    unknown quota: the maximum of pool ubuntu is not known: compare it with Batch account → Quotas in the portal
    fail task-slots (ubuntu): a node has 1 task slots, fewer than a runner of ubuntu needs: lower slots of the profile, or create the pool again with more
    warn task-slots (ubuntu): a node runs several jobs of ubuntu, which have an engine and could reach each other: use a pool with one task slot a node
    fail task-slots (ubuntu): a node has 4 task slots, and ubuntu has nodePerJob: use a pool with one task slot a node
    fail nodes (ubuntu): nodes that take no task: 2 starttaskfailed: see stderr.txt of the start task (docs/troubleshooting.md#nodes)
    unknown nodes (ubuntu): its nodes were not read: try again
    unknown nodes (windows): its nodes were not read: try again
    fail pool (windows): Batch has no pool windows, which setting RunnerProfiles names: create it, or correct the profile
    ok quota: the pools need 40 cores at their maximum, and the quota of the Batch account is 100
    unknown pool: 403: check the roles of the handler's identity (arm/README.md#roles)
    ");
}

#[test]
fn the_quota_is_compared_with_the_maximum() {
    let quota = |dedicated| found(|facts| facts.azure.quota = Ok(Quota { dedicated, spot: 0 }));
    let unread = found(|facts| facts.azure.quota = Err("403".to_owned()));
    insta::assert_snapshot!(all([quota(79), quota(0), unread]), @r"
    warn quota: the pools need 80 cores at their maximum, and the quota of the Batch account is 79: request quota for the Batch account, or lower the maximum of a pool
    fail quota: the pools need 80 cores at their maximum, and the quota of the Batch account is 0: request quota for the Batch account in the portal
    unknown quota: 403: compare the maximum of the pools with Batch account → Quotas in the portal
    ");
    let cores = ["Standard_D4s_v5", "standard_nc24ads_a100_v4", "Standard_B2ms", "Basic_A1", "é"];
    assert_eq!(cores.map(crate::doctor::azure::cores), [Some(4), Some(24), Some(2), None, None]);
}

#[test]
fn storage_and_pauses_are_judged() {
    let mut pauses = Pauses::default();
    let pause = Pause {
        at: now(),
        who: "ann@desk".to_owned(),
        why: "a new image".to_owned(),
        batch_jobs: [1].into(),
        resumed: None,
    };
    pauses.pause("ubuntu", pause);
    let unread = || "403 AuthorizationFailure".to_owned();
    let texts = [
        found(|facts| facts.azure.messages = Err(refused())),
        found(|facts| facts.azure.state = Err(refused())),
        found(|facts| facts.azure.messages = Err(silent())),
        found(|facts| facts.azure.state = Err(silent())),
        found(|facts| facts.azure.poison = Err(unread())),
        found(|facts| facts.azure.poison = Ok(2)),
        found(|facts| facts.azure.pauses = Err(unread())),
        found(|facts| facts.azure.pauses = Ok(pauses)),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail queue: GitHub refuses it: check the roles of the handler's identity (arm/README.md#roles)
    fail state: GitHub refuses it: check the roles of the handler's identity (arm/README.md#roles)
    unknown queue: GitHub is unavailable (503): try again
    unknown state: GitHub is unavailable (503): try again
    unknown poison: 403 AuthorizationFailure: check the roles of the handler's identity (arm/README.md#roles)
    warn poison: 2 messages have failed permanently: see `mayfly status`, and replay them with `mayfly replay poison`
    unknown paused: 403 AuthorizationFailure: check the roles of the handler's identity (arm/README.md#roles)
    warn paused (ubuntu): profile ubuntu is paused since 1970-10-28T00:00:00Z by ann@desk: a new image: `mayfly resume ubuntu`, if the reason is gone
    ");
}

#[test]
fn both_firewalls_are_judged() {
    let stored = |stored| found(|facts| facts.azure.ranges = Some(Ok((stored, ranges()))));
    let texts = [
        stored(ranges()[1..].to_vec()),
        stored(Vec::new()),
        found(|facts| facts.azure.ranges = Some(Err("GitHub is unavailable (503)".to_owned()))),
        found(|facts| facts.azure.ranges = None),
        found(|facts| facts.azure.restricted = Some(Ok(false))),
        found(|facts| facts.azure.restricted = Some(Err("403".to_owned()))),
        found(|facts| facts.azure.restricted = None),
    ];
    insta::assert_snapshot!(all(texts), @r#"
    warn webhook-ranges: 1 of 9 ranges that GitHub publishes are not in force: RefreshFirewall repairs it within six hours; see its log, and alarm="firewall"
    fail webhook-ranges: none of the ranges that GitHub publishes is in force: deliveries are rejected: RefreshFirewall repairs it within six hours; see its log, and alarm="firewall"
    unknown webhook-ranges: GitHub is unavailable (503): try again
    ok webhook-ranges: the settings list who may send webhooks
    warn access-restrictions: the app's access restrictions differ from the webhook ranges: RefreshFirewall repairs it within six hours; see its log, and alarm="firewall"
    unknown access-restrictions: 403: check the roles of the handler's identity (arm/README.md#roles)
    unknown access-restrictions: setting FunctionAppResourceId is not set, so the app's access restrictions are not read: compare them in the portal
    "#);
}
