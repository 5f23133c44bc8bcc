//! Control and inspection by tests: methods, and the same over the control port.

use http::StatusCode;
use serde_json::{Value, json};

use emulator_core::service::{Action, Request, Response, json_response};

use crate::management::Management;
use crate::state::restrictions::{DEFAULT_ACTION, RULES};

/// The actions of the control port.
pub(crate) const ACTIONS: &[Action] = &[("GET", "/restrictions"), ("PUT", "/restrictions")];

impl Management {
    /// Sets the app's rules and its default action, as an operator does in the portal.
    ///
    /// # Errors
    /// If the service would reject the rules; the error is its message.
    pub fn restrict(&self, rules: &[Value], default_action: Option<&str>) -> Result<(), String> {
        let action = default_action.map_or(Value::Null, Value::from);
        let change = json!({ RULES: rules, DEFAULT_ACTION: action });
        let change = change.as_object().expect("an object");
        self.state().restrictions.change(change).map_err(|error| error.message)
    }

    /// Returns the app's rules, including the rule that represents the default action.
    pub fn rules(&self) -> Vec<Value> {
        self.state().restrictions.rules()
    }

    /// Returns the number of times the configuration was written over the API.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// Answers a control port request: `GET /restrictions` returns the rules and the number of writes,
    /// `PUT /restrictions` takes `{"rules":[…],"default_action":"Deny"}`.
    pub(crate) fn handle_control(&self, request: &Request) -> Response {
        match (request.method().as_str(), request.uri().path()) {
            ("GET", "/restrictions") => json_response(
                StatusCode::OK,
                &json!({ "rules": self.rules(), "writes": self.writes() }),
            ),
            ("PUT", "/restrictions") => self.put_restrictions(request.body()),
            (method, path) => {
                let text = format!("{method} {path} is not an action of this control port");
                json_response(StatusCode::NOT_FOUND, &json!({ "error": text }))
            }
        }
    }

    fn put_restrictions(&self, body: &[u8]) -> Response {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let rules = body["rules"].as_array().cloned().unwrap_or_default();
        match self.restrict(&rules, body["default_action"].as_str()) {
            Ok(()) => json_response(StatusCode::OK, &json!({})),
            Err(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
        }
    }
}
