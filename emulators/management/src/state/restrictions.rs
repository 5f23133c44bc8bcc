//! The access restrictions of an app.
//!
//! A rule for the address `Any` represents the default action. It is never stored, but created for each
//! response. If no default action is set, the first rule closes the app to all other clients, and the removal
//! of the last rule opens it.
//! <https://learn.microsoft.com/azure/app-service/overview-access-restrictions#unmatched-rule>

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::error::ManagementError;

/// The property that contains the rules.
pub(crate) const RULES: &str = "ipSecurityRestrictions";
/// The property that contains the default action, or null.
pub(crate) const DEFAULT_ACTION: &str = "ipSecurityRestrictionsDefaultAction";
const MAX_RULES: usize = 512;
const MAX_RANGES_PER_RULE: usize = 8;
/// The properties of `IpSecurityRestriction`. The service ignores others; the emulator rejects them to find a
/// misspelt one.
const RULE_PROPERTIES: [&str; 11] = [
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

/// The rules of an app, and its default action.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    rules: Vec<Map<String, Value>>,
    default_action: Option<String>,
}

impl Restrictions {
    /// Changes the given properties, or none if any of them is invalid.
    pub(crate) fn change(
        &mut self,
        properties: &Map<String, Value>,
    ) -> Result<(), ManagementError> {
        if let Some(name) =
            properties.keys().find(|name| ![RULES, DEFAULT_ACTION].contains(&name.as_str()))
        {
            let text = format!("writing the property {name} is not modelled");
            return Err(ManagementError::new(StatusCode::NOT_IMPLEMENTED, text));
        }
        let rules = properties.get(RULES).map(parse_rules).transpose()?;
        let action = properties.get(DEFAULT_ACTION).map(parse_default_action).transpose()?;
        self.rules = rules.unwrap_or_else(|| std::mem::take(&mut self.rules));
        self.default_action = action.unwrap_or_else(|| self.default_action.take());
        Ok(())
    }

    /// Returns the rules, including the rule that represents the default action.
    pub(crate) fn rules(&self) -> Vec<Value> {
        let implicit = if self.rules.is_empty() { "Allow" } else { "Deny" };
        let action = self.default_action.as_deref().unwrap_or(implicit);
        let default_rule = json!({
            "ipAddress": "Any",
            "action": action,
            "priority": i32::MAX,
            "name": format!("{action} all"),
            "description": format!("{action} all access"),
        });
        self.rules.iter().cloned().map(Value::Object).chain([default_rule]).collect()
    }

    /// Returns the default action, if it is set.
    pub(crate) fn default_action(&self) -> Option<&str> {
        self.default_action.as_deref()
    }
}

fn invalid(text: impl Into<String>) -> ManagementError {
    ManagementError::of_app(StatusCode::BAD_REQUEST, text)
}

fn parse_default_action(value: &Value) -> Result<Option<String>, ManagementError> {
    match value {
        Value::Null => Ok(None),
        Value::String(action) if ["Allow", "Deny"].contains(&action.as_str()) => {
            Ok(Some(action.clone()))
        }
        _ => Err(invalid(format!("{DEFAULT_ACTION} must be Allow or Deny, not {value}"))),
    }
}

fn parse_rules(value: &Value) -> Result<Vec<Map<String, Value>>, ManagementError> {
    let rules = value.as_array().ok_or_else(|| invalid(format!("{RULES} is not an array")))?;
    let rules = rules.iter().map(parse_rule).collect::<Result<Vec<_>, _>>()?;
    let rules: Vec<_> = rules.into_iter().flatten().collect();
    if rules.len() > MAX_RULES {
        return Err(invalid(format!(
            "{} access restrictions exceed the maximum of {MAX_RULES}",
            rules.len()
        )));
    }
    Ok(rules)
}

/// Parses a rule; returns `None` for the rule that represents the default action.
fn parse_rule(value: &Value) -> Result<Option<Map<String, Value>>, ManagementError> {
    let mut rule = value.as_object().ok_or_else(|| invalid("a rule is not an object"))?.clone();
    rule.retain(|_, value| !value.is_null());
    if let Some(name) = rule.keys().find(|name| !RULE_PROPERTIES.contains(&name.as_str())) {
        return Err(invalid(format!("{name} is not a property of IpSecurityRestriction")));
    }
    let text = |name: &str| rule.get(name).and_then(Value::as_str);
    if !matches!(text("action"), Some("Allow" | "Deny")) {
        return Err(invalid("the action of a rule must be Allow or Deny"));
    }
    let priority = rule.get("priority").and_then(Value::as_i64);
    if !priority.is_some_and(|priority| (1..=i64::from(i32::MAX)).contains(&priority)) {
        return Err(invalid("the priority of a rule must be at least 1"));
    }
    match (text("ipAddress"), text("vnetSubnetResourceId"), text("tag")) {
        (Some("Any"), None, _) => return Ok(None),
        (Some(_), None, Some("ServiceTag")) | (None, Some(_), _) => {}
        (Some(ranges), None, None | Some("Default")) => parse_ranges(ranges)?,
        _ => return Err(invalid("a rule must have either a range or a subnet")),
    }
    Ok(Some(rule))
}

fn parse_ranges(text: &str) -> Result<(), ManagementError> {
    let ranges: Vec<&str> = text.split(',').collect();
    if ranges.len() > MAX_RANGES_PER_RULE {
        return Err(invalid(format!(
            "{} ranges in a rule exceed the maximum of {MAX_RANGES_PER_RULE}",
            ranges.len()
        )));
    }
    match ranges.iter().find(|range| !is_range(range)) {
        Some(range) => Err(invalid(format!("{range:?} is not a range in CIDR notation"))),
        None => Ok(()),
    }
}

fn is_range(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let max_length = match address.parse::<std::net::IpAddr>() {
        Ok(address) if address.is_ipv4() => 32,
        Ok(_) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= max_length)
}
