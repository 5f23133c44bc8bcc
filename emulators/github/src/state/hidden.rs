//! Repositories that are deleted or not granted to the token, and items of lists that lack what the schema requires.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::State;
use crate::handlers::endpoint::Match;
use crate::model::hook::Owner;
use crate::model::job::JobStatus;
use crate::model::refusal::RefusalReason;
use crate::model::repository::Repository;
use crate::model::scope::Scope;

/// A rule by which requests about one repository are refused.
pub(crate) struct RepositoryRefusal {
    /// The full name.
    pub(crate) repository: String,
    /// The refused operation; `None` means all.
    pub(crate) operation: Option<String>,
    pub(crate) reason: RefusalReason,
}

impl State {
    /// Returns the reason for which a request about a repository is refused, if it is.
    pub(super) fn refusal_of_repository(&self, matched: &Match) -> Option<RefusalReason> {
        let Some(Scope::Repository(name)) = &matched.scope else { return None };
        let name = self.repository(name).map_or(name, |known| &known.full_name);
        let refused = self.repository_refusals.iter().find(|refusal| {
            let operation = refusal.operation.as_ref();
            refusal.repository.eq_ignore_ascii_case(name)
                && operation.is_none_or(|name| name == matched.endpoint.name)
        });
        refused.map(|refusal| refusal.reason)
    }

    /// Returns whether lists contain a repository: not if it is not granted to the token.
    pub(crate) fn is_listed(&self, repository: &Repository) -> bool {
        !self.repository_refusals.iter().any(|refusal| {
            refusal.operation.is_none()
                && refusal.reason == RefusalReason::NotFound
                && refusal.repository.eq_ignore_ascii_case(&repository.full_name)
        })
    }

    /// Deletes a repository with its jobs, runners and webhooks; returns false if there is none, or one of its jobs is in
    /// progress.
    pub(crate) fn delete_repository(&mut self, full_name: &str, now: DateTime<Utc>) -> bool {
        let Some(known) = self.repositories.get(&full_name.to_ascii_lowercase()) else {
            return false;
        };
        let name = known.full_name.clone();
        let jobs = self.jobs.values().filter(|job| job.repository == name);
        let (mut ids, mut running) = (Vec::new(), false);
        for job in jobs {
            ids.push(job.id);
            running |= job.status == JobStatus::InProgress;
        }
        if running {
            return false;
        }
        for job in ids {
            self.delete_job(job, now);
        }
        let scope = Scope::Repository(name.clone());
        let registered = self.registrations.iter();
        let runners: Vec<u64> = registered
            .filter(|(_, known)| known.runner.scope == scope)
            .map(|(id, _)| *id)
            .collect();
        for runner in runners {
            self.remove(runner, now);
        }
        let owner = Owner::Scope(scope);
        self.hooks.retain(|_, hook| hook.owner != owner);
        for names in self.groups.iter_mut().filter_map(|group| group.repositories.as_mut()) {
            names.remove(&name);
        }
        self.repositories.remove(&full_name.to_ascii_lowercase()).is_some()
    }

    /// Adds the odd items of an operation to the list in its response.
    pub(crate) fn add_odd_items(&self, operation: &str, body: Option<&mut Value>) {
        let odd = self.odd_items.iter().filter(|(name, _)| name == operation);
        let Some(body) = body else { return };
        for (_, item) in odd {
            if let Value::Array(items) = body {
                items.insert(0, item.clone());
                continue;
            }
            let Some(object) = body.as_object_mut() else { continue };
            if let Some(Value::Array(items)) = object.values_mut().find(|value| value.is_array()) {
                items.insert(0, item.clone());
            }
            if let Some(count) = object.get("total_count").and_then(Value::as_u64) {
                object.insert("total_count".to_owned(), json!(count + 1));
            }
        }
    }
}
