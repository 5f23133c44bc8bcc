//! Records why claims fail, for reconciliation and Status, which may run in other processes.

use tracing::warn;

use super::claim_error::ClaimError;
use crate::app::App;
use crate::claim_failures::ClaimFailures;
use crate::error_chain::ErrorChain;
use crate::storage::StateError;

/// Records the cause of a failed claim, once for each task and cause. Without the record only the reason of a job that
/// waits is less precise.
pub(super) async fn record(app: &App, task: &str, err: &ClaimError) {
    if !err.is_failure() {
        return;
    }
    let cause = ErrorChain(err).to_string();
    // A rate limit states the seconds that are left: each attempt would be another cause.
    let kind: String = cause.chars().filter(|c| !c.is_ascii_digit()).collect();
    if !app.recorded_failures.is_new(task, &kind) {
        return;
    }
    if let Err(err) = write(app, task, &cause).await {
        warn!(
            "continuing without a record of the failed claim of task {task}: {}",
            ErrorChain(&err)
        );
    }
}

async fn write(app: &App, task: &str, cause: &str) -> Result<(), StateError> {
    let stored = app.claim_failures.read().await?;
    let failures = stored.bytes.as_deref().map(serde_json::from_slice::<ClaimFailures>);
    let mut failures = failures.and_then(Result::ok).unwrap_or_default();
    failures.record(task, cause, app.clock.now());
    let bytes = serde_json::to_vec(&failures).expect("plain fields always serialize");
    // After a conflict another task's cause is recorded, which most often is the same.
    app.claim_failures.write(bytes, &stored).await?;
    Ok(())
}
