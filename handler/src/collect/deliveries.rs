//! Lists the deliveries to the webhooks of this deployment: the failed ones, and the successful ones since.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::collector::{Collector, Partial, Unread};
use crate::message::MAX_WAIT;
use crate::polling::DemandSource;
use crate::reconcile::ReconcileState;
use crate::reconcile::snapshot::DeliveryAttempt;
use crate::repository::Repository;

/// The number of pages of 100 deliveries that are read for one webhook. If more deliveries failed, their jobs are found
/// without deliveries.
const MAX_PAGES: usize = 10;
/// The number of repositories whose own webhooks are looked up. A larger deployment has a webhook of the organization.
const MAX_REPOSITORIES: usize = 50;

/// The webhooks of this deployment, and their deliveries.
#[derive(Default)]
pub(super) struct Deliveries {
    pub(super) hooks: Vec<String>,
    pub(super) attempts: Vec<DeliveryAttempt>,
    /// Whether these are all deliveries of the last day to these webhooks.
    pub(super) all: bool,
}

/// The deliveries of one webhook.
struct DeliveryList {
    attempts: Vec<DeliveryAttempt>,
    /// The wanted deliveries from this time on were read.
    known_since: DateTime<Utc>,
    /// Whether that is the requested time.
    complete: bool,
}

/// Which deliveries are listed.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Failed,
    Succeeded,
}

/// Lists the webhooks and their deliveries of the last day.
pub(super) async fn read(
    collector: &Collector<'_>,
    repositories: &BTreeSet<Repository>,
    previous: &ReconcileState,
) -> Partial<Deliveries> {
    if collector.rules.demand == DemandSource::Polling {
        return Partial::complete(Deliveries { all: true, ..Deliveries::default() });
    }
    let now = collector.app.clock.now();
    let found = match collector.app.webhooks.recent(now) {
        Some(hooks) => Some(Partial::complete(hooks)),
        None => find_hooks(collector, repositories, now).await,
    };
    let Some(Partial { value: hooks, complete }) = found else {
        return Partial { value: Deliveries::default(), complete: false };
    };
    let (mut attempts, mut all) = (Vec::new(), true);
    for hook in &hooks {
        let listed = list_relevant(collector, hook, previous, now - MAX_WAIT).await;
        attempts.extend(listed.attempts);
        all &= listed.complete;
    }
    Partial { value: Deliveries { hooks, attempts, all }, complete: complete && all }
}

/// Lists the failed deliveries of a webhook, and the successful ones since the first event that is still lost. Nothing
/// before an unread page is returned: an event that failed before may have been delivered on that page.
async fn list_relevant(
    collector: &Collector<'_>,
    hook: &str,
    previous: &ReconcileState,
    since: DateTime<Utc>,
) -> DeliveryList {
    let mut listed = list(collector, hook, Wanted::Failed, since).await;
    let lost = listed.attempts.iter().filter(|attempt| may_be_lost(attempt, previous));
    if let Some(first) = lost.map(|attempt| attempt.at).min() {
        let later = list(collector, hook, Wanted::Succeeded, first).await;
        listed.attempts.extend(later.attempts);
        if !later.complete {
            listed.complete = false;
            listed.known_since = listed.known_since.max(later.known_since);
        }
    }
    listed.attempts.retain(|attempt| attempt.at >= listed.known_since);
    listed
}

/// Lists the deliveries of a webhook since a time.
async fn list(
    collector: &Collector<'_>,
    hook: &str,
    wanted: Wanted,
    since: DateTime<Utc>,
) -> DeliveryList {
    let failed = wanted == Wanted::Failed;
    let mut attempts: Vec<DeliveryAttempt> = Vec::new();
    let (mut next, mut complete) = (None, true);
    for _ in 0..MAX_PAGES {
        let request = collector.github.deliveries(hook, failed, next.as_ref());
        let page = match collector.send_optional(request).await {
            Ok(page) => page,
            Err(Unread::Denied) => break,
            Err(Unread::Refused | Unread::NotReached) => {
                let last = attempts.last().map(|last| last.at);
                let known_since = last.unwrap_or_else(|| collector.app.clock.now());
                return DeliveryList { attempts, known_since, complete: false };
            }
        };
        let older = page.deliveries.iter().any(|attempt| attempt.at < since);
        attempts.extend(page.deliveries.into_iter().filter(|attempt| attempt.at >= since));
        next = page.next;
        complete &= page.unreadable == 0;
        if older || next.is_none() {
            break;
        }
    }
    DeliveryList { attempts, known_since: since, complete }
}

/// Returns whether an event may not have been delivered yet. An event that was delivered stays delivered, and is not
/// looked up again.
fn may_be_lost(attempt: &DeliveryAttempt, previous: &ReconcileState) -> bool {
    let queued = attempt.action.as_deref() == Some("queued");
    queued && !previous.delivered.contains(&attempt.guid)
}

/// Finds the webhooks that deliver to this function; `None` if there was no time or no request left. An account that
/// refuses the credential hides its own webhooks only.
async fn find_hooks(
    collector: &Collector<'_>,
    repositories: &BTreeSet<Repository>,
    now: DateTime<Utc>,
) -> Option<Partial<Vec<String>>> {
    let allowed = &collector.rules.policy.allowed;
    let mut known = allowed.named();
    known.extend(repositories.iter().cloned());
    let mut owners = allowed.owners();
    owners.extend(known.iter().map(|repository| repository.owner().to_owned()));
    let organizations = owners.iter().map(|owner| format!("orgs/{owner}"));
    let repositories = known.iter().take(MAX_REPOSITORIES);
    let paths = organizations.chain(repositories.map(|repository| format!("repos/{repository}")));
    let host = collector.app.reconciliation.own_host.as_deref();
    let mut hooks = Partial::complete(Vec::new());
    let of_app = collector.send_optional(collector.github.app_webhook(host)).await;
    let of_app = found(of_app.map(Vec::from_iter), &mut hooks)?;
    hooks.value.extend(of_app);
    for path in paths {
        let listed = collector.send_optional(collector.github.webhooks(&path, host)).await;
        let listed = found(listed, &mut hooks)?;
        hooks.value.extend(listed);
    }
    // Before the first task there is no repository to look up, so an empty result is not kept.
    if hooks.complete && !hooks.value.is_empty() {
        collector.app.webhooks.keep(&hooks.value, now);
    }
    Some(hooks)
}

/// Returns the webhooks of one list; `None` if it was not reached. A person has no webhooks, and the credential need not
/// be permitted to read those of an organization.
fn found(
    listed: Result<Vec<String>, Unread>,
    all: &mut Partial<Vec<String>>,
) -> Option<Vec<String>> {
    match listed {
        Err(Unread::NotReached) => None,
        listed => Some(all.note(listed).unwrap_or_default()),
    }
}
