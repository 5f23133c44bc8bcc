//! The options of an emulated account.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use emulator_core::token_key::TokenKey;

use super::launch::Launcher;
use super::rules::Rules;

/// The options of an emulated account.
#[derive(Clone)]
pub struct Options {
    /// The account's name.
    pub account: String,
    /// The account's shared key, in base64.
    pub key_base64: String,
    /// A bearer token that is accepted in place of a signature.
    pub bearer: Option<String>,
    /// Whether any currently valid token for Batch is accepted. Its signature is verified only with a `token_key`.
    pub accepts_tokens: bool,
    /// The key of the only endpoint whose tokens are accepted.
    pub token_key: Option<TokenKey>,
    /// The pools that exist from the start.
    pub pools: Vec<PoolOptions>,
    /// The launcher of tasks.
    pub launcher: Arc<dyn Launcher>,
    /// The directory for the files of nodes.
    pub work_dir: PathBuf,
    /// How long a terminated task may take before it is killed, unless its container has a stop
    /// timeout. Batch's period is not published; docker's is 10 s.
    pub grace: Duration,
    /// The rules of the account.
    pub rules: Rules,
    /// The seed of request ids and random durations: the same seed gives the same sequence.
    pub seed: u64,
}

impl Options {
    /// Creates an account without pools.
    pub fn new(
        account: &str,
        key_base64: &str,
        launcher: Arc<dyn Launcher>,
        work_dir: PathBuf,
    ) -> Self {
        Self {
            account: account.to_owned(),
            key_base64: key_base64.to_owned(),
            bearer: None,
            accepts_tokens: false,
            token_key: None,
            pools: Vec::new(),
            launcher,
            work_dir,
            grace: Duration::from_secs(10),
            rules: Rules::default(),
            seed: 0,
        }
    }
}

/// A pool whose nodes exist from the start.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// The pool's id.
    pub id: String,
    /// The number of nodes.
    pub nodes: usize,
    /// The number of task slots of each node.
    pub slots: u32,
    /// Whether the pool has a container configuration: either all its tasks run in containers or
    /// none.
    pub containers: bool,
    /// The display name, such as `windows (stand-in)`.
    pub display: String,
}
