//! The checks of Azure DevOps.

use super::super::facts::{AgentPoolFact, HookFact, PipelinesFacts, Placeholder};
use super::*;

fn pool_of_agents() -> AgentPoolFact {
    let placeholders = vec![("az".to_owned(), Placeholder::Right)];
    AgentPoolFact { manages: true, updates: false, placeholders }
}

fn subscription(status: &str) -> HookFact {
    HookFact { id: "s".to_owned(), project: "shop".to_owned(), status: status.to_owned() }
}

fn pipelines() -> PipelinesFacts {
    PipelinesFacts {
        containers: Vec::new(),
        credential: Ok(()),
        pools: [("mayfly-linux".to_owned(), Ok(pool_of_agents()))].into(),
        parallel_jobs: Ok((1, 2)),
        hooks: Some(Ok(vec![subscription("enabled")])),
    }
}

/// Returns the findings after a change that differ from those without it.
fn changed(change: impl FnOnce(&mut PipelinesFacts)) -> String {
    let of = |pipelines| examine(&Facts { pipelines: Some(pipelines), ..right() }).findings;
    let (before, mut facts) = (of(pipelines()), pipelines());
    change(&mut facts);
    let after = of(facts);
    let new = after.iter().filter(|finding| !before.contains(finding));
    new.map(line).collect::<Vec<_>>().join("\n")
}

fn with_pool(change: impl FnOnce(&mut AgentPoolFact)) -> String {
    changed(|facts| {
        let mut pool = pool_of_agents();
        change(&mut pool);
        facts.pools = [("mayfly-linux".to_owned(), Ok(pool))].into();
    })
}

#[test]
fn a_right_organization_passes_every_check() {
    let right = found(|facts| facts.pipelines = Some(pipelines()));
    insta::assert_snapshot!(right, @r"
    ok azure-devops-credential: Azure DevOps accepts the credential
    ok agent-pool (mayfly-linux): the credential may manage it; a change was not tried
    ok agent-updates (mayfly-linux): Azure DevOps does not update its agents
    ok placeholder (az): it is registered and offline
    ok parallel-jobs: 1 of 2 self-hosted parallel jobs are used
    ok service-hook (shop): subscription s is enabled
    ");
}

#[test]
fn the_credential_and_its_pools_are_judged() {
    let pool = |read| changed(|facts| drop(facts.pools.insert("mayfly-linux".to_owned(), read)));
    let state = |state| with_pool(|pool| pool.placeholders[0].1 = state);
    let texts = [
        changed(|facts| facts.credential = Err(refused())),
        changed(|facts| facts.credential = Err(silent())),
        pool(Err(refused())),
        pool(Err(silent())),
        with_pool(|pool| pool.manages = false),
        with_pool(|pool| pool.updates = true),
        state(Placeholder::Missing),
        state(Placeholder::Disabled),
        state(Placeholder::Online),
    ];
    insta::assert_snapshot!(all(texts), @r"
    fail azure-devops-credential: GitHub refuses it: renew AzureDevOpsToken, or add the app's identity to the organization (docs/pipelines.md)
    unknown azure-devops-credential: GitHub is unavailable (503): try again
    fail agent-pool (mayfly-linux): GitHub refuses it: make the credential Administrator of the pool, at the level of the organization
    unknown agent-pool (mayfly-linux): GitHub is unavailable (503): try again
    fail agent-pool (mayfly-linux): the credential may not register agents in it: make the credential Administrator of the pool, at the level of the organization
    warn agent-updates (mayfly-linux): Azure DevOps updates its agents: an update at the start of an agent costs minutes, and a job may be lost by it: switch off the automatic update in the pool's settings
    fail placeholder (az): there is none: Azure DevOps rejects jobs of the profile when they are queued: ReconcileRunners registers it: see its log if it does not
    warn placeholder (az): it is disabled: ReconcileRunners registers it: see its log if it does not
    fail placeholder (az): it is online: something has registered under its name, and gets jobs: find the agent and rename it, then delete the placeholder
    ");
}

#[test]
fn parallel_jobs_and_service_hooks_are_judged() {
    let jobs = |read| changed(|facts| facts.parallel_jobs = read);
    let hooks = |read| changed(|facts| facts.hooks = Some(read));
    let hook = |status: &str| hooks(Ok(vec![subscription(status)]));
    let texts = [
        jobs(Ok((2, 2))),
        jobs(Ok((0, 0))),
        jobs(Err("403".to_owned())),
        hook("onProbation"),
        hook("disabledBySystem"),
        hook("disabledByUser"),
        hook("disabledByInactiveIdentity"),
        hook("new"),
        hooks(Ok(Vec::new())),
        hooks(Err("403".to_owned())),
        changed(|facts| facts.hooks = None),
    ];
    insta::assert_snapshot!(all(texts), @r#"
    warn parallel-jobs: all 2 parallel jobs are used: further jobs wait for one: add self-hosted parallel jobs in the organization's settings, under Parallel jobs
    fail parallel-jobs: the organization has no parallel job: add self-hosted parallel jobs in the organization's settings, under Parallel jobs
    unknown parallel-jobs: 403: see Parallel jobs in the settings
    warn service-hook (shop): subscription s is on probation: deliveries have failed, and all events are lost meanwhile: ReconcileRunners enables it again: see the history of the subscription for the cause
    warn service-hook (shop): subscription s is disabled by Azure DevOps, because deliveries have failed: ReconcileRunners enables it again: see the history of the subscription for the cause
    warn service-hook (shop): subscription s is disabled by a user: enable it in the project's service hooks
    warn service-hook (shop): subscription s is disabled, because its creator has left the organization: enable it in the project's service hooks
    warn service-hook (shop): subscription s is in status "new": enable it in the project's service hooks
    warn service-hook: no subscription that the credential can see delivers to this app: create one (docs/pipelines.md); jobs are found every two minutes nevertheless
    unknown service-hook: 403: jobs are found every two minutes nevertheless
    "#);
}

#[test]
fn the_batch_pool_of_agents_is_judged() {
    let mut container = default_profiles("ubuntu", "windows").remove(0);
    (container.name, container.pool) = ("az".to_owned(), "agents".to_owned());
    let texts = changed(|facts| facts.containers = vec![container]);
    insta::assert_snapshot!(texts, @"fail pool (agents): Batch has no pool agents, which setting RunnerProfiles names: create it, or correct the profile");
}
