//! The secrets of a deployment.

use emulator_core::service::ControlToken;
use emulator_core::token_key::TokenKey;

use super::{BATCH_KEY, GITHUB_TOKEN, IDENTITY_HEADER, STORAGE_KEY, WEBHOOK_SECRET};

/// The secrets of a deployment: who has them can use its services.
#[derive(Clone)]
pub struct Secrets {
    /// The key of the storage account, in base64.
    pub storage_key: String,
    /// The key of the Batch account, in base64.
    pub batch_key: String,
    /// The value of `IDENTITY_HEADER`.
    pub identity_header: String,
    /// The personal access token of the emulated GitHub.
    pub github_token: String,
    /// The secret of the webhook.
    pub webhook_secret: String,
    /// The key that signs tickets.
    pub ticket_key: String,
    /// The key of every function.
    pub function_key: String,
    /// The master key of the Function App.
    pub master_key: String,
    /// The key of the only token endpoint whose tokens are accepted; without one, no token's signature is verified.
    pub token_key: Option<TokenKey>,
}

impl Secrets {
    /// Returns the published secrets: for tests, which also issue tokens of their own.
    pub fn published() -> Self {
        Self {
            storage_key: STORAGE_KEY.to_owned(),
            batch_key: BATCH_KEY.to_owned(),
            identity_header: IDENTITY_HEADER.to_owned(),
            github_token: GITHUB_TOKEN.to_owned(),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            ticket_key: "mayfly-on-one-machine-ticket-key".to_owned(),
            function_key: "function-key".to_owned(),
            master_key: "master-key".to_owned(),
            token_key: None,
        }
    }

    /// Creates random secrets. Only tokens of the deployment's own endpoint are accepted.
    pub fn random() -> Self {
        // The digits of a token are base64 as well.
        let random = || ControlToken::random().as_str().to_owned();
        let identity_header = random();
        Self {
            storage_key: random(),
            batch_key: random(),
            token_key: Some(TokenKey::new(&identity_header)),
            identity_header,
            github_token: format!("ghp_{}", random()),
            webhook_secret: random(),
            ticket_key: random(),
            function_key: random(),
            master_key: random(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(secrets: Secrets) -> [String; 8] {
        [
            secrets.storage_key,
            secrets.batch_key,
            secrets.identity_header,
            secrets.github_token,
            secrets.webhook_secret,
            secrets.ticket_key,
            secrets.function_key,
            secrets.master_key,
        ]
    }

    #[test]
    fn each_random_secret_is_another_and_not_published() {
        let secrets = [all(Secrets::random()), all(Secrets::random()), all(Secrets::published())];
        let secrets: std::collections::BTreeSet<_> = secrets.concat().into_iter().collect();
        assert_eq!(secrets.len(), 24);
        assert!(secrets.iter().all(|secret| !secret.is_empty()));
    }
}
