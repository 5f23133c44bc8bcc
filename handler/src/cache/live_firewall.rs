//! Holds the process's copy of the webhook ranges, and refreshes it in the background.
//!
//! On Flex Consumption each function runs in its own processes on its own instances. So the ranges that
//! RefreshFirewall finds reach the process of ProvideActionsRunner only through the blob.

use std::sync::Once;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::error_chain::ErrorChain;
use crate::firewall::{Audience, Firewall, HookRanges, HookSource, Rejected};
use crate::settings::FirewallSettings;
use crate::storage::{HookRangesBlob, StateError};

/// Maximum age of the copy.
const REFRESH_INTERVAL: Duration = Duration::from_secs(300);
/// A rejected request triggers a refresh, but at most this often: anyone on the internet can send such requests.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(1);
/// How long a rejection is delayed until the first read has ended. GitHub waits ten seconds for a response.
const FIRST_READ_TIMEOUT: Duration = Duration::from_secs(4);
/// Maximum number of logged characters of a header.
const MAX_LOGGED: usize = 200;

/// The firewall with the ranges that this process knows.
pub(crate) struct LiveFirewall {
    known: watch::Sender<Known>,
    rejected: Notify,
    /// Limits the log to one rejected header per process: anyone on the internet can send such requests.
    logged: Once,
    /// `None` if a setting lists the ranges, so that they never change.
    blob: Option<HookRangesBlob>,
}

#[derive(Clone)]
struct Known {
    firewall: Firewall,
    /// Whether the blob has been read, successfully or not.
    read: bool,
}

impl LiveFirewall {
    /// Creates the firewall with the ranges of the settings or, if there are none, of the release.
    pub(crate) fn new(settings: &FirewallSettings, blob: &HookRangesBlob) -> Self {
        let follows = matches!(settings.source, HookSource::Published { .. });
        let known = Known { firewall: settings.first.clone(), read: !follows };
        let blob = follows.then(|| blob.clone());
        Self {
            known: watch::Sender::new(known),
            rejected: Notify::new(),
            logged: Once::new(),
            blob,
        }
    }

    /// Admits a request by its `X-Forwarded-For` header.
    ///
    /// A process is often started by the very delivery that it then handles. Before the first read its ranges may be
    /// as old as the release, so a rejection waits for that read.
    pub(crate) async fn admit(
        &self,
        audience: Audience,
        forwarded_for: Option<&str>,
    ) -> Result<(), Rejected> {
        let admitted = self.check(audience, forwarded_for).await;
        if admitted.is_err() {
            self.logged.call_once(|| {
                let logged = end_of(forwarded_for.unwrap_or_default());
                info!(forwarded_for = logged, "first rejection of this process by source address");
            });
        }
        admitted
    }

    async fn check(&self, audience: Audience, forwarded_for: Option<&str>) -> Result<(), Rejected> {
        let admit = || self.known.borrow().firewall.admit(audience, forwarded_for);
        let rejected = match admit() {
            Err(rejected @ Rejected::Foreign { audience: Audience::Github, .. }) => rejected,
            result => return result,
        };
        self.rejected.notify_one();
        let mut known = self.known.subscribe();
        if known.borrow().read {
            return Err(rejected);
        }
        // After a timeout the ranges that are known now decide.
        let _ = timeout(FIRST_READ_TIMEOUT, known.wait_for(|known| known.read)).await;
        admit()
    }

    /// Refreshes the ranges from the blob until the process ends.
    pub(crate) async fn follow(&self) {
        let Some(blob) = &self.blob else { return };
        let mut failing = false;
        loop {
            let read = blob.read().await.map(|read| read.stored.map(|stored| stored.ranges));
            failing = self.apply(read, failing);
            sleep(MIN_REFRESH_INTERVAL).await;
            let _ = timeout(REFRESH_INTERVAL, self.rejected.notified()).await;
        }
    }

    /// Applies the result of a read, and returns whether it failed. Only the first of consecutive failures is logged.
    fn apply(
        &self,
        read: Result<Option<Vec<ipnet::IpNet>>, StateError>,
        failed_before: bool,
    ) -> bool {
        let mut new = None;
        let failed = read.is_err();
        match read {
            Ok(ranges) => new = ranges.map(HookRanges::Networks),
            Err(err) if !failed_before => {
                warn!(
                    "failed to refresh the webhook ranges, which stay as they are: {}",
                    ErrorChain(&err)
                );
            }
            Err(_) => {}
        }
        self.known.send_modify(|known| {
            known.read = true;
            if let Some(hooks) = new.filter(|hooks| *hooks != known.firewall.hooks) {
                info!("applied new webhook ranges");
                known.firewall.hooks = hooks;
            }
        });
        failed
    }
}

/// Returns the end of a header, which is the part that the platform has written.
fn end_of(header: &str) -> &str {
    let first = header.char_indices().rev().nth(MAX_LOGGED - 1).map_or(0, |(at, _)| at);
    &header[first..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_header_is_logged() {
        let long = "x".repeat(1000) + "é, 203.0.113.9:55";
        assert_eq!(end_of(&long).chars().count(), MAX_LOGGED);
        assert!(end_of(&long).ends_with("é, 203.0.113.9:55"));
        assert_eq!((end_of("a, b"), end_of("")), ("a, b", ""));
    }
}
