//! Lists what GitHub failed to deliver to our webhooks, and what it delivered since.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::look::{Look, Unseen};
use crate::github::Wanted;
use crate::message::LONGEST_WAIT;
use crate::reconcile::Memory;
use crate::reconcile::seen::SeenDelivery;
use crate::repository::Repository;

/// The most pages of 100 for one webhook: with more failures than these, jobs are found without deliveries.
const MOST_PAGES: usize = 10;
/// The most repositories whose own webhooks are looked for; a larger deployment has an organization's.
const MOST_REPOSITORIES: usize = 50;

/// Lists our webhooks and their deliveries; `None` where a list was not reached.
pub(super) async fn read(
    look: &Look<'_>,
    repositories: &BTreeSet<Repository>,
    before: &Memory,
) -> Option<(Vec<String>, Vec<SeenDelivery>)> {
    let now = look.app.clock.now();
    let hooks = match look.app.recollection.hooks(now) {
        Some(hooks) => hooks,
        None => find_hooks(look, repositories, now).await?,
    };
    let mut seen = Vec::new();
    for hook in &hooks {
        let failed = list(look, hook, true, now - LONGEST_WAIT).await.ok()?;
        let lost = failed.iter().filter(|one| is_lost(one, before)).map(|one| one.at).min();
        if let Some(first) = lost {
            seen.extend(list(look, hook, false, first).await.ok()?);
        }
        seen.extend(failed);
    }
    Some((hooks, seen))
}

async fn list(
    look: &Look<'_>,
    hook: &str,
    failed: bool,
    since: DateTime<Utc>,
) -> Result<Vec<SeenDelivery>, Unseen> {
    let wanted = Wanted { failed, since, most_pages: MOST_PAGES };
    let listed = look.ask(look.github.deliveries(hook, wanted)).await;
    let listed = match listed {
        Err(Unseen::Refused) => Ok(Vec::new()),
        listed => listed,
    };
    listed.inspect(|deliveries| look.booked(deliveries.len()))
}

/// What has come since is known for good, and need not be looked for again.
fn is_lost(delivery: &SeenDelivery, before: &Memory) -> bool {
    let queued = delivery.event.1.as_deref() == Some("queued");
    queued && !before.brought.contains(&delivery.guid)
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
    let mut hooks = match look.ask(look.github.apps_hook(host)).await {
        Ok(hook) => Vec::from_iter(hook),
        Err(Unseen::Refused) => Vec::new(),
        Err(Unseen::NotReached) => return None,
    };
    for place in places {
        match look.ask(look.github.own_hooks(&place, host)).await {
            Ok(found) => hooks.extend(found),
            // The owner is a person, or the credential may not see webhooks.
            Err(Unseen::Refused) => {}
            Err(Unseen::NotReached) => return None,
        }
    }
    // Before there is a task nobody knows where to look; so that is not a finding to hold on to.
    if !hooks.is_empty() {
        look.app.recollection.keep_hooks(&hooks, now);
    }
    Some(hooks)
}
