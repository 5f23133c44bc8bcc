//! Tells of what fell off the road: messages and deliveries.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{LostDelivery, PoisonStatus};
use crate::message::Message;
use crate::reconcile::snapshot::Snapshot;
use crate::reconcile::{self, Disposition, ReconcileState, Rules, disposition};

/// Lists the poison messages.
pub(super) fn poison(seen: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Vec<PoisonStatus> {
    let told = seen.poison.iter().map(|message| PoisonStatus {
        handle: message.handle.clone(),
        since: message.poisoned_at,
        job: message.message.as_ref().map(Message::job),
        repository: message.request().map(|request| request.repository.clone()),
        fate: words(disposition(message, rules, now)),
    });
    told.collect()
}

fn words(fate: Disposition) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    match fate {
        Disposition::Replay(at) => format!("goes back on the road at {}", time(at)),
        Disposition::Unreadable(at) => {
            format!("cannot be read by this version of the handler, is deleted at {}", time(at))
        }
        Disposition::NoProfile(at) => {
            format!(
                "names a profile that is not in setting RunnerProfiles, is deleted at {}",
                time(at)
            )
        }
        Disposition::Delete(why) => format!("is deleted: {why}"),
    }
}

/// Lists the deliveries that did not arrive.
pub(super) fn lost(
    seen: &Snapshot,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> Vec<LostDelivery> {
    let told = reconcile::lost_events(seen, previous, now).into_iter().map(|lost| LostDelivery {
        hook: lost.last.hook.clone(),
        guid: lost.last.guid.clone(),
        at: lost.last.at,
        attempts: lost.redeliveries,
        given_up: lost.abandoned,
    });
    told.collect()
}
