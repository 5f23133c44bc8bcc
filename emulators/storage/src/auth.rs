//! Authentication of a request, and the permissions that it grants.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use http::header;

use emulator_core::service::{Request, is_encrypted};

use crate::account::Account;
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

/// Verifies the signature of a request, and that it covers the required permission.
pub(crate) fn authorize(
    account: &Account,
    request: &Request,
    query: &Query<'_>,
    required: RequiredPermission,
    now: DateTime<Utc>,
) -> Result<Grant, StorageError> {
    if let Some(signature) = query.get("sig") {
        let sas = AccountSas::parse(query)?;
        verify_sas(account, &sas, signature)?;
        let client = request.extensions().get().map(SocketAddr::ip);
        sas.check(required, now, client)?;
        return Ok(Grant::Permissions(sas.permissions.to_owned()));
    }
    let Some(credential) = request.headers().get(header::AUTHORIZATION) else {
        return Err(StorageError::NO_AUTHENTICATION_INFORMATION.with_challenge());
    };
    let credential = credential.to_str().unwrap_or_default();
    match credential.strip_prefix("Bearer ") {
        Some(token) if is_encrypted(request) => token::verify(account, token, now)?,
        _ => shared_key::verify(account, request, query, credential)?,
    }
    Ok(Grant::Full)
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
