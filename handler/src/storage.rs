//! Azure Storage: the queue of runner requests and its poison queue, the claims, and the state of functions.
//!
//! A URL with a shared access signature needs no other credential. With any other URL the app's identity is used.

use std::sync::Arc;

use azure_core::Error;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_storage_queue::{QueueClient, QueueClientOptions};
use url::Url;

use crate::secret::SignedUrl;
use crate::transport::{HttpTransport, azure_options, short_retries};

mod claims;
mod container;
mod enqueue;
mod history;
mod hook_ranges;
mod pauses;
mod queue;
mod poison;
mod state;

pub use claims::{
    Claim, ClaimError, Claims, ClaimsError, HeldClaim, ListedClaim, Minted, RecordError,
};
pub use history::{Appended, HistoryBlobs, HistoryError};
pub use hook_ranges::{HookRangesBlob, ReadRanges};
pub use pauses::{PausesBlob, PausesError, ReadPauses};
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

/// Returns whether a service refused the credential, or does not have what was requested.
fn is_refused(err: &Error) -> bool {
    let status = err.http_status().map(u16::from);
    matches!(status, Some(401 | 403 | 404))
}

/// Replaces the service's error message by its code: the message has several lines, and repeats what was signed.
fn in_one_line(err: Error) -> Error {
    match err.kind() {
        ErrorKind::HttpResponse { status, error_code: Some(code), .. } => {
            let text = format!("{status} {code}");
            Error::with_message(err.kind().clone(), text)
        }
        _ => err,
    }
}
