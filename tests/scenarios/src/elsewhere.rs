//! Storage that is no emulator of ours: a service which all worlds share, an account of it for each world.

use std::path::PathBuf;

use azure_storage_emulator::Account;
use chrono::TimeDelta;
use emulator_core::clock::Clock;
use local_deployment::Storage;
use reqwest::Client;
use serde::Deserialize;

/// Describes the service, in JSON as [`Elsewhere`] reads it. Where it is not set, the emulators serve.
const VARIABLE: &str = "MAYFLY_STORAGE";

/// A storage service that runs already.
#[derive(Deserialize)]
pub(crate) struct Elsewhere {
    /// Where its queues answer, without the account.
    pub(crate) queues: String,
    /// Where its blobs answer, without the account.
    pub(crate) blobs: String,
    /// Its accounts, one a world.
    pub(crate) accounts: Vec<String>,
    /// The key of every account.
    pub(crate) key: String,
    /// A folder with `ca.pem`, `server.pem` and `server.key`, where the service speaks TLS: the road then
    /// goes over it by identity, without a key or a signature.
    pub(crate) certificates: Option<PathBuf>,
}

impl Elsewhere {
    /// Reads which storage the stories go over; `None` stands for the emulators.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the stories read the environment"
    )]
    pub(crate) fn of_environment() -> Option<Self> {
        let text = std::env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&text).expect("the variable describes a storage service"))
    }

    /// Reads the certificate of the service's authority, where it speaks TLS.
    pub(crate) fn authority(&self) -> Option<String> {
        let file = self.certificates.as_ref()?.join("ca.pem");
        Some(std::fs::read_to_string(file).expect("the authority's certificate"))
    }

    /// Takes an account that no other world has: whoever makes the queue has the account.
    pub(crate) async fn take_account(&self, client: &Client) -> (String, Storage) {
        let expires = Clock::of_this_machine().now() + TimeDelta::days(1);
        for name in &self.accounts {
            let account = Account::new(name, &self.key).expect("a key in base64");
            let storage = Storage {
                queues: format!("{}/{name}", self.queues),
                blobs: format!("{}/{name}", self.blobs),
                signature: account.sas(expires),
            };
            if storage.make_queue(client).await.expect("the service makes a queue") {
                return (name.clone(), storage);
            }
        }
        panic!("each of the {} accounts has its world", self.accounts.len());
    }
}
