//! Decides whether GitHub refuses a call: the whole credential, an operation, or a repository.

use super::{Call, FaultOutcome};
use crate::scenario::{Callee, FaultKind};

/// Returns the outcome of a call that a scheduled fault refuses.
pub(super) fn of(fault: &FaultKind, call: Call<'_>) -> Option<FaultOutcome> {
    match fault {
        FaultKind::Refusal { deployment, operation, refusal, .. } => {
            let concerned = operation.as_ref().is_none_or(|known| known == call.operation);
            let own = *deployment == call.deployment && call.callee == Callee::Github;
            (own && concerned).then_some(FaultOutcome::Refuse(*refusal))
        }
        FaultKind::RepositoryHidden { deployment, repository, .. } => {
            let own = *deployment == call.deployment && call.callee == Callee::Github;
            let hidden = call.path.strip_prefix("/repos/").is_some_and(|rest| {
                let rest = rest.strip_prefix(repository.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            (own && hidden).then_some(FaultOutcome::Fail { status: 404, retry_after: None })
        }
        _ => None,
    }
}
