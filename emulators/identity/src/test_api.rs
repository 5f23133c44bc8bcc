//! Inspection of the issued tokens by tests, without a request.

use crate::identity::Identity;
use crate::state::TokenRequest;

impl Identity {
    /// Returns the token that the app would get now. The request is not recorded.
    pub fn token(&self, resource: &str, client_id: &str) -> String {
        let request =
            TokenRequest { resource: resource.to_owned(), client_id: client_id.to_owned() };
        self.tokens().cached_or_new(&request, self.clock.now()).text
    }

    /// Returns the federated token of the app's identities, as a workload finds it in the file that
    /// `AZURE_FEDERATED_TOKEN_FILE` names. It is valid for a day.
    pub fn federated_token(&self) -> String {
        self.tokens().federated_token(&self.options.federated, self.clock.now())
    }

    /// Returns the distinct token requests of the app, in the order of their resources.
    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.tokens().requests().cloned().collect()
    }
}
