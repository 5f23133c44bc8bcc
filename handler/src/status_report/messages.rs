//! Reports poison messages and failed deliveries.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{LostDelivery, PoisonStatus};
use crate::message::Message;
use crate::reconcile::snapshot::Snapshot;
use crate::reconcile::{self, Disposition, ReconcileState, Rules, disposition};

/// Lists the poison messages.
pub(super) fn poison(snapshot: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Vec<PoisonStatus> {
    let poison = snapshot.poison.iter().map(|message| PoisonStatus {
        handle: message.handle.clone(),
        poisoned_at: message.poisoned_at,
        job: message.message.as_ref().map(Message::job),
        repository: message.request().map(|request| request.repository.clone()),
        disposition: description(disposition(message, rules, now)),
    });
    poison.collect()
}

fn description(disposition: Disposition) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    match disposition {
        Disposition::Replay(at) => format!("will be replayed at {}", time(at)),
        Disposition::Unreadable(at) => {
            format!(
                "cannot be read by this version of the handler; will be deleted at {}",
                time(at)
            )
        }
        Disposition::NoProfile(at) => {
            format!(
                "names a profile that is not in setting RunnerProfiles; will be deleted at {}",
                time(at)
            )
        }
        Disposition::Delete(why) => format!("will be deleted: {why}"),
    }
}

/// Lists the failed deliveries.
pub(super) fn lost(
    snapshot: &Snapshot,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> Vec<LostDelivery> {
    let lost =
        reconcile::lost_events(snapshot, previous, now).into_iter().map(|lost| LostDelivery {
            webhook: lost.last.hook.clone(),
            guid: lost.last.guid.clone(),
            at: lost.last.at,
            redeliveries: lost.redeliveries,
            abandoned: lost.abandoned,
        });
    lost.collect()
}
