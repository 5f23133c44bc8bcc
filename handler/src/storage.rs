//! Azure Storage: the queue of runner requests, and the claims.
//!
//! An address with a shared access signature authorizes itself; any other goes with the app's identity.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;

use crate::secret::SignedUrl;

mod claims;
mod queue;

pub use claims::{Claim, ClaimError, Claims};
pub use queue::{QueueError, RequestQueue};

fn credential(
    url: &SignedUrl,
    identity: Option<&Arc<dyn TokenCredential>>,
) -> Option<Arc<dyn TokenCredential>> {
    identity.filter(|_| !url.is_signed()).cloned()
}
