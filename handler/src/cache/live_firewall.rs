//! Holds this process's copy of the ranges, and brings it up to date in the background.
//!
//! On Flex Consumption the functions run in processes of their own, on instances of their own: what
//! RefreshFirewall writes reaches the webhook's process by the blob alone.

use std::sync::Once;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use crate::error_chain::ErrorChain;
use crate::firewall::{Audience, Firewall, HookRanges, HookSource, Refused};
use crate::settings::FirewallSettings;
use crate::storage::{HookRangesBlob, StateError};

/// How old the copy gets.
const PERIOD: Duration = Duration::from_secs(300);
/// A refusal makes it younger, though not more often than this: strangers can cause refusals.
const SHORTEST_PERIOD: Duration = Duration::from_secs(1);
/// How long a refusal waits for the first reading. GitHub gives a delivery ten seconds.
const FIRST_READING: Duration = Duration::from_secs(4);
/// The most characters of a header that are logged.
const MAX_LOGGED: usize = 200;

/// The firewall as this process knows it.
pub(crate) struct LiveFirewall {
    known: watch::Sender<Known>,
    refused: Notify,
    /// Whether a refused header was logged: strangers can cause refusals.
    logged: Once,
    /// Where a setting lists the ranges, there is nothing to follow.
    blob: Option<HookRangesBlob>,
}

#[derive(Clone)]
struct Known {
    firewall: Firewall,
    /// Whether the blob was asked, with or without success.
    read: bool,
}

impl LiveFirewall {
    /// Begins with what the settings and the release give.
    pub(crate) fn new(settings: &FirewallSettings, blob: &HookRangesBlob) -> Self {
        let follows = matches!(settings.source, HookSource::Published { .. });
        let known = Known { firewall: settings.first.clone(), read: !follows };
        let blob = follows.then(|| blob.clone());
        Self { known: watch::Sender::new(known), refused: Notify::new(), logged: Once::new(), blob }
    }

    /// Admits a request by its `X-Forwarded-For` header.
    ///
    /// A process is often started by the very delivery that it then answers. Before the first reading its
    /// ranges may be as old as the release, so a refusal waits for that.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn admit(
        &self,
        audience: Audience,
        forwarded_for: Option<&str>,
    ) -> Result<(), Refused> {
        let admitted = self.judge(audience, forwarded_for).await;
        if admitted.is_err() {
            self.logged.call_once(|| {
                let seen = end_of(forwarded_for.unwrap_or_default());
                info!(
                    forwarded_for = seen,
                    "the first request of this process that is refused for its source"
                );
            });
        }
        admitted
    }

    async fn judge(&self, audience: Audience, forwarded_for: Option<&str>) -> Result<(), Refused> {
        let admit = || self.known.borrow().firewall.admit(audience, forwarded_for);
        let refused = match admit() {
            Err(refused @ Refused::Foreign { audience: Audience::Github, .. }) => refused,
            judged => return judged,
        };
        self.refused.notify_one();
        let mut known = self.known.subscribe();
        if known.borrow().read {
            return Err(refused);
        }
        // Whether it came or not: what is known now decides.
        let _ = timeout(FIRST_READING, known.wait_for(|known| known.read)).await;
        admit()
    }

    /// Follows the blob for as long as the process lives.
    pub(crate) async fn follow(&self) {
        let Some(blob) = &self.blob else { return };
        let mut failing = false;
        loop {
            let read = blob.read().await.map(|read| read.kept.map(|kept| kept.ranges));
            failing = self.take(read, failing);
            sleep(SHORTEST_PERIOD).await;
            let _ = timeout(PERIOD, self.refused.notified()).await;
        }
    }

    /// Takes a reading over; tells whether it failed. Only the first failure of a row is logged.
    fn take(
        &self,
        read: Result<Option<Vec<ipnet::IpNet>>, StateError>,
        failed_before: bool,
    ) -> bool {
        let mut news = None;
        let failed = read.is_err();
        match read {
            Ok(ranges) => news = ranges.map(HookRanges::Networks),
            Err(err) if !failed_before => {
                warn!("the webhook ranges stay as they are: {}", ErrorChain(&err));
            }
            Err(_) => {}
        }
        self.known.send_modify(|known| {
            known.read = true;
            if let Some(hooks) = news.filter(|hooks| *hooks != known.firewall.hooks) {
                info!("took over the webhook ranges that are kept");
                known.firewall.hooks = hooks;
            }
        });
        failed
    }
}

/// Cuts a header to the end that the platform has written.
fn end_of(header: &str) -> &str {
    let first = header.char_indices().rev().nth(MAX_LOGGED - 1).map_or(0, |(at, _)| at);
    &header[first..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_header_the_end_is_logged() {
        let long = "x".repeat(1000) + "é, 203.0.113.9:55";
        assert_eq!(end_of(&long).chars().count(), MAX_LOGGED);
        assert!(end_of(&long).ends_with("é, 203.0.113.9:55"));
        assert_eq!((end_of("a, b"), end_of("")), ("a, b", ""));
    }
}
