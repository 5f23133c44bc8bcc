//! Keeps the record of refused claims, and logs each cause once.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use tracing::{error, info, warn};

use crate::error_chain::ErrorChain;
use crate::github::Refusal;
use crate::refused_claims::RefusedClaims;
use crate::repository::Repository;
use crate::storage::{ReadState, StateBlob, StateError, Written};

/// How long a process uses its copy of the record: another process may have changed it.
const COPY_TTL: TimeDelta = TimeDelta::minutes(5);
/// How long a cause that lasts is not logged again.
const LOG_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// The record of refused claims.
pub(crate) struct RefusedClaimsRecord {
    blob: StateBlob,
    state: Mutex<Copy>,
}

/// What this process knows.
#[derive(Default)]
struct Copy {
    read: Option<(ReadState, RefusedClaims, DateTime<Utc>)>,
    /// When each cause was logged, by its text.
    logged: BTreeMap<String, DateTime<Utc>>,
}

impl RefusedClaimsRecord {
    pub(crate) fn new(blob: StateBlob) -> Self {
        Self { blob, state: Mutex::default() }
    }

    /// Reads the record. A record of another version counts as empty.
    pub(crate) async fn read(&self) -> Result<RefusedClaims, StateError> {
        Ok(parsed(&self.blob.read().await?))
    }

    /// Records a refused claim, and raises the alert if its cause was not logged before.
    pub(crate) async fn refuse(&self, refusal: &Refusal, now: DateTime<Utc>) {
        let mut state = self.state.lock().await;
        let text = refusal.report();
        let logged = state.logged.get(&text).is_some_and(|at| now - *at < LOG_INTERVAL);
        if !logged {
            error!(alarm = "credential", "{text}; claims of runners are answered 503 meanwhile");
            state.logged.insert(text.clone(), now);
        }
        let name = match refusal.of_repository_alone() {
            Some(repository) => repository.to_string(),
            None => refusal.account.clone().unwrap_or_default(),
        };
        self.change(&mut state, now, |claims| claims.refuse(&name, &text, now)).await;
    }

    /// Records that a claim for this repository has succeeded.
    pub(crate) async fn succeed(&self, repository: &Repository, now: DateTime<Utc>) {
        let mut state = self.state.lock().await;
        if self.change(&mut state, now, |claims| claims.succeed(repository, now)).await {
            info!("GitHub accepts the token for {} again, in {repository}", repository.owner());
            state.logged.clear();
        }
    }

    /// Changes the record, if `change` returns true. It is only a hint to reconciliation: a claim does not fail if it
    /// cannot be written, and a later claim repeats what another process has overwritten.
    async fn change(
        &self,
        state: &mut Copy,
        now: DateTime<Utc>,
        change: impl Fn(&mut RefusedClaims) -> bool,
    ) -> bool {
        match self.try_change(state, now, change).await {
            Ok(changed) => changed,
            Err(err) => {
                warn!("continuing without the record of refused claims: {}", ErrorChain(&err));
                state.read = None;
                false
            }
        }
    }

    async fn try_change(
        &self,
        state: &mut Copy,
        now: DateTime<Utc>,
        change: impl Fn(&mut RefusedClaims) -> bool,
    ) -> Result<bool, StateError> {
        let fresh = state.read.as_ref().is_some_and(|(.., at)| now - *at < COPY_TTL);
        if !fresh {
            let read = self.blob.read().await?;
            let claims = parsed(&read);
            state.read = Some((read, claims, now));
        }
        let Some((read, claims, _)) = &mut state.read else { return Ok(false) };
        if !change(claims) {
            return Ok(false);
        }
        let bytes = serde_json::to_vec(claims).expect("plain fields always serialize");
        let written = self.blob.write(bytes, read).await?;
        // The next change begins with what storage holds.
        state.read = None;
        Ok(written == Written::Done)
    }
}

fn parsed(read: &ReadState) -> RefusedClaims {
    let claims = read.bytes.as_deref().map(serde_json::from_slice);
    claims.and_then(Result::ok).unwrap_or_default()
}
