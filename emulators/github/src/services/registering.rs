//! Registers runners with a registration token.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::GitHub;
use crate::answer::Refusal;
use crate::credentials;
use crate::group::Group;
use crate::keys::PublicKey;
use crate::refusals::VersionCheck;
use crate::registration::{NewRunner, Registration};
use crate::scope::Scope;
use crate::shapes::Base;
use crate::state::{NotRegistered, State};
use emulator_core::service::{Request, Response, json_response};

use super::{credential, read};

#[derive(Deserialize)]
struct Registering {
    url: String,
    name: String,
    version: String,
    labels: Vec<String>,
    group: Option<String>,
    ephemeral: bool,
    replace: bool,
    public_key: String,
}

impl GitHub {
    /// A token that is unknown, expired or for another scope is not found, as GitHub has it.
    pub(super) fn register_runner(&self, request: &Request) -> Result<Response, Refusal> {
        let asked: Registering = read(request)?;
        if self.refuses(VersionCheck::Registration, &asked.version) {
            return Err(Refusal::new(StatusCode::NOT_FOUND, self.too_old_to_register()));
        }
        let url = url::Url::parse(&asked.url).map_err(|_| Refusal::not_found())?;
        let key = PublicKey::of_xml(&asked.public_key);
        let key = key.ok_or_else(|| Refusal::invalid("the public key is missing"))?;
        let token = credential(request, "RemoteAuth").unwrap_or_default();
        let base = self.options.base_of(request);
        self.step(|state, now| {
            let named = Scope::of_web_path(url.path()).and_then(|scope| state.known(&scope));
            let scope = state.token_scope(token, now).filter(|scope| named.as_ref() == Some(scope));
            let scope = scope.ok_or_else(Refusal::not_found)?;
            let group = group_named(state, &scope, asked.group.as_deref())?;
            let former = state.runner_named(&scope, &asked.name).filter(|_| asked.replace);
            if let Some(id) = former.filter(|former| !former.busy).map(|former| former.id) {
                state.remove(id, now);
            }
            let order = NewRunner {
                name: asked.name,
                scope,
                group: group.id,
                labels: asked.labels,
                ephemeral: asked.ephemeral,
            };
            let id = state.register(order, Some(key), now).map_err(not_registered)?;
            Ok(json_response(StatusCode::OK, &registered(&state.registrations[&id], &group, &base)))
        })
    }

    fn too_old_to_register(&self) -> String {
        let least = self.options.minimum_version.as_deref().unwrap_or_default();
        format!(
            "Your runner version is out of date and can no longer register with GitHub. \
             The minimum runner version is now {least}."
        )
    }
}

fn group_named(state: &State, scope: &Scope, name: Option<&str>) -> Result<Group, Refusal> {
    let wanted = name.unwrap_or("Default");
    let mut groups = state.groups_of(scope).into_iter();
    groups.find(|group| group.name.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let text = format!("Could not find any self-hosted runner group named \"{wanted}\".");
        Refusal::invalid(text)
    })
}

/// Writes what a runner must know to write its own configuration.
fn registered(of: &Registration, group: &Group, base: &Base) -> Value {
    json!({
        "id": of.runner.id,
        "name": of.runner.name,
        "pool_id": group.id,
        "pool_name": group.name,
        "authorization": {
            "authorization_url": credentials::authorization_url(base),
            "server_url": credentials::server_url(base),
            "client_id": of.client_id,
        },
    })
}

fn not_registered(reason: NotRegistered) -> Refusal {
    match reason {
        NotRegistered::NameTaken => {
            Refusal::new(StatusCode::CONFLICT, "A runner exists with the same name.")
        }
        NotRegistered::NoSuchGroup => Refusal::not_found(),
    }
}
