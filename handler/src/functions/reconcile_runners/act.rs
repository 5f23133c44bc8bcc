//! Repairs what was found wrong: each thing once, and on with the rest where one fails.
//!
//! The order bears that the run ends anywhere: first what jobs wait for, then what stands idle, then what only
//! lies about.

mod repairs;
mod told;

use std::time::Duration;

use tracing::{info, warn};

use crate::app::App;
use crate::deadline::Deadline;
use crate::reconcile::Repair;

/// The time that a repair needs where nothing hangs; none starts with less. The transport ends one that takes longer.
const MIN_TIME: Duration = Duration::from_secs(5);

/// Carries out repairs, and tells what was done in a line.
pub(super) async fn act(
    app: &App,
    mut repairs: Vec<Repair>,
    claims: &[(String, String)],
) -> String {
    repairs.sort_by_key(rank);
    let mut hands = repairs::Hands::new(app, claims);
    let (mut done, mut failed, mut left) = (0, 0, 0);
    for repair in &repairs {
        if sends(repair) && !Deadline::leaves(MIN_TIME) {
            left += 1;
            continue;
        }
        match hands.carry_out(repair).await {
            Ok(Some(text)) => {
                info!("{text}");
                done += 1;
            }
            Ok(None) => {}
            Err(err) => {
                warn!("failed to {err:#}; the next run tries again");
                failed += 1;
            }
        }
    }
    match (done, failed, left) {
        (0, 0, 0) => "nothing to repair".to_owned(),
        (done, 0, 0) => format!("repaired {done}"),
        (done, failed, left) => format!("repaired {done}, failed at {failed}, left {left}"),
    }
}

/// Carries out what an operator has asked for, and tells of each thing what was done, or why it was not.
pub(crate) async fn carry_out(app: &App, repairs: &[Repair]) -> Vec<anyhow::Result<String>> {
    let mut hands = repairs::Hands::new(app, &[]);
    let mut told = Vec::new();
    for repair in repairs {
        let done = if Deadline::leaves(MIN_TIME) {
            hands.carry_out(repair).await
        } else {
            Err(anyhow::anyhow!("start this in the time that was left: repeat the operation"))
        };
        told.push(done.map(|text| text.unwrap_or_else(|| "told".to_owned())));
    }
    told
}

/// Returns whether a repair sends requests; the others take no time.
fn sends(repair: &Repair) -> bool {
    !matches!(repair, Repair::Report { .. } | Repair::Alarm { .. })
}

fn rank(repair: &Repair) -> u8 {
    match repair {
        Repair::Report { .. } | Repair::Alarm { .. } => 0,
        Repair::Request(_) | Repair::Replay { .. } => 1,
        Repair::Deregister { .. } => 2,
        Repair::Terminate { .. } | Repair::EndWithoutRunner { .. } => 3,
        Repair::Redeliver { .. } | Repair::Cancel { .. } => 4,
        Repair::Drop { .. } | Repair::DeleteTask { .. } | Repair::DeleteClaims { .. } => 5,
    }
}
