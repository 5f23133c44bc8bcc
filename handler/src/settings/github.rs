//! Reads which GitHub it is, at which level, and what proves us to it.

use super::reader::Reader;
use super::{GITHUB_API, GithubApp, GithubCredential, GithubSettings};
use crate::app_key::AppKey;
use crate::scope::{Scope, web_address};
use crate::secret::Secret;

pub(super) fn read(reader: &mut Reader) -> GithubSettings {
    let api = reader.address_or("GithubApiUrl", GITHUB_API);
    let scope = match reader.or("RunnerScope", "repository").as_str() {
        "repository" => Scope::Repository,
        "organization" => Scope::Organization,
        "enterprise" => Scope::Enterprise(reader.required_by("GithubEnterprise", slug)),
        _ => {
            reader.fault("RunnerScope", "takes repository, organization or enterprise");
            Scope::Repository
        }
    };
    GithubSettings { web: web_address(&api), api, credential: credential(reader, &scope), scope }
}

/// An enterprise's slug ends up in request paths.
fn slug(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let sound = text.chars().all(plain);
    if sound {
        Ok(text.to_owned())
    } else {
        Err("takes the enterprise's slug: letters, digits, '-' and '_'".to_owned())
    }
}

/// Reads the one of the two ways that is set.
fn credential(reader: &mut Reader, scope: &Scope) -> GithubCredential {
    let token = reader.optional("GithubToken");
    let id = reader.optional_by("GithubAppId", app_id);
    let key = reader.optional_by("GithubAppPrivateKey", AppKey::parse);
    let faulty = ["GithubAppId", "GithubAppPrivateKey"].iter().any(|name| reader.faulty(name));
    match (&token, &id, &key) {
        (Some(_), None, None) => {}
        (Some(_), ..) => {
            reader.fault("GithubToken", "stands beside a GitHub App: keep one of the two")
        }
        (None, Some(_), None) => reader.fault("GithubAppPrivateKey", "is missing"),
        (None, None, Some(_)) => reader.fault("GithubAppId", "is missing"),
        (None, None, None) if !faulty => {
            reader
                .fault("GithubToken", "is missing: set it, or GithubAppId and GithubAppPrivateKey");
        }
        _ => {}
    }
    if id.is_some() && matches!(scope, Scope::Enterprise(_)) {
        reader.fault(
            "GithubAppId",
            "cannot register an enterprise's runners: set GithubToken in its place",
        );
    }
    match (id, key) {
        (Some(id), Some(key)) => GithubCredential::App(GithubApp { id, key }),
        _ => GithubCredential::Token(Secret::new(token.unwrap_or_default())),
    }
}

/// A number, or a client id such as `Iv23liAbc`.
fn app_id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    if text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("takes the id of the GitHub App, or its client id".to_owned())
    }
}
