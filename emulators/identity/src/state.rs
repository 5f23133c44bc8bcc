//! The issued tokens, which the platform caches for each resource and identity.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

mod federated_token;
pub(crate) mod resources;
mod token;

pub use federated_token::FederatedCredential;
pub(crate) use federated_token::Mismatch;
pub use token::TENANT;
use token::{Issuer, Token};

/// A request of the app for a token.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TokenRequest {
    /// The resource, which is the token's audience.
    pub resource: String,
    /// The identity's client id.
    pub client_id: String,
}

/// The tokens issued so far, and the requests for them.
#[derive(Debug)]
pub(crate) struct TokenCache {
    issuer: Issuer,
    tokens: BTreeMap<TokenRequest, Token>,
    requests: BTreeSet<TokenRequest>,
}

impl TokenCache {
    /// Creates a cache whose tokens are signed with `key`.
    pub(crate) fn new(key: &str) -> Self {
        let (tokens, requests) = Default::default();
        Self { issuer: Issuer::new(key), tokens, requests }
    }

    /// Records a request of the app, and returns its token.
    pub(crate) fn request(&mut self, request: &TokenRequest, now: DateTime<Utc>) -> Token {
        self.requests.insert(request.clone());
        self.cached_or_new(request, now)
    }

    /// Returns the cached token, or issues a new one.
    pub(crate) fn cached_or_new(&mut self, request: &TokenRequest, now: DateTime<Utc>) -> Token {
        match self.tokens.get(request) {
            Some(token) if token.is_cached(now) => token.clone(),
            _ => {
                let token = self.issuer.issue(&request.resource, &request.client_id, now);
                self.tokens.insert(request.clone(), token.clone());
                token
            }
        }
    }

    /// Issues a federated token.
    pub(crate) fn federated_token(
        &self,
        credential: &FederatedCredential,
        now: DateTime<Utc>,
    ) -> String {
        federated_token::issue(&self.issuer, credential, now)
    }

    /// Checks a federated token.
    pub(crate) fn check_federated_token(
        &self,
        token: &str,
        credential: &FederatedCredential,
        now: DateTime<Utc>,
    ) -> Result<(), Mismatch> {
        federated_token::check(&self.issuer, token, credential, now)
    }

    /// Returns the distinct requests of the app.
    pub(crate) fn requests(&self) -> impl Iterator<Item = &TokenRequest> {
        self.requests.iter()
    }
}
