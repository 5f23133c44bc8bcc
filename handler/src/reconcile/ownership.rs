//! Decides whose a registered runner is. Its name proves nothing: a person or another deployment can use it as well.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use super::snapshot::{LedgerTask, Level, RegisteredRunner, Snapshot, Stage, StoredClaim};
use crate::ordered::InsertEach;
use crate::scope::Scope;
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
    /// The claims of each task, the latest run last: the names of their blobs end with the start of the run.
    claims: BTreeMap<TaskId, Vec<&'a StoredClaim>>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, rules: &'a Rules) -> Self {
        let mut claims: BTreeMap<TaskId, Vec<&StoredClaim>> = BTreeMap::new();
        for claim in snapshot.claims.iter().flatten() {
            if let Some(task) = rules.deployment.parse_task(&claim.task) {
                claims.entry(task).or_default().push(claim);
            }
        }
        for claims in claims.values_mut() {
            claims.sort_by(|one, other| one.blob.cmp(&other.blob));
        }
        let tasks = snapshot.tasks.iter().map(|task| (&task.id, task)).insert_each();
        Self { snapshot, rules, tasks, claims }
    }

    /// Returns whose a runner is.
    pub(super) fn owner(&self, runner: &RegisteredRunner) -> Ownership {
        let task = self.tasks.get(&runner.name).copied();
        let level = Level::of(&self.rules.scope, &runner.repository);
        if self.rules.registers_by_token {
            let own = task.filter(|task| self.levels(task).contains(&level));
            return own
                .map_or(Ownership::Anothers, |task| self.owner_by_task(runner, task, &level));
        }
        let is_elsewhere = |recorded: Option<&Level>| match task {
            Some(task) => !self.levels_of(task, recorded).contains(&level),
            None => recorded.is_some_and(|recorded| *recorded != level),
        };
        if self.snapshot.claims.is_none() {
            return if is_elsewhere(None) { Ownership::Anothers } else { Ownership::Unproven };
        }
        let proves = |claim: &&StoredClaim| match claim.runner {
            Some(id) => id == runner.id && !is_elsewhere(claim.level.as_ref()),
            // The handler was killed between the registration and the record of it: its configuration was not sent.
            None => runner.ephemeral && runner.version.is_none() && !is_elsewhere(None),
        };
        let ours = self.claims_of(&runner.name).iter().any(proves);
        if ours { Ownership::Ours } else { Ownership::Anothers }
    }

    /// Returns the levels at which runners of a task are or were registered, as far as it is known.
    pub(super) fn levels(&self, task: &LedgerTask) -> BTreeSet<Level> {
        if self.rules.registers_by_token {
            // The token was obtained for the repository that the task names.
            let level = Level::of(&self.rules.scope, &task.repository);
            return self.levels_of(task, Some(&level));
        }
        let claims = self.claims_of(&task.id);
        let recorded = claims.iter().map(|claim| claim.level.as_ref());
        let unclaimed = claims.is_empty().then_some(None);
        recorded.chain(unclaimed).flat_map(|level| self.levels_of(task, level)).insert_each()
    }

    /// Returns the levels at which a runner of a task may be listed that was registered at the recorded one.
    ///
    /// A claim registers at the level of the present name of the job's repository. A transfer moves the runners of the
    /// repository, which is listed under each of its names, but not those of its former organization.
    fn levels_of(&self, task: &LedgerTask, recorded: Option<&Level>) -> BTreeSet<Level> {
        let scope = &self.rules.scope;
        if let Some(recorded) = recorded.filter(|_| *scope != Scope::Repository) {
            return [recorded.clone()].into();
        }
        let present = self.snapshot.jobs.get(&task.id.job).map(|job| &job.repository);
        let names = present.into_iter().chain([&task.repository]);
        names.map(|name| Level::of(scope, name)).chain(recorded.cloned()).insert_each()
    }

    /// Returns whether the runner of the present run of a task cannot be given the job that the task was made for: it
    /// is registered at another level than that of the job's repository, which was transferred.
    pub(super) fn is_out_of_reach(&self, task: &LedgerTask) -> bool {
        let (Stage::Started { at: Some(at) }, Some(job)) =
            (&task.stage, self.snapshot.jobs.get(&task.id.job))
        else {
            return false;
        };
        let claims = self.claims_of(&task.id);
        let recorded = claims.iter().find(|claim| claim.is_of_run(*at)).map(|claim| &claim.level);
        let Some(Some(recorded)) = recorded.filter(|_| !self.rules.registers_by_token) else {
            return false;
        };
        let level = Level::of(&self.rules.scope, &job.repository);
        !self.levels_of(task, Some(recorded)).contains(&level)
    }

    /// Returns the registered runners of this deployment, including those of which nothing proves the contrary. Of
    /// several runners of one task, which are registered at different levels, that of the latest claim.
    pub(super) fn runners(&self) -> BTreeMap<&'a TaskId, &'a RegisteredRunner> {
        let mut runners: BTreeMap<&TaskId, &RegisteredRunner> = BTreeMap::new();
        let named = self.snapshot.runners.named.iter();
        for runner in named.filter(|runner| self.owner(runner) != Ownership::Anothers) {
            let claims = self.claims_of(&runner.name);
            let latest = claims.last().and_then(|claim| claim.runner);
            let known = runners.entry(&runner.name).or_insert(runner);
            if latest == Some(runner.id) {
                *known = runner;
            }
        }
        runners
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

    /// Returns the claims of a task, the latest run last.
    pub(super) fn claims_of(&self, task: &TaskId) -> &[&'a StoredClaim] {
        self.claims.get(task).map(Vec::as_slice).unwrap_or_default()
    }
}
