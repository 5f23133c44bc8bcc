//! A GitHub App for tests; its key is valid only at the emulated GitHub.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use github_emulator::App;
use local_deployment::Options;

/// The id of the App.
pub const ID: u64 = 1_234_567;
const PRIVATE_KEY: &str = include_str!("../../../handler/tests/keys/app.pkcs1.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("../../../handler/tests/keys/app.public.der");

/// The id of another App with the same key.
pub const OTHER_ID: u64 = 1_234_568;

/// Returns another App that is installed on these accounts.
pub fn other_installed_on(accounts: &[&str]) -> App {
    let client_id = "Iv23liMayflyTests001".to_owned();
    App { id: OTHER_ID, client_id, ..installed_on(accounts) }
}

/// Configures both Apps instead of the personal access token.
pub fn configure_both(options: &mut Options) {
    configure(options);
    let key = one_line(PRIVATE_KEY);
    let settings = [
        ("GithubAppId", format!("{ID}, {OTHER_ID}")),
        ("GithubAppPrivateKey", format!("{key}{key}")),
    ];
    options.settings.extend(settings.map(|(name, value)| (name.to_owned(), value)));
}

/// Returns a key as it is written in an application setting, which cannot contain line ends.
fn one_line(pem: &str) -> String {
    pem.replace('\n', "\\n")
}

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
        ("GithubAppPrivateKey", one_line(PRIVATE_KEY)),
    ];
    options.settings.extend(settings.map(|(name, value)| (name.to_owned(), value)));
}
