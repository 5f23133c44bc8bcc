//! Conditions that an operator or a policy causes: refusals, suspensions, renames, transfers and deletions.

use chrono::{DateTime, Utc};

use super::State;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::handlers::endpoint::Match;
use crate::model::hook::Owner;
use crate::model::job::JobStatus;
use crate::model::refusal::{Refusal, RefusalReason};
use crate::model::scope::Scope;

impl State {
    /// Returns the error by which a request of this caller is refused, if it is.
    pub(crate) fn refusal(&self, matched: &Match, caller: &Caller) -> Option<ApiError> {
        let account = self.account_of(matched, caller);
        let of_repository = self.refusal_of_repository(matched);
        if let Some(reason) = of_repository {
            return Some(error(reason, account.as_deref(), caller));
        }
        let refused = self.refusals.iter().find(|refusal| {
            let same = |wanted: &String| {
                account.as_ref().is_some_and(|account| account.eq_ignore_ascii_case(wanted))
            };
            refusal.account.as_ref().is_none_or(same)
                && refusal.operation.as_ref().is_none_or(|name| name == matched.endpoint.name)
        });
        refused.map(|refusal| error(refusal.reason, account.as_deref(), caller))
    }

    /// Returns the account that a request is about.
    fn account_of(&self, matched: &Match, caller: &Caller) -> Option<String> {
        match matched.scope.as_ref().map(|scope| self.find_scope(scope).unwrap_or(scope.clone())) {
            Some(Scope::Repository(name)) => name.split('/').next().map(str::to_owned),
            Some(Scope::Organization(name)) => Some(name),
            Some(Scope::Enterprise(_)) => None,
            None => match caller {
                Caller::Installation(token) => Some(token.account.clone()),
                _ => {
                    let installation = matched.params.id("installation_id");
                    self.installations.get(&installation).map(|known| known.account.clone())
                }
            },
        }
    }

    /// Returns the ids of the owners whose repositories a list for the user lacks, since single sign-on refuses them.
    pub(crate) fn owners_without_sso(&self) -> Vec<u64> {
        let refused = self.refusals.iter().filter(|refusal| {
            refusal.reason == RefusalReason::SingleSignOn && refusal.operation.is_none()
        });
        let accounts: Vec<&str> =
            refused.filter_map(|refusal| refusal.account.as_deref()).collect();
        let hidden = |owner: &str| accounts.iter().any(|one| one.eq_ignore_ascii_case(owner));
        let repositories = self.repositories.values().filter(|known| hidden(known.owner()));
        let mut ids: Vec<u64> = repositories.map(|known| known.owner_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Suspends the installations on an account, or resumes them; returns whether there is one.
    pub(crate) fn suspend(&mut self, account: &str, since: Option<DateTime<Utc>>) -> bool {
        let own = |account_of: &str| account_of.eq_ignore_ascii_case(account);
        let mut found = false;
        for known in self.installations.values_mut().filter(|known| own(&known.account)) {
            (known.suspended_at, found) = (since, true);
        }
        found
    }

    /// Returns whether an account has suspended its installations.
    pub(crate) fn is_suspended(&self, account: &str) -> bool {
        let mut own = self.installations.values().filter(|known| known.account == account);
        own.any(|known| known.suspended_at.is_some())
    }

    /// Renames a repository, or transfers it to another owner; returns whether it exists. Its old names redirect until
    /// another repository takes them.
    pub(crate) fn rename_repository(&mut self, old: &str, new: &str) -> bool {
        let Some(mut repository) = self.repositories.remove(&old.to_ascii_lowercase()) else {
            return false;
        };
        if repository.organization {
            // It stays, whether it has other repositories or not.
            self.organizations.insert(repository.owner().to_owned());
        }
        let old = std::mem::replace(&mut repository.full_name, new.to_owned());
        let owner = repository.owner().to_owned();
        repository.owner_id = self.owner_id(&owner);
        repository.organization = !self.is_person(&owner);
        self.moved.insert(old.to_ascii_lowercase(), repository.id);
        self.moved.remove(&new.to_ascii_lowercase());
        self.repositories.insert(new.to_ascii_lowercase(), repository);
        self.rename_references(&old, new);
        true
    }

    fn rename_references(&mut self, old: &str, new: &str) {
        let scope = Scope::Repository(old.to_owned());
        let renamed = Scope::Repository(new.to_owned());
        for job in self.jobs.values_mut().filter(|job| job.repository == old) {
            new.clone_into(&mut job.repository);
        }
        let runners = self.registrations.values_mut().map(|known| &mut known.runner.scope);
        let tokens = self.registration_tokens.values_mut().map(|token| &mut token.scope);
        let hooks = self.hooks.values_mut().filter_map(|hook| match &mut hook.owner {
            Owner::Scope(scope) => Some(scope),
            Owner::App(_) => None,
        });
        for known in runners.chain(tokens).chain(hooks).filter(|known| **known == scope) {
            known.clone_from(&renamed);
        }
        for names in self.groups.iter_mut().filter_map(|group| group.repositories.as_mut()) {
            if names.remove(old) {
                names.insert(new.to_owned());
            }
        }
    }

    /// Returns the id of the repository that had a name before it was renamed or transferred.
    pub(crate) fn moved_to(&self, scope: Option<&Scope>) -> Option<u64> {
        let Some(Scope::Repository(name)) = scope else { return None };
        let name = name.to_ascii_lowercase();
        let taken = self.repositories.contains_key(&name);
        self.moved.get(&name).copied().filter(|_| !taken)
    }

    /// Deletes a run with its jobs, none of which may be in progress; returns whether that was possible.
    pub(crate) fn delete_run(&mut self, run: u64, now: DateTime<Utc>) -> bool {
        let jobs = self.jobs_by_run.get(&run).cloned().unwrap_or_default();
        let running = |job: &u64| self.jobs[job].status == JobStatus::InProgress;
        if jobs.is_empty() || jobs.iter().any(running) {
            return false;
        }
        jobs.into_iter().all(|job| self.delete_job(job, now))
    }

    /// Deletes a job that is not in progress; returns whether that was possible.
    pub(crate) fn delete_job(&mut self, id: u64, now: DateTime<Utc>) -> bool {
        let deletable = |status| status != JobStatus::InProgress;
        let Some(run) = self.jobs.get(&id).filter(|job| deletable(job.status)).map(|job| job.run)
        else {
            return false;
        };
        self.withdraw(id, now);
        self.jobs.remove(&id);
        if let Some(jobs) = self.jobs_by_run.get_mut(&run) {
            jobs.retain(|job| *job != id);
            if jobs.is_empty() {
                self.jobs_by_run.remove(&run);
            }
        }
        true
    }

    /// Adds a rule by which requests are refused.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }
}

fn error(reason: RefusalReason, account: Option<&str>, caller: &Caller) -> ApiError {
    let account = account.unwrap_or("octo");
    match reason {
        RefusalReason::BadCredentials => ApiError::bad_credentials(),
        RefusalReason::SingleSignOn => ApiError::single_sign_on(account),
        RefusalReason::IpAllowList => ApiError::ip_allow_list(account),
        RefusalReason::NotFound => ApiError::not_found(),
        RefusalReason::Permission => ApiError::not_accessible(match caller {
            Caller::Installation(_) | Caller::App(_) => "integration",
            Caller::Anonymous | Caller::User => "personal access token",
        }),
    }
}
