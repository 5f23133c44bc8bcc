//! Reads the settings of the GitHub client: URL, scope and credential.

use url::Url;

use super::reader::{Reader, is_loopback};
use super::{GITHUB_API, GithubApp, GithubCredential, GithubSettings};
use crate::app_key::AppKey;
use crate::scope::{Scope, web_url};
use crate::secret::Secret;

pub(super) fn read(reader: &mut Reader) -> GithubSettings {
    let api = reader.url_or("GithubApiUrl", GITHUB_API);
    if let Some(right) = api_of_web_page(&api) {
        reader.fault("GithubApiUrl", format!("must be the URL of the API: {right}"));
    }
    let scope = match reader.or("RunnerScope", "repository").as_str() {
        "repository" => Scope::Repository,
        "organization" => Scope::Organization,
        "enterprise" => Scope::Enterprise(reader.required_by("GithubEnterprise", slug)),
        _ => {
            reader.fault("RunnerScope", "must be repository, organization or enterprise");
            Scope::Repository
        }
    };
    GithubSettings { web: web_url(&api), api, credential: credential(reader, &scope), scope }
}

/// Returns the URL of the API if this one is of GitHub's web pages, or of another path of the same host.
///
/// <https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api>,
/// <https://docs.github.com/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom>
fn api_of_web_page(url: &Url) -> Option<String> {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let bare = host.strip_prefix("api.").or_else(|| host.strip_prefix("www.")).unwrap_or(host);
    let right = if is_loopback(url) {
        return None;
    } else if bare == "github.com" || bare.ends_with(".ghe.com") {
        format!("https://api.{bare}/")
    } else {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("https://{host}{port}/api/v3")
    };
    (url.as_str().trim_end_matches('/') != right.trim_end_matches('/')).then_some(right)
}

/// Parses an enterprise's slug, which becomes part of request paths.
fn slug(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_valid = text.chars().all(plain);
    if is_valid {
        Ok(text.to_owned())
    } else {
        Err("must be the enterprise's slug: letters, digits, '-' and '_'".to_owned())
    }
}

/// Reads the token or the GitHub App, exactly one of which must be set.
fn credential(reader: &mut Reader, scope: &Scope) -> GithubCredential {
    let token = reader.optional("GithubToken");
    let ids = reader.optional_by("GithubAppId", app_ids);
    let keys = reader.optional_by("GithubAppPrivateKey", AppKey::parse_all);
    let faulty = ["GithubAppId", "GithubAppPrivateKey"].iter().any(|name| reader.faulty(name));
    match (&token, &ids, &keys) {
        (Some(_), None, None) => {}
        (Some(_), ..) => {
            reader.fault("GithubToken", "is set as well as a GitHub App: remove one of the two")
        }
        (None, Some(_), None) => reader.fault("GithubAppPrivateKey", "is missing"),
        (None, None, Some(_)) => reader.fault("GithubAppId", "is missing"),
        (None, None, None) if !faulty => {
            reader
                .fault("GithubToken", "is missing: set it, or GithubAppId and GithubAppPrivateKey");
        }
        _ => {}
    }
    if ids.is_some() && matches!(scope, Scope::Enterprise(_)) {
        reader.fault(
            "GithubAppId",
            "cannot register an enterprise's runners: set GithubToken instead",
        );
    }
    let apps = ids.zip(keys).and_then(|(ids, keys)| apps(reader, ids, keys));
    apps.unwrap_or_else(|| GithubCredential::Token(Secret::new(token.unwrap_or_default())))
}

/// Returns the Apps. The keys are in the order of the ids.
fn apps(reader: &mut Reader, ids: Vec<String>, keys: Vec<AppKey>) -> Option<GithubCredential> {
    if ids.len() != keys.len() {
        let problem = format!(
            "has {} keys for {} ids in GithubAppId: write the keys one after the other, in the order of the ids",
            keys.len(),
            ids.len()
        );
        reader.fault("GithubAppPrivateKey", problem);
        return None;
    }
    let mut apps = ids.into_iter().zip(keys).map(|(id, key)| GithubApp { id, key });
    Some(GithubCredential::Apps { first: apps.next()?, others: apps.collect() })
}

/// Parses the ids of GitHub Apps, with commas between them: numbers, or client ids such as `Iv23liAbc`.
fn app_ids(text: &str) -> Result<Vec<String>, String> {
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    let is_plain = |id: &String| {
        !id.is_empty() && id.chars().all(|c: char| c.is_ascii_alphanumeric() || c == '.')
    };
    if !ids.iter().all(is_plain) {
        return Err(
            "must be the id of the GitHub App, or its client id; several with commas between them"
                .to_owned(),
        );
    }
    match (1..ids.len()).find(|&n| ids[..n].contains(&ids[n])) {
        Some(n) => Err(format!("names App {} twice", ids[n])),
        None => Ok(ids),
    }
}
