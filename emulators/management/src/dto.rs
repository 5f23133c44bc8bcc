//! The JSON of an app's configuration.

use http::StatusCode;
use serde_json::{Map, Value, json};

use emulator_core::service::{Response, json_response};

use crate::error::ManagementError;
use crate::state::restrictions::{DEFAULT_ACTION, RULES, Restrictions};

/// Creates the response that describes the configuration of `app`.
pub(crate) fn configuration(
    app: &str,
    id: &str,
    kind: &str,
    restrictions: &Restrictions,
) -> Response {
    let name = app.rsplit('/').next().unwrap_or_default();
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
    properties[RULES] = Value::Array(restrictions.rules());
    properties[DEFAULT_ACTION] = json!(restrictions.default_action());
    let body = json!({ "id": id, "name": name, "type": kind, "location": "West Europe",
                       "properties": properties });
    json_response(StatusCode::OK, &body)
}

/// Parses the properties that a request changes.
pub(crate) fn parse_properties(body: &[u8]) -> Result<Map<String, Value>, ManagementError> {
    let malformed = |message: &str| ManagementError::of_app(StatusCode::BAD_REQUEST, message);
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| malformed("The request content was invalid and could not be deserialized."))?;
    let is_unknown = |name: &&String| !["properties", "kind"].contains(&name.as_str());
    if let Some(name) = body.as_object().and_then(|body| body.keys().find(is_unknown)) {
        return Err(malformed(&format!("{name} is not a property of SiteConfigResource")));
    }
    let properties = body.get("properties").and_then(Value::as_object);
    properties.cloned().ok_or_else(|| malformed("the request has no properties"))
}
