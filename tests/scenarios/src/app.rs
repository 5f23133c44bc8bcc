//! A GitHub App for tests; its key is valid only at the emulated GitHub.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use github_emulator::App;
use local_deployment::Options;

/// The id of the App.
pub const ID: u64 = 1_234_567;
const PRIVATE_KEY: &str = include_str!("../../../handler/tests/keys/app.pkcs1.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../../../handler/tests/keys/app.public.der");

/// Returns an App with the permissions that Mayfly requires, installed on these accounts.
pub fn installed_on(accounts: &[&str]) -> App {
    let permissions = [
        ("actions", "read"),
        ("administration", "write"),
        ("organization_self_hosted_runners", "write"),
    ];
    App {
        id: ID,
        client_id: "Iv23liMayflyTests000".to_owned(),
        public_key: BASE64_STANDARD.encode(PUBLIC_KEY),
        installed_on: accounts.iter().map(|&account| account.to_owned()).collect(),
        permissions: permissions.map(|(name, level)| (name.to_owned(), level.to_owned())).into(),
    }
}

/// Configures the App instead of the personal access token.
pub fn configure(options: &mut Options) {
    let settings = [
        ("GithubToken", String::new()),
        ("GithubAppId", ID.to_string()),
        ("AllowedRepositories", "octo/*,corp/*".to_owned()),
        // An application setting cannot contain line ends.
        ("GithubAppPrivateKey", PRIVATE_KEY.replace('\n', "\\n")),
    ];
    options.settings.extend(settings.map(|(name, value)| (name.to_owned(), value)));
}
