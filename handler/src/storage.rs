//! Azure Storage: the queue of runner requests and its poison, the claims, and what runs leave to the next.
//!
//! An address with a shared access signature authorizes itself; any other goes with the app's identity.

use std::sync::Arc;

use azure_core::Error;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_storage_queue::{QueueClient, QueueClientOptions};
use url::Url;

use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, azure_options, short_retries};

mod claims;
mod hook_ranges;
mod queue;
mod poison;
mod state;

pub use claims::{Claim, ClaimError, Claims, ClaimsError};
pub use hook_ranges::{HookRangesBlob, KeptRanges};
pub use poison::{PoisonError, PoisonQueue};
pub use queue::{CountError, QueueError, RequestQueue};
pub use state::{ReadState, StateBlob, StateError, Written};

fn credential(
    url: &SignedUrl,
    identity: Option<&Arc<dyn TokenCredential>>,
) -> Option<Arc<dyn TokenCredential>> {
    identity.filter(|_| !url.is_signed()).cloned()
}

fn queue_client(
    address: Url,
    credential: Option<Arc<dyn TokenCredential>>,
    transport: &HttpTransport,
) -> azure_core::Result<QueueClient> {
    let options = QueueClientOptions {
        client_options: azure_options(transport, short_retries()),
        ..Default::default()
    };
    QueueClient::new(address, credential, Some(options))
}

/// Puts the service's code in place of its answer, which runs over several lines and tells what was signed.
fn in_one_line(err: Error) -> Error {
    match err.kind() {
        ErrorKind::HttpResponse { status, error_code: Some(code), .. } => {
            let text = format!("{status} {code}");
            Error::with_message(err.kind().clone(), text)
        }
        _ => err,
    }
}
