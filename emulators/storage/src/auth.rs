//! Authentication of a request, and the permissions that it grants.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use http::header;

use emulator_core::service::{Request, is_encrypted};

use crate::account::Account;
use crate::api_version::ApiVersion;
use crate::error::StorageError;
use crate::request::Query;

pub(crate) mod account_sas;
mod shared_key;
mod token;

use account_sas::{AccountSas, RequiredPermission};

/// The permissions of an authenticated caller.
#[derive(Clone, Debug)]
pub(crate) enum Grant {
    /// All permissions: the caller signed with the account key, or has a token; roles are not modelled.
    Full,
    /// The permissions of a SAS, as letters.
    Permissions(String),
}

impl Grant {
    /// Returns whether the grant includes a permission.
    pub(crate) fn allows(&self, permission: char) -> bool {
        match self {
            Self::Full => true,
            Self::Permissions(letters) => letters.contains(permission),
        }
    }
}

/// The time at which a request was received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceivedAt {
    /// The time of the emulators' clock.
    pub(crate) clock: DateTime<Utc>,
    /// The time of a caller that does not follow the advances of that clock.
    pub(crate) machine: DateTime<Utc>,
}

/// Verifies the signature of a request, and that it covers the required permission.
pub(crate) fn authorize(
    account: &Account,
    request: &Request,
    query: &Query<'_>,
    required: RequiredPermission,
    received: ReceivedAt,
) -> Result<Grant, StorageError> {
    if let Some(signature) = query.get("sig") {
        let sas = AccountSas::parse(query)?;
        verify_sas(account, &sas, signature)?;
        let client = request.extensions().get().map(SocketAddr::ip);
        sas.check(required, received.clock, client)?;
        return Ok(Grant::Permissions(sas.permissions.to_owned()));
    }
    let Some(credential) = request.headers().get(header::AUTHORIZATION) else {
        return Err(StorageError::NO_AUTHENTICATION_INFORMATION.with_challenge());
    };
    let credential = credential.to_str().unwrap_or_default();
    match credential.strip_prefix("Bearer ") {
        Some(token) if is_encrypted(request) => {
            check_token_version(request)?;
            token::verify(account, token, received.clock)?;
        }
        _ => shared_key::verify(account, request, query, credential, received)?,
    }
    Ok(Grant::Full)
}

/// Checks that the version of a request accepts tokens. One without a version has the oldest, which does not.
///
/// <https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory>
fn check_token_version(request: &Request) -> Result<(), StorageError> {
    let version = request.headers().get("x-ms-version").and_then(|version| version.to_str().ok());
    if version.and_then(ApiVersion::find).is_some_and(|version| version >= ApiVersion::TOKENS) {
        return Ok(());
    }
    let detail = "Authentication scheme Bearer is not supported in this version.";
    Err(StorageError::INVALID_AUTHENTICATION_INFO_FORMAT
        .with_detail("AuthenticationErrorDetail", detail))
}

fn verify_sas(
    account: &Account,
    sas: &AccountSas<'_>,
    signature: &str,
) -> Result<(), StorageError> {
    let text = sas.string_to_sign(account.name());
    if account.verify(&text, signature) {
        return Ok(());
    }
    let detail = format!("Signature did not match. String to sign used was {text}");
    Err(StorageError::unauthenticated(detail))
}

#[cfg(test)]
mod tests;
