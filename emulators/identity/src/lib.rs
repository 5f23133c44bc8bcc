//! Emulates the token service that a function app with a managed identity finds beside it.
//!
//! The platform names it in two environment variables, `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`; a token
//! is one GET away. Written from "How to use managed identities for App Service and Azure Functions",
//! protocol version 2019-08-01. The older one (`secret`, `clientid`), identities told by principal or
//! resource id, and continuous access (`bypass_cache`) are not modelled.
//!
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use http::{Method, StatusCode};
use serde_json::json;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response, json_response};

mod token;

use token::{Issuer, Token};

/// Where the endpoint stands at its address, as on the platform.
pub const PATH: &str = "/msi/token";
const VERSION: &str = "2019-08-01";
const PARAMETERS: [&str; 3] = ["api-version", "resource", "client_id"];

/// Which identities an app has, and what opens the endpoint.
#[derive(Clone, Debug)]
pub struct Options {
    /// What `IDENTITY_HEADER` holds.
    pub header: String,
    /// The client id of the system-assigned identity, if there is one.
    pub system_assigned: Option<String>,
    /// The client ids of the user-assigned identities.
    pub user_assigned: Vec<String>,
}

/// The token service of one app.
#[derive(Debug)]
pub struct Identity {
    options: Options,
    site: EventContext,
    issuer: Issuer,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    issued: BTreeMap<Asked, Token>,
    asked: BTreeSet<Asked>,
}

/// A resource that a token was asked for, and the identity that it was asked for.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Asked {
    /// The resource, as in the token's audience.
    pub resource: String,
    /// The identity's client id.
    pub client_id: String,
}

/// What the endpoint does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Hands out a token.
    GetToken,
}

impl Identity {
    /// Makes the token service of an app.
    pub fn new(options: Options, site: EventContext) -> Arc<Self> {
        let issuer = Issuer::new(&options.header);
        Arc::new(Self { options, site, issuer, state: Mutex::default() })
    }

    /// Tells the token that the app is handed out for an identity: the one of before, for the hours that the
    /// platform keeps it.
    pub fn token(&self, resource: &str, client_id: &str) -> String {
        let asked = Asked { resource: resource.to_owned(), client_id: client_id.to_owned() };
        self.kept_or_issued(&mut self.state(), asked).text
    }

    /// Lists what the app has asked tokens for, each once.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.iter().cloned().collect()
    }

    fn hand_out(&self, asked: Asked) -> Token {
        let mut state = self.state();
        state.asked.insert(asked.clone());
        self.kept_or_issued(&mut state, asked)
    }

    fn kept_or_issued(&self, state: &mut State, asked: Asked) -> Token {
        let now = self.site.clock.now();
        match state.issued.get(&asked) {
            Some(token) if token.is_kept(now) => token.clone(),
            _ => {
                let token = self.issuer.issue(&asked.resource, &asked.client_id, now);
                state.issued.insert(asked, token.clone());
                token
            }
        }
    }

    fn act(&self, request: &Request) -> Result<Response, (StatusCode, &'static str)> {
        let header = request.headers().get("x-identity-header").map(|value| value.as_bytes());
        let expected = self.options.header.as_bytes();
        if !header.is_some_and(|header| bool::from(header.ct_eq(expected))) {
            return Err((
                StatusCode::UNAUTHORIZED,
                "X-IDENTITY-HEADER is not that of IDENTITY_HEADER",
            ));
        }
        let query = query(request);
        let required = |name| match query.get(name) {
            Some(value) if !value.is_empty() => Ok(value.clone()),
            _ => Err((StatusCode::BAD_REQUEST, "api-version and resource are required")),
        };
        if required("api-version")? != VERSION {
            return Err((StatusCode::BAD_REQUEST, "the api-version is not supported"));
        }
        let client_id = self.identity(query.get("client_id"));
        let client_id =
            client_id.ok_or((StatusCode::BAD_REQUEST, "the app has no such managed identity"))?;
        let resource = required("resource")?;
        let token =
            self.hand_out(Asked { resource: resource.clone(), client_id: client_id.clone() });
        let answer = json!({
            "access_token": token.text,
            "client_id": client_id,
            "expires_on": token.expires_on.timestamp().to_string(),
            "not_before": token.not_before.timestamp().to_string(),
            "resource": resource,
            "token_type": "Bearer",
        });
        Ok(json_response(StatusCode::OK, &answer))
    }

    fn identity(&self, asked: Option<&String>) -> Option<String> {
        match asked {
            None => self.options.system_assigned.clone(),
            Some(id) => self.options.user_assigned.iter().find(|known| *known == id).cloned(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

fn query(request: &Request) -> BTreeMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

impl Emulator for Identity {
    const NAME: &'static str = "identity";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        let known = |name: &String| PARAMETERS.contains(&name.as_str());
        let modelled = request.method() == Method::GET
            && request.uri().path().eq_ignore_ascii_case(PATH)
            && query(request).keys().all(known);
        modelled.then_some(Operation::GetToken)
    }

    async fn answer(&self, _: Operation, request: Request) -> Response {
        self.act(&request).unwrap_or_else(|(status, message)| self.failure(status, message))
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        json_response(status, &json!({ "statusCode": status.as_u16(), "message": message }))
    }

    fn clock(&self) -> &Clock {
        &self.site.clock
    }
}

#[cfg(test)]
mod tests;
