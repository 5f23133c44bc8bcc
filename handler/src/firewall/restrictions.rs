//! Works out which access restrictions of the Function App let GitHub's webhooks in.
//!
//! Rules named `mayfly-hooks-N` are ours. Every other rule passes unchanged, with properties that nobody
//! here knows.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::ranges::{in_order, networks};

/// What the names of our rules begin with, before their number.
const OURS: &str = "mayfly-hooks-";
/// A rule takes so many ranges, IPv4 and IPv6 side by side.
/// <https://azure.github.io/AppService/2021/03/29/General-Availability-of-new-access-restriction-features.html>
const RANGES_A_RULE: usize = 8;
/// The priorities of our rules; the pool's rule and the operators' come after them.
const BAND: RangeInclusive<i64> = 100..=149;

/// The app's access restrictions, as the platform tells them.
#[derive(Clone, Debug, PartialEq)]
pub struct Restrictions {
    rules: Vec<Value>,
    /// What befalls a request that no rule names, where somebody has chosen it.
    default_action: Option<String>,
}

/// The configuration of the app has not the form that is documented.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the app's configuration has no list ipSecurityRestrictions")]
pub struct Unreadable;

/// Our rules cannot be laid beside the others.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unlayable {
    /// The app has no rule, and so is open to everybody.
    ///
    /// The first rule would close it to whom no rule names: the pool, whose runners claim here.
    #[error(
        "the app has no access restrictions at all and is open to everybody: add the rule of the pool's subnet, or choose its default action"
    )]
    Open,
    /// Too few priorities are free.
    #[error("{needed} rules are needed, and {free} priorities from 100 to 149 are free")]
    NoRoom {
        /// How many rules the ranges need.
        needed: usize,
        /// How many priorities no other rule has.
        free: usize,
    },
}

impl Restrictions {
    /// Reads them out of the answer to `GET …/config/web`.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(configuration: &Value) -> Result<Self, Unreadable> {
        let properties = configuration.get("properties").ok_or(Unreadable)?;
        let rules = match properties.get("ipSecurityRestrictions") {
            Some(Value::Array(rules)) => rules.clone(),
            Some(Value::Null) => Vec::new(),
            _ => return Err(Unreadable),
        };
        let default_action = text(properties, "ipSecurityRestrictionsDefaultAction");
        Ok(Self { rules, default_action: default_action.map(str::to_owned) })
    }

    /// Works out the list of rules that admits webhooks from these ranges; `None`: the present one does.
    ///
    /// # Errors
    /// [`Unlayable`].
    pub fn admitting(&self, ranges: &[IpNet]) -> Result<Option<Vec<Value>>, Unlayable> {
        let wanted = in_order(ranges.iter().copied());
        let (ours, others): (Vec<&Value>, Vec<&Value>) =
            self.rules.iter().partition(|rule| is_ours(rule));
        let admitted: Option<Vec<Vec<IpNet>>> = ours.iter().map(|rule| admits(rule)).collect();
        if admitted.is_some_and(|ranges| in_order(ranges.into_iter().flatten()) == wanted) {
            return Ok(None);
        }
        if self.default_action.is_none() && self.rules.iter().all(is_implicit) {
            return Err(Unlayable::Open);
        }
        let laid = lay(&wanted, &free_priorities(&others))?;
        Ok(Some(laid.into_iter().chain(others.into_iter().cloned()).collect()))
    }
}

fn lay(ranges: &[IpNet], priorities: &[i64]) -> Result<Vec<Value>, Unlayable> {
    let needed = ranges.len().div_ceil(RANGES_A_RULE);
    if needed > priorities.len() {
        return Err(Unlayable::NoRoom { needed, free: priorities.len() });
    }
    let places = (1..).zip(priorities);
    Ok(ranges
        .chunks(RANGES_A_RULE)
        .zip(places)
        .map(|(ranges, place)| rule(ranges, place))
        .collect())
}

fn rule(ranges: &[IpNet], (number, priority): (usize, &i64)) -> Value {
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    json!({
        "ipAddress": ranges.join(","),
        "action": "Allow",
        "tag": "Default",
        "priority": priority,
        "name": format!("{OURS}{number}"),
        "description": "GitHub's webhooks; RefreshFirewall keeps it",
    })
}

/// Two rules of one priority are allowed, and which of them counts is told nowhere.
fn free_priorities(others: &[&Value]) -> Vec<i64> {
    let taken: BTreeSet<i64> = others.iter().filter_map(|rule| priority(rule)).collect();
    BAND.filter(|priority| !taken.contains(priority)).collect()
}

fn is_ours(rule: &Value) -> bool {
    let name = text(rule, "name").unwrap_or_default().to_ascii_lowercase();
    let number = name.strip_prefix(OURS).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells an entry with which the platform shows its default action; it is not kept when it is sent back.
fn is_implicit(rule: &Value) -> bool {
    text(rule, "ipAddress").is_some_and(|address| address.eq_ignore_ascii_case("Any"))
}

/// Reads the ranges that one of our rules admits; `None` where it is not as we would lay it.
fn admits(rule: &Value) -> Option<Vec<IpNet>> {
    let allows = text(rule, "action")?.eq_ignore_ascii_case("Allow");
    let plain = text(rule, "tag").is_none_or(|tag| tag.eq_ignore_ascii_case("Default"));
    let bare = ["headers", "subnetMask", "vnetSubnetResourceId"];
    let unconditional = bare.iter().all(|name| rule.get(name).is_none_or(is_nothing));
    let placed = priority(rule).is_some_and(|priority| BAND.contains(&priority));
    let ranges = networks(text(rule, "ipAddress")?).ok()?;
    (allows && plain && unconditional && placed && ranges.len() <= RANGES_A_RULE).then_some(ranges)
}

fn is_nothing(value: &Value) -> bool {
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
