//! Emulates Azure's management API, as far as the access restrictions of one Function App go.
//!
//! Written from the public description of `Microsoft.Web`, and from recorded answers of the service. The
//! configuration is read whole; of what can be written, only the access restrictions of the app itself are
//! modelled. Roles are not: whoever has a token for the API may do everything.
//!
//! <https://learn.microsoft.com/rest/api/appservice/web-apps/get-configuration>
//! <https://learn.microsoft.com/rest/api/appservice/web-apps/update-configuration>

use std::sync::{Arc, Mutex, MutexGuard};

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use emulator_core::clock::Clock;
use emulator_core::events::EventContext;
use emulator_core::service::{Emulator, Request, Response, json_response};

mod access;
mod failure;
mod restrictions;

use failure::Failure;
use restrictions::Restrictions;

/// The version of the API that is modelled.
const VERSION: &str = "2024-11-01";
/// What is asked of an app, below its id.
const CONFIGURATION: &str = "/config/web";

/// What the API knows.
#[derive(Clone, Debug)]
pub struct Options {
    /// The resource id of the Function App.
    pub app: String,
    /// The audience that a token must have; none: the address that each request came to.
    pub audience: Option<String>,
}

/// The management API of one Function App.
#[derive(Debug)]
pub struct Management {
    options: Options,
    site: EventContext,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    restrictions: Restrictions,
    writes: u64,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Reads the configuration.
    GetConfiguration,
    /// Changes the properties that are named.
    UpdateConfiguration,
}

impl Management {
    /// Makes the API of an app without access restrictions.
    pub fn new(options: Options, site: EventContext) -> Arc<Self> {
        Arc::new(Self { options, site, state: Mutex::default() })
    }

    /// Sets the app's rules and its default action, as somebody in the portal.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn restrict(&self, rules: &[Value], default_action: Option<&str>) -> Result<(), String> {
        let action = default_action.map_or(Value::Null, Value::from);
        let change = json!({ "ipSecurityRestrictions": rules,
                             "ipSecurityRestrictionsDefaultAction": action });
        let change = change.as_object().expect("an object");
        self.state().restrictions.change(change).map_err(|failure| failure.message)
    }

    /// Lists the app's rules, with the one that shows its default action.
    pub fn rules(&self) -> Vec<Value> {
        self.state().restrictions.shown()
    }

    /// Tells how often the configuration was written over the API.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    fn act(&self, operation: Operation, request: &Request) -> Result<Response, Failure> {
        access::admit(request, self.options.audience.as_deref(), self.site.clock.now())?;
        self.is_of_this_version(request)?;
        let path = request.uri().path().trim_end_matches(CONFIGURATION);
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        if !decoded.eq_ignore_ascii_case(&self.options.app) {
            let text = format!("The Resource '{decoded}' was not found.");
            return Err(Failure::new(StatusCode::NOT_FOUND, text));
        }
        let mut state = self.state();
        if operation == Operation::GetConfiguration {
            let id = format!("{}{CONFIGURATION}", self.options.app);
            return Ok(self.configuration(&state, &id, "Microsoft.Web/sites/config"));
        }
        let change = properties(request.body())?;
        state.restrictions.change(&change)?;
        state.writes += 1;
        // The answer to a write is that of the app, and it alone has a tag, which no request can use.
        let mut answer = self.configuration(&state, &self.options.app, "Microsoft.Web/sites");
        let tag = HeaderValue::from_str(&format!("\"{:015X}\"", state.writes));
        answer.headers_mut().insert(header::ETAG, tag.expect("hexadecimal digits"));
        Ok(answer)
    }

    fn is_of_this_version(&self, request: &Request) -> Result<(), Failure> {
        let query = request.uri().query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        match pairs.find(|(name, _)| name.eq_ignore_ascii_case("api-version")) {
            Some((_, version)) if version == VERSION => Ok(()),
            Some((_, version)) => {
                let text = format!("the api-version {version} is not modelled");
                Err(Failure::new(StatusCode::NOT_IMPLEMENTED, text))
            }
            None => {
                let text =
                    "The api-version query parameter (?api-version=) is required for all requests.";
                Err(Failure::named(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", text))
            }
        }
    }

    fn configuration(&self, state: &State, id: &str, kind: &str) -> Response {
        let name = self.options.app.rsplit('/').next().unwrap_or_default();
        let mut properties = json!({
            "numberOfWorkers": 1,
            "linuxFxVersion": "",
            "alwaysOn": false,
            "appSettings": null,
            "http20Enabled": true,
            "minTlsVersion": "1.2",
            "ftpsState": "Disabled",
            "scmIpSecurityRestrictionsUseMain": false,
        });
        state.restrictions.show_in(&mut properties);
        let body = json!({ "id": id, "name": name, "type": kind, "location": "West Europe",
                           "properties": properties });
        json_response(StatusCode::OK, &body)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock can panic")
    }
}

/// Reads the properties that a request changes.
fn properties(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    let malformed = |text: &str| Failure::of_app(StatusCode::BAD_REQUEST, text);
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| malformed("The request content was invalid and could not be deserialized."))?;
    let strange = |name: &&String| !["properties", "kind"].contains(&name.as_str());
    if let Some(name) = body.as_object().and_then(|body| body.keys().find(strange)) {
        return Err(malformed(&format!("{name} is no member of SiteConfigResource")));
    }
    let properties = body.get("properties").and_then(Value::as_object);
    properties.cloned().ok_or_else(|| malformed("there are no properties"))
}

impl Emulator for Management {
    const NAME: &'static str = "management";
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Option<Operation> {
        let app = request.uri().path().strip_suffix(CONFIGURATION)?;
        let parts: Vec<String> = app.split('/').map(str::to_ascii_lowercase).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let ["", "subscriptions", _, "resourcegroups", _, "providers", "microsoft.web", "sites", _] =
            parts[..]
        else {
            return None;
        };
        match *request.method() {
            Method::GET => Some(Operation::GetConfiguration),
            Method::PATCH => Some(Operation::UpdateConfiguration),
            _ => None,
        }
    }

    async fn answer(&self, operation: Operation, request: Request) -> Response {
        self.act(operation, &request).unwrap_or_else(Failure::into_response)
    }

    fn failure(&self, status: StatusCode, message: &str) -> Response {
        Failure::new(status, message).into_response()
    }

    fn clock(&self) -> &Clock {
        &self.site.clock
    }

    /// `GET /restrictions` lists the rules; `PUT` sets them, `{"rules":[…],"default_action":"Deny"}`.
    async fn control(&self, request: Request) -> Response {
        match (request.method().as_str(), request.uri().path()) {
            ("GET", "/restrictions") => json_response(
                StatusCode::OK,
                &json!({ "rules": self.rules(), "writes": self.writes() }),
            ),
            ("PUT", "/restrictions") => self.restricted(request.body()),
            (method, path) => {
                let text = format!("{method} {path} is not an action of this control port");
                json_response(StatusCode::NOT_FOUND, &json!({ "error": text }))
            }
        }
    }
}

impl Management {
    fn restricted(&self, body: &[u8]) -> Response {
        let order: Value = serde_json::from_slice(body).unwrap_or_default();
        let rules = order["rules"].as_array().cloned().unwrap_or_default();
        match self.restrict(&rules, order["default_action"].as_str()) {
            Ok(()) => json_response(StatusCode::OK, &json!({})),
            Err(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
        }
    }
}

#[cfg(test)]
mod tests;
