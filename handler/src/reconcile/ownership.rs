//! Decides whose a registered runner is. Its name proves nothing: a person or another deployment can use it as well.

use std::collections::BTreeMap;

use super::Rules;
use super::snapshot::{LedgerTask, Level, RegisteredRunner, Snapshot, StoredClaim};
use crate::task::TaskId;

/// Whose a registered runner is that has a name of this deployment's form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ownership {
    /// This deployment registered it.
    Ours,
    /// What proves it could not be read. It counts as a runner of this deployment, and is not removed.
    Unproven,
    /// Another program or a person registered it. It is left alone.
    Anothers,
}

/// The facts that prove whose a runner is.
pub(super) struct Evidence<'a> {
    snapshot: &'a Snapshot,
    rules: &'a Rules,
    tasks: BTreeMap<&'a TaskId, &'a LedgerTask>,
    claims: BTreeMap<&'a str, Vec<&'a StoredClaim>>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, rules: &'a Rules) -> Self {
        let mut claims: BTreeMap<&str, Vec<&StoredClaim>> = BTreeMap::new();
        for claim in snapshot.claims.iter().flatten() {
            claims.entry(&claim.task).or_default().push(claim);
        }
        let tasks = snapshot.tasks.iter().map(|task| (&task.id, task)).collect();
        Self { snapshot, rules, tasks, claims }
    }

    /// Returns whose a runner is.
    pub(super) fn owner(&self, runner: &RegisteredRunner) -> Ownership {
        let task = self.tasks.get(&runner.name).copied();
        let scope = &self.rules.scope;
        let level = Level::of(scope, &runner.repository);
        if task.is_some_and(|task| Level::of(scope, &task.repository) != level) {
            return Ownership::Anothers;
        }
        if self.rules.registers_by_token {
            return task
                .map_or(Ownership::Anothers, |task| self.owner_by_task(runner, task, &level));
        }
        if self.snapshot.claims.is_none() {
            return Ownership::Unproven;
        }
        let proves = |claim: &&StoredClaim| match claim.runner {
            Some(id) => id == runner.id,
            // The handler was killed between the registration and the record of it: its configuration was not sent.
            None => runner.ephemeral && runner.version.is_none(),
        };
        let ours = self.claims_of(&runner.name).iter().any(proves);
        if ours { Ownership::Ours } else { Ownership::Anothers }
    }

    /// A runner that registered by a token has no claim: it is what its task would register.
    fn owner_by_task(
        &self,
        runner: &RegisteredRunner,
        task: &LedgerTask,
        level: &Level,
    ) -> Ownership {
        let Some(profile) = task.runner(&self.rules.policy.profiles) else {
            return Ownership::Unproven;
        };
        let has = |label: &String| runner.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        if !runner.ephemeral || !profile.labels.iter().all(has) {
            return Ownership::Anothers;
        }
        match (runner.group, self.snapshot.runners.groups.get(level)) {
            (Some(group), Some(ours)) if !ours.contains(&group) => Ownership::Anothers,
            _ => Ownership::Ours,
        }
    }

    /// Returns whether a job that ran on a runner of this name ran on another runner than that of the present run of
    /// the task: the ids say so.
    pub(super) fn is_of_another_runner(&self, task: &TaskId, runner_id: Option<u64>) -> bool {
        let minted = self.claims_of(task).last().and_then(|claim| claim.runner);
        matches!((runner_id, minted), (Some(job), Some(ours)) if job != ours)
    }

    /// Returns whether this deployment has a task or a claim of this name.
    pub(super) fn knows(&self, name: &TaskId) -> bool {
        self.tasks.contains_key(name) || !self.claims_of(name).is_empty()
    }

    /// Returns the claims of a task, the latest run last: the names of their blobs end with the start of the run.
    pub(super) fn claims_of(&self, task: &TaskId) -> Vec<&'a StoredClaim> {
        let mut claims = self.claims.get(task.to_string().as_str()).cloned().unwrap_or_default();
        claims.sort_by(|one, other| one.blob.cmp(&other.blob));
        claims
    }
}
