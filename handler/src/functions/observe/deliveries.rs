//! Lists what GitHub failed to deliver to our webhooks, and what it delivered since.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::look::{Look, Unseen};
use crate::message::MAX_WAIT;
use crate::reconcile::ReconcileState;
use crate::reconcile::snapshot::SeenDelivery;
use crate::repository::Repository;

/// The most pages of 100 for one webhook: with more failures than these, jobs are found without deliveries.
const MOST_PAGES: usize = 10;
/// The most repositories whose own webhooks are looked for; a larger deployment has an organization's.
const MOST_REPOSITORIES: usize = 50;

/// Our webhooks, and what was delivered to them.
#[derive(Default)]
pub(super) struct Deliveries {
    pub(super) hooks: Vec<String>,
    pub(super) list: Vec<SeenDelivery>,
    /// Whether every list was reached to its end.
    pub(super) complete: bool,
}

/// Lists our webhooks and their deliveries.
pub(super) async fn read(
    look: &Look<'_>,
    repositories: &BTreeSet<Repository>,
    previous: &ReconcileState,
) -> Deliveries {
    let now = look.app.clock.now();
    let known = look.app.jobs.hooks(now);
    let found = match known {
        Some(hooks) => Some(hooks),
        None => find_hooks(look, repositories, now).await,
    };
    let Some(hooks) = found else { return Deliveries::default() };
    let day = now - MAX_WAIT;
    let (mut list, mut complete) = (Vec::new(), true);
    for hook in &hooks {
        let (known, since) = of_hook(look, hook, previous, day).await;
        list.extend(known);
        complete &= since == day;
    }
    Deliveries { hooks, list, complete }
}

/// Lists what failed, and what came since the first event that is lost so far; and tells since when that is
/// known. Of what was before a page that was not reached, nothing is known: what failed may have come again.
async fn of_hook(
    look: &Look<'_>,
    hook: &str,
    previous: &ReconcileState,
    day: DateTime<Utc>,
) -> (Vec<SeenDelivery>, DateTime<Utc>) {
    let (mut known, mut since) = list(look, hook, true, day).await;
    let lost = known.iter().filter(|one| is_lost(one, previous)).map(|one| one.at).min();
    if let Some(first) = lost {
        let (came, reached) = list(look, hook, false, first).await;
        known.extend(came);
        if reached > first {
            since = since.max(reached);
        }
    }
    known.retain(|delivery| delivery.at >= since);
    (known, since)
}

/// Lists deliveries since a moment, and tells since when they are known: later than that where a page was not
/// reached.
async fn list(
    look: &Look<'_>,
    hook: &str,
    failed: bool,
    since: DateTime<Utc>,
) -> (Vec<SeenDelivery>, DateTime<Utc>) {
    let mut known: Vec<SeenDelivery> = Vec::new();
    let mut next = None;
    for _ in 0..MOST_PAGES {
        let page = match look.ask(look.github.deliveries(hook, failed, next.as_ref())).await {
            Ok(page) => page,
            Err(Unseen::Refused) => break,
            Err(Unseen::NotReached) => {
                let reached = known.last().map_or_else(|| look.app.clock.now(), |last| last.at);
                return (known, reached);
            }
        };
        let older = page.deliveries.iter().any(|delivery| delivery.at < since);
        known.extend(page.deliveries.into_iter().filter(|delivery| delivery.at >= since));
        next = page.next;
        if older || next.is_none() {
            break;
        }
    }
    (known, since)
}

/// What has come since is known for good, and need not be looked for again.
fn is_lost(delivery: &SeenDelivery, previous: &ReconcileState) -> bool {
    let queued = delivery.event.1.as_deref() == Some("queued");
    queued && !previous.brought.contains(&delivery.guid)
}

async fn find_hooks(
    look: &Look<'_>,
    repositories: &BTreeSet<Repository>,
    now: DateTime<Utc>,
) -> Option<Vec<String>> {
    let mut known = look.rules.policy.allowed.named();
    known.extend(repositories.iter().cloned());
    let mut owners = look.rules.policy.allowed.owners();
    owners.extend(known.iter().map(|repository| repository.owner().to_owned()));
    let places = owners.iter().map(|owner| format!("orgs/{owner}"));
    let places = places.chain(
        known.iter().take(MOST_REPOSITORIES).map(|repository| format!("repos/{repository}")),
    );
    let host = look.app.reconciliation.own_host.as_deref();
    let mut hooks = match look.ask(look.github.app_webhook(host)).await {
        Ok(hook) => Vec::from_iter(hook),
        Err(Unseen::Refused) => Vec::new(),
        Err(Unseen::NotReached) => return None,
    };
    for place in places {
        match look.ask(look.github.webhooks(&place, host)).await {
            Ok(found) => hooks.extend(found),
            // The owner is a person, or the credential may not see webhooks.
            Err(Unseen::Refused) => {}
            Err(Unseen::NotReached) => return None,
        }
    }
    // Before there is a task nobody knows where to look; so that is not a finding to hold on to.
    if !hooks.is_empty() {
        look.app.jobs.keep_hooks(&hooks, now);
    }
    Some(hooks)
}
