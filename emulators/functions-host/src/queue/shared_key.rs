//! The signature of a request with the key of a storage account.
//!
//! <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator_core::service::Request;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, header};
use sha2::Sha256;
use url::form_urlencoded;

/// The key of a storage account.
#[derive(Clone)]
pub(super) struct SharedKey {
    account: String,
    hmac: Hmac<Sha256>,
}

impl SharedKey {
    pub(super) fn new(account: &str, key: &[u8]) -> Self {
        let hmac = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
        Self { account: account.to_owned(), hmac }
    }

    #[cfg(test)]
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// Signs a request, whose headers must be complete except for the length of its body.
    pub(super) fn sign(&self, request: &mut Request) {
        let text = string_to_sign(request, &self.account);
        let signature = self.hmac.clone().chain_update(text).finalize().into_bytes();
        let value = format!("SharedKey {}:{}", self.account, STANDARD.encode(signature));
        // An account whose name is no header value cannot exist; the service rejects the request.
        if let Ok(mut value) = HeaderValue::from_str(&value) {
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
    }
}

/// Returns the text that is signed. The host sends neither conditions nor ranges, whose lines are empty.
fn string_to_sign(request: &Request, account: &str) -> String {
    let length = match request.body().len() {
        0 => String::new(),
        length => length.to_string(),
    };
    let headers = request.headers();
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut text = format!(
        "{}\n\n\n{length}\n\n{}\n\n\n\n\n\n\n",
        request.method(),
        content_type.unwrap_or_default()
    );
    push_headers(&mut text, headers);
    text.extend(["/", account, request.uri().path()]);
    let query = request.uri().query().unwrap_or_default();
    let parameters: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    for (name, value) in parameters {
        text.extend(["\n", &name.to_lowercase(), ":", &value]);
    }
    text
}

fn push_headers(text: &mut String, headers: &HeaderMap) {
    let signed = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-ms-"));
    let signed: BTreeMap<_, _> = signed.map(|(name, value)| (name.as_str(), value)).collect();
    for (name, value) in signed {
        text.extend([name, ":", value.to_str().unwrap_or_default().trim(), "\n"]);
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedKey").field("account", &self.account).finish_non_exhaustive()
    }
}
