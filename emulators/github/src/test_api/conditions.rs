//! Conditions that an operator or a policy causes, from Rust and through the control port.

use std::collections::BTreeSet;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use emulator_core::service::Request;

use super::control_port::{ActionResult, acted, parse, parse_id};
use crate::github::GitHub;
use crate::model::group::Group;
use crate::model::refusal::{Refusal, RefusalReason};
use crate::model::repository::Visibility;
use crate::state::hidden::RepositoryRefusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    full_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalHere {
    operation: Option<String>,
    reason: RefusalReason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OddItem {
    operation: String,
    item: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    visibility: Visibility,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Workflows {
    workflows: Option<BTreeSet<String>>,
}

impl GitHub {
    /// Refuses the requests that match a rule, until [`Self::accept_again`].
    pub fn refuse(&self, refusal: Refusal) {
        self.step(|state, _| state.refuse(refusal));
    }

    /// Refuses the requests about one repository, or one operation of them, until [`Self::accept_again`].
    pub fn refuse_in_repository(
        &self,
        full_name: &str,
        operation: Option<&str>,
        reason: RefusalReason,
    ) {
        let (repository, operation) = (full_name.to_owned(), operation.map(str::to_owned));
        self.step(|state, _| {
            state.repository_refusals.push(RepositoryRefusal { repository, operation, reason });
        });
    }

    /// Removes all rules by which requests are refused.
    pub fn accept_again(&self) {
        self.step(|state, _| {
            state.refusals.clear();
            state.repository_refusals.clear();
        });
    }

    /// Adds an item to the lists of an operation, such as one that lacks what the schema requires.
    pub fn add_odd_item(&self, operation: &str, item: Value) {
        self.step(|state, _| state.odd_items.push((operation.to_owned(), item)));
    }

    /// Removes the items that were added to lists.
    pub fn remove_odd_items(&self) {
        self.step(|state, _| state.odd_items.clear());
    }

    /// Deletes a repository with its jobs, runners and webhooks; returns false if there is none, or one of its jobs is in
    /// progress.
    pub fn delete_repository(&self, full_name: &str) -> bool {
        self.step(|state, now| state.delete_repository(full_name, now))
    }

    /// Suspends the App installations on an account; returns whether there is one.
    pub fn suspend_installation(&self, account: &str) -> bool {
        self.step(|state, now| state.suspend(account, Some(now)))
    }

    /// Resumes the App installations on an account; returns whether there is one.
    pub fn resume_installation(&self, account: &str) -> bool {
        self.step(|state, _| state.suspend(account, None))
    }

    /// Renames a repository, or transfers it to another owner; returns whether it exists. Requests with the old name are
    /// redirected.
    pub fn rename_repository(&self, old: &str, new: &str) -> bool {
        self.step(|state, _| state.rename_repository(old, new))
    }

    /// Changes the visibility of a repository; returns whether it exists.
    pub fn change_visibility(&self, full_name: &str, visibility: Visibility) -> bool {
        self.step(|state, _| {
            let known = state.repositories.get_mut(&full_name.to_ascii_lowercase());
            known.map(|known| known.visibility = visibility).is_some()
        })
    }

    /// Deletes a run with its jobs; returns false if there is none, or one of its jobs is in progress.
    pub fn delete_run(&self, run: u64) -> bool {
        self.step(|state, now| state.delete_run(run, now))
    }

    /// Deletes a job; returns false if there is none, or it is in progress.
    pub fn delete_job(&self, job: u64) -> bool {
        self.step(|state, now| state.delete_job(job, now))
    }

    /// Adds a group of the enterprise that an organization inherits: it is listed there, before the organization's own
    /// groups, and no runner of the organization can be registered in it. Returns its id.
    pub fn add_inherited_group(&self, group: Group) -> u64 {
        self.step(|state, _| {
            let id = state.add_group(group);
            state.inherited_groups.insert(id);
            id
        })
    }

    /// Restricts a group to workflows, such as `octo/app/.github/workflows/ci.yml@refs/heads/main`; `None` ends the
    /// restriction.
    pub fn restrict_group(&self, id: u64, workflows: Option<&[&str]>) {
        let workflows = workflows.map(|all| all.iter().map(|&one| one.to_owned()).collect());
        self.step(|state, _| match workflows {
            Some(workflows) => state.group_workflows.insert(id, workflows),
            None => state.group_workflows.remove(&id),
        });
    }
}

/// Executes an action of the control port; `None` if it is not one of these.
pub(super) fn act(
    github: &GitHub,
    method: &str,
    segments: &[&str],
    request: &Request,
) -> Option<ActionResult> {
    let accepted = Ok((StatusCode::ACCEPTED, json!({})));
    let result = match (method, segments) {
        ("POST", ["refusals"]) => parse(request).map(|refusal: Refusal| {
            github.refuse(refusal);
            (StatusCode::CREATED, json!({}))
        }),
        ("DELETE", ["refusals"]) => {
            github.accept_again();
            accepted
        }
        ("POST", ["odd-items"]) => parse(request).map(|OddItem { operation, item }| {
            github.add_odd_item(&operation, item);
            (StatusCode::CREATED, json!({}))
        }),
        ("DELETE", ["odd-items"]) => {
            github.remove_odd_items();
            accepted
        }
        ("DELETE", ["installations", account]) => {
            github.remove_installation(account);
            accepted
        }
        ("POST", ["installations", account, "suspension"]) => {
            Ok(acted(github.suspend_installation(account), "the suspension"))
        }
        ("DELETE", ["installations", account, "suspension"]) => {
            Ok(acted(github.resume_installation(account), "the suspension"))
        }
        (_, ["repositories", ..]) => return act_on_repository(github, method, segments, request),
        ("DELETE", ["runs", run]) => Ok(acted(github.delete_run(parse_id(run)), "the deletion")),
        ("DELETE", ["jobs", job]) => Ok(acted(github.delete_job(parse_id(job)), "the deletion")),
        ("POST", ["inherited-groups"]) => parse(request).map(|group: Group| {
            (StatusCode::CREATED, json!({ "group": github.add_inherited_group(group) }))
        }),
        ("POST", ["groups", group, "workflows"]) => {
            parse(request).map(|Workflows { workflows }| {
                let workflows: Option<Vec<&str>> =
                    workflows.as_ref().map(|all| all.iter().map(String::as_str).collect());
                github.restrict_group(parse_id(group), workflows.as_deref());
                (StatusCode::ACCEPTED, json!({}))
            })
        }
        _ => return None,
    };
    Some(result)
}

/// Executes an action on a repository.
fn act_on_repository(
    github: &GitHub,
    method: &str,
    segments: &[&str],
    request: &Request,
) -> Option<ActionResult> {
    let result = match (method, segments) {
        ("POST", ["repositories", owner, name, "refusals"]) => {
            parse(request).map(|RefusalHere { operation, reason }| {
                let full_name = format!("{owner}/{name}");
                github.refuse_in_repository(&full_name, operation.as_deref(), reason);
                (StatusCode::CREATED, json!({}))
            })
        }
        ("DELETE", ["repositories", owner, name]) => {
            Ok(acted(github.delete_repository(&format!("{owner}/{name}")), "the deletion"))
        }
        ("POST", ["repositories", owner, name, "rename"]) => parse(request).map(|new: Rename| {
            let old = format!("{owner}/{name}");
            acted(github.rename_repository(&old, &new.full_name), "the rename")
        }),
        ("POST", ["repositories", owner, name, "visibility"]) => {
            parse(request).map(|new: Shown| {
                let changed = github.change_visibility(&format!("{owner}/{name}"), new.visibility);
                acted(changed, "the change")
            })
        }
        _ => return None,
    };
    Some(result)
}
