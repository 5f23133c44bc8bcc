//! Azure Storage: the queue of runner requests, and the claims.
//!
//! An address with a shared access signature authorizes itself; any other goes with the app's identity.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration;

use crate::secret::SignedUrl;
use crate::transport::azure_options;

mod claims;
mod queue;

pub use claims::{Claim, ClaimError, Claims};
pub use queue::{QueueError, RequestQueue};

/// GitHub waits ten seconds for an answer to its delivery, and a container asks again by itself.
fn options(client: &reqwest::Client) -> ClientOptions {
    let retry = ExponentialRetryOptions {
        initial_delay: Duration::milliseconds(100),
        max_retries: 3,
        max_total_elapsed: Duration::seconds(5),
        max_delay: Duration::seconds(1),
    };
    azure_options(client, RetryOptions::exponential(retry))
}

fn credential(
    url: &SignedUrl,
    identity: Option<&Arc<dyn TokenCredential>>,
) -> Option<Arc<dyn TokenCredential>> {
    identity.filter(|_| !url.is_signed()).cloned()
}
