//! Computes the access restrictions of the Function App that admit GitHub's webhooks.
//!
//! Rules named `mayfly-hooks-N` are maintained by this handler. Every other rule is kept unchanged, including
//! properties that this handler does not know.

use crate::ordered::InsertEach;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::ranges::{in_order, networks};

/// Prefix of the names of the maintained rules, before their number.
const RULE_PREFIX: &str = "mayfly-hooks-";
/// Maximum number of ranges in a rule, IPv4 and IPv6 mixed.
/// <https://azure.github.io/AppService/2021/03/29/General-Availability-of-new-access-restriction-features.html>
const MAX_RANGES_PER_RULE: usize = 8;
/// The priorities of the maintained rules. The rules of the pool and the operators come after them.
const PRIORITIES: RangeInclusive<i64> = 100..=149;

/// The app's access restrictions in the platform's format.
#[derive(Clone, Debug, PartialEq)]
pub struct Restrictions {
    rules: Vec<Value>,
    /// The action for a request that matches no rule, if it was set explicitly.
    default_action: Option<String>,
}

/// The app's configuration is not of the documented format.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the app's configuration has no list ipSecurityRestrictions")]
pub struct MalformedRestrictions;

/// The rules cannot be added to the others.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RestrictionsError {
    /// The app has no rule, and so is open to the internet.
    ///
    /// The first rule would block all addresses without a rule, among them the pool, whose runners call ClaimRunner.
    #[error(
        "the app has no access restrictions at all and is open to the internet: add the rule of the pool's subnet, or choose its default action"
    )]
    Open,
    /// Too few priorities are free.
    #[error("{needed} rules are needed, and {free} priorities from 100 to 149 are free")]
    NoRoom {
        /// Number of rules that the ranges need.
        needed: usize,
        /// Number of priorities that no other rule has.
        free: usize,
    },
}

impl Restrictions {
    /// Parses the response to `GET …/config/web`.
    pub fn parse(configuration: &Value) -> Result<Self, MalformedRestrictions> {
        let properties = configuration.get("properties").ok_or(MalformedRestrictions)?;
        let rules = match properties.get("ipSecurityRestrictions") {
            Some(Value::Array(rules)) => rules.clone(),
            Some(Value::Null) => Vec::new(),
            _ => return Err(MalformedRestrictions),
        };
        let default_action = text(properties, "ipSecurityRestrictionsDefaultAction");
        Ok(Self { rules, default_action: default_action.map(str::to_owned) })
    }

    /// Returns the list of rules that admits webhooks from these ranges, or `None` if the present list does.
    ///
    /// # Errors
    /// When the rules cannot be added to the others.
    pub fn admitting(&self, ranges: &[IpNet]) -> Result<Option<Vec<Value>>, RestrictionsError> {
        let desired = in_order(ranges.iter().copied());
        let (maintained, others): (Vec<&Value>, Vec<&Value>) =
            self.rules.iter().partition(|rule| is_maintained(rule));
        let admitted: Option<Vec<Vec<IpNet>>> =
            maintained.iter().map(|rule| admits(rule)).collect();
        if admitted.is_some_and(|ranges| in_order(ranges.into_iter().flatten()) == desired) {
            return Ok(None);
        }
        if self.default_action.is_none() && self.rules.iter().all(is_implicit) {
            return Err(RestrictionsError::Open);
        }
        let rules = create_rules(&desired, &free_priorities(&others))?;
        Ok(Some(rules.into_iter().chain(others.into_iter().cloned()).collect()))
    }
}

fn create_rules(ranges: &[IpNet], priorities: &[i64]) -> Result<Vec<Value>, RestrictionsError> {
    let needed = ranges.len().div_ceil(MAX_RANGES_PER_RULE);
    if needed > priorities.len() {
        return Err(RestrictionsError::NoRoom { needed, free: priorities.len() });
    }
    let numbered = (1..).zip(priorities);
    Ok(ranges
        .chunks(MAX_RANGES_PER_RULE)
        .zip(numbered)
        .map(|(ranges, numbered)| rule(ranges, numbered))
        .collect())
}

fn rule(ranges: &[IpNet], (number, priority): (usize, &i64)) -> Value {
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    json!({
        "ipAddress": ranges.join(","),
        "action": "Allow",
        "tag": "Default",
        "priority": priority,
        "name": format!("{RULE_PREFIX}{number}"),
        "description": "GitHub's webhooks; maintained by RefreshFirewall",
    })
}

/// Lists the unused priorities. Two rules may have one priority, but which of them then wins is undocumented.
fn free_priorities(others: &[&Value]) -> Vec<i64> {
    let used: BTreeSet<i64> = others.iter().filter_map(|rule| priority(rule)).insert_each();
    PRIORITIES.filter(|priority| !used.contains(priority)).collect()
}

fn is_maintained(rule: &Value) -> bool {
    let name = text(rule, "name").unwrap_or_default().to_ascii_lowercase();
    let number = name.strip_prefix(RULE_PREFIX).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a rule only displays the default action. The platform drops it when it is written back.
fn is_implicit(rule: &Value) -> bool {
    text(rule, "ipAddress").is_some_and(|address| address.eq_ignore_ascii_case("Any"))
}

/// Parses the ranges that a maintained rule admits. Returns `None` if another program has changed the rule.
fn admits(rule: &Value) -> Option<Vec<IpNet>> {
    let allows = text(rule, "action")?.eq_ignore_ascii_case("Allow");
    let plain = text(rule, "tag").is_none_or(|tag| tag.eq_ignore_ascii_case("Default"));
    let conditions = ["headers", "subnetMask", "vnetSubnetResourceId"];
    let unconditional = conditions.iter().all(|name| rule.get(name).is_none_or(is_empty));
    let in_band = priority(rule).is_some_and(|priority| PRIORITIES.contains(&priority));
    let ranges = networks(text(rule, "ipAddress")?).ok()?;
    (allows && plain && unconditional && in_band && ranges.len() <= MAX_RANGES_PER_RULE)
        .then_some(ranges)
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value == &json!({}) || value == &json!("")
}

fn priority(rule: &Value) -> Option<i64> {
    rule.get("priority")?.as_i64()
}

fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str()
}

#[cfg(test)]
mod tests;
