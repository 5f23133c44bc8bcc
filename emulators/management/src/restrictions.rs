//! Keeps an app's access restrictions, as the service does.
//!
//! An entry for the address `Any` shows the default action, is never kept, and is made anew for each
//! answer. Where nobody has chosen that action, the first rule closes the app to everybody else, and the
//! last one that goes opens it.
//! <https://learn.microsoft.com/azure/app-service/overview-access-restrictions#unmatched-rule>

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::failure::Failure;

const RULES: &str = "ipSecurityRestrictions";
const DEFAULT_ACTION: &str = "ipSecurityRestrictionsDefaultAction";
const MOST_RULES: usize = 512;
const MOST_RANGES: usize = 8;
/// The members of `IpSecurityRestriction`. The service does not mind others; a misspelt one is found here.
const MEMBERS: [&str; 11] = [
    "ipAddress",
    "subnetMask",
    "vnetSubnetResourceId",
    "vnetTrafficTag",
    "subnetTrafficTag",
    "action",
    "tag",
    "priority",
    "name",
    "description",
    "headers",
];

#[derive(Debug, Default)]
pub(super) struct Restrictions {
    rules: Vec<Map<String, Value>>,
    default_action: Option<String>,
}

impl Restrictions {
    /// Changes what is named, and nothing where any of it is wrong.
    pub(super) fn change(&mut self, named: &Map<String, Value>) -> Result<(), Failure> {
        if let Some(name) =
            named.keys().find(|name| ![RULES, DEFAULT_ACTION].contains(&name.as_str()))
        {
            let text = format!("to write the property {name} is not modelled");
            return Err(Failure::new(StatusCode::NOT_IMPLEMENTED, text));
        }
        let rules = named.get(RULES).map(read_rules).transpose()?;
        let action = named.get(DEFAULT_ACTION).map(read_default_action).transpose()?;
        self.rules = rules.unwrap_or_else(|| std::mem::take(&mut self.rules));
        self.default_action = action.unwrap_or_else(|| self.default_action.take());
        Ok(())
    }

    /// Lists the rules with the one that shows the default action.
    pub(super) fn shown(&self) -> Vec<Value> {
        let implied = if self.rules.is_empty() { "Allow" } else { "Deny" };
        let action = self.default_action.as_deref().unwrap_or(implied);
        let last = json!({
            "ipAddress": "Any",
            "action": action,
            "priority": i32::MAX,
            "name": format!("{action} all"),
            "description": format!("{action} all access"),
        });
        self.rules.iter().cloned().map(Value::Object).chain([last]).collect()
    }

    /// Adds them to a configuration.
    pub(super) fn show_in(&self, properties: &mut Value) {
        properties[RULES] = Value::Array(self.shown());
        properties[DEFAULT_ACTION] = json!(self.default_action);
    }
}

fn bad(text: impl Into<String>) -> Failure {
    Failure::of_app(StatusCode::BAD_REQUEST, text)
}

fn read_default_action(value: &Value) -> Result<Option<String>, Failure> {
    match value {
        Value::Null => Ok(None),
        Value::String(action) if ["Allow", "Deny"].contains(&action.as_str()) => {
            Ok(Some(action.clone()))
        }
        _ => Err(bad(format!("{DEFAULT_ACTION} is {value}"))),
    }
}

fn read_rules(value: &Value) -> Result<Vec<Map<String, Value>>, Failure> {
    let rules = value.as_array().ok_or_else(|| bad(format!("{RULES} is not a list")))?;
    let rules = rules.iter().map(read_rule).collect::<Result<Vec<_>, _>>()?;
    let rules: Vec<_> = rules.into_iter().flatten().collect();
    if rules.len() > MOST_RULES {
        return Err(bad(format!("{} access restrictions are more than {MOST_RULES}", rules.len())));
    }
    Ok(rules)
}

/// Reads a rule; `None` for the one that shows the default action.
fn read_rule(value: &Value) -> Result<Option<Map<String, Value>>, Failure> {
    let mut rule = value.as_object().ok_or_else(|| bad("a rule is not an object"))?.clone();
    rule.retain(|_, value| !value.is_null());
    if let Some(name) = rule.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(bad(format!("{name} is no member of IpSecurityRestriction")));
    }
    let text = |name: &str| rule.get(name).and_then(Value::as_str);
    if !matches!(text("action"), Some("Allow" | "Deny")) {
        return Err(bad("a rule's action is neither Allow nor Deny"));
    }
    let priority = rule.get("priority").and_then(Value::as_i64);
    if !priority.is_some_and(|priority| (1..=i64::from(i32::MAX)).contains(&priority)) {
        return Err(bad("a rule's priority is not a number from 1"));
    }
    match (text("ipAddress"), text("vnetSubnetResourceId"), text("tag")) {
        (Some("Any"), None, _) => return Ok(None),
        (Some(_), None, Some("ServiceTag")) | (None, Some(_), _) => {}
        (Some(ranges), None, None | Some("Default")) => read_ranges(ranges)?,
        _ => return Err(bad("a rule needs either a range or a subnet")),
    }
    Ok(Some(rule))
}

fn read_ranges(text: &str) -> Result<(), Failure> {
    let ranges: Vec<&str> = text.split(',').collect();
    if ranges.len() > MOST_RANGES {
        return Err(bad(format!("{} ranges are more than {MOST_RANGES} in a rule", ranges.len())));
    }
    match ranges.iter().find(|range| !is_range(range)) {
        Some(range) => Err(bad(format!("{range:?} is not a range in CIDR notation"))),
        None => Ok(()),
    }
}

fn is_range(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let widest = match address.parse::<std::net::IpAddr>() {
        Ok(address) if address.is_ipv4() => 32,
        Ok(_) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= widest)
}
