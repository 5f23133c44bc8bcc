//! Decides whether a caller may do what he asks for, and says what he proved.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use http::{HeaderValue, header};

use emulator_core::service::Request;

use super::account::Account;
use super::address::Query;
use super::failure::Failure;
use super::shared_access::{AccountSas, Visit};
use super::shared_key;

/// What an operation asks of an account SAS, by the tables of "Create an account SAS".
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// `b` or `q`.
    pub(super) service: char,
    /// `s` service, `c` container or queue, `o` blob or message.
    pub(super) resource: char,
    /// Permissions of which one is enough.
    pub(super) any_of: &'static str,
}

/// What a caller proved that he may do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grant<'a> {
    /// He has the account's key.
    Everything,
    /// He has a SAS with these permissions.
    Permissions(&'a str),
}

impl Grant<'_> {
    /// Tells whether a permission is among those proved.
    pub(super) fn allows(self, permission: char) -> bool {
        match self {
            Self::Everything => true,
            Self::Permissions(letters) => letters.contains(permission),
        }
    }
}

/// Checks the caller's signature, and that it covers what the operation needs.
pub(super) fn authorize<'a>(
    account: &Account,
    request: &Request,
    query: &'a Query<'_>,
    need: Need,
    now: DateTime<Utc>,
) -> Result<Grant<'a>, Failure> {
    if let Some(signature) = query.get("sig") {
        let sas = AccountSas::of(query)?;
        sas.check_signature(account, signature)?;
        sas.check(need, Visit { at: now, from: caller(request) })?;
        return Ok(Grant::Permissions(sas.permissions));
    }
    let Some(credential) = request.headers().get(header::AUTHORIZATION) else {
        let challenge = HeaderValue::from_static("Bearer resource_id=https://storage.azure.com");
        let failure = Failure::NO_AUTHENTICATION_INFORMATION;
        return Err(failure.with(header::WWW_AUTHENTICATE, challenge));
    };
    shared_key::check(account, request, query, credential.to_str().unwrap_or_default())?;
    Ok(Grant::Everything)
}

fn caller(request: &Request) -> Option<SocketAddr> {
    request.extensions().get().copied()
}

/// Makes the refusal of a caller whose proof does not hold.
pub(super) fn unproved(detail: impl Into<String>) -> Failure {
    Failure::AUTHENTICATION_FAILED.because("AuthenticationErrorDetail", detail)
}
