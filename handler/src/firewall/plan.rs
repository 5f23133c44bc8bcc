//! Plans the updates of both firewalls to the ranges that must be admitted.
//!
//! A delivery must pass both firewalls, and each is updated by one write that replaces its whole list. So a range
//! that is in both lists is never blocked in between, in whichever order they are written. A new range is admitted
//! after the second write, and one that GitHub removed is blocked after the first. The stored ranges are written
//! first: this requires no role on the app, so they are current even if that role is missing.

use ipnet::IpNet;
use serde_json::Value;

use super::published::{Implausible, validate};
use super::ranges::in_order;
use super::restrictions::{Restrictions, RestrictionsError};
use super::stored::StoredRanges;

/// GitHub's response to the request for its ranges.
#[derive(Clone, Debug, PartialEq)]
pub enum MetaResponse {
    /// The list has not changed since the stored one.
    Unchanged,
    /// The list, and its entity tag.
    Hooks(Value, Option<String>),
}

/// The ranges that must be admitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Desired<'a> {
    /// Those of a setting. The stored ranges are left alone: no process reads them.
    Listed(&'a [IpNet]),
    /// Those that GitHub publishes.
    Published {
        /// The ranges in force if none are stored.
        built_in: &'a [IpNet],
        /// The stored ranges.
        stored: Option<&'a StoredRanges>,
        /// GitHub's response.
        response: MetaResponse,
    },
}

/// The updates to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The ranges to store for all processes, if they differ from the stored ones.
    pub store: Option<StoredRanges>,
    /// The ranges to admit.
    ranges: Vec<IpNet>,
}

/// Plans the updates.
///
/// # Errors
/// When GitHub's list is implausible; then nothing must be changed.
pub fn plan(desired: Desired<'_>) -> Result<Plan, Implausible> {
    let (built_in, stored, response) = match desired {
        Desired::Listed(ranges) => return Ok(Plan { store: None, ranges: ranges.to_vec() }),
        Desired::Published { built_in, stored, response } => (built_in, stored, response),
    };
    let in_force = stored.map_or(built_in, |stored| &stored.ranges);
    let (ranges, tag) = match response {
        // Only stored ranges have a tag that GitHub could confirm.
        MetaResponse::Unchanged => (in_force.to_vec(), None),
        MetaResponse::Hooks(hooks, tag) => (validate(&hooks, in_force)?, tag),
    };
    // The tag covers far more than the ranges and changes often, so a new tag alone is no reason to write.
    let same = stored
        .is_some_and(|stored| in_order(stored.ranges.iter().copied()) == in_order(ranges.clone()));
    let store = (!same).then(|| StoredRanges { ranges: ranges.clone(), tag });
    Ok(Plan { store, ranges })
}

impl Plan {
    /// Returns the ranges to admit.
    pub fn ranges(&self) -> &[IpNet] {
        &self.ranges
    }

    /// Returns the app's rules to write, or `None` if its present rules suffice.
    ///
    /// # Errors
    /// When the rules cannot be added to the present ones.
    pub fn rules(&self, present: &Restrictions) -> Result<Option<Vec<Value>>, RestrictionsError> {
        present.admitting(&self.ranges)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::firewall::ranges::{built_in, networks};

    fn hooks(texts: &str, tag: &str) -> MetaResponse {
        let texts: Vec<&str> = texts.split_whitespace().collect();
        MetaResponse::Hooks(json!(texts), Some(tag.to_owned()))
    }

    fn planned(stored: Option<&StoredRanges>, response: MetaResponse) -> Result<Plan, Implausible> {
        plan(Desired::Published { built_in: &built_in(), stored, response })
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let response = || hooks("140.82.112.0/20 20.1.2.0/28", "one");
        let first = planned(None, response()).expect("plausible");
        let stored = first.store.clone().expect("none were stored");
        assert_eq!(stored.ranges, networks("20.1.2.0/28 140.82.112.0/20").expect("networks"));
        let present = json!({ "properties": { "ipSecurityRestrictions": [{ "name": "pool", "priority": 200 }] } });
        let present = Restrictions::parse(&present).expect("rules");
        let rules = first.rules(&present).expect("room").expect("none were there");

        let second = planned(Some(&stored), response()).expect("plausible");
        assert_eq!(second.store, None);
        let written = json!({ "properties": { "ipSecurityRestrictions": rules } });
        assert_eq!(second.rules(&Restrictions::parse(&written).expect("rules")), Ok(None));
    }

    #[test]
    fn another_order_or_another_tag_causes_no_write() {
        let ranges = networks("140.82.112.0/20 20.1.2.0/28").expect("networks");
        let stored = StoredRanges { ranges, tag: Some("one".to_owned()) };
        let other = hooks("20.1.2.0/28 140.82.112.0/20 20.1.2.7/28", "two");
        assert_eq!(planned(Some(&stored), other).expect("plausible").store, None);
        assert_eq!(planned(Some(&stored), MetaResponse::Unchanged).expect("stored").store, None);
    }

    #[test]
    fn stored_ranges_take_precedence_over_the_built_in_ones() {
        let moved = || hooks("20.1.2.0/28", "two");
        assert_eq!(planned(None, moved()), Err(Implausible::AllDifferent));
        let stored = StoredRanges { ranges: networks("20.1.2.0/24").expect("networks"), tag: None };
        let plan = planned(Some(&stored), moved()).expect("it overlaps the stored range");
        assert_eq!(
            plan.store.expect("narrower").ranges,
            networks("20.1.2.0/28").expect("networks")
        );
        let lost = hooks("140.82.112.0/20", "three");
        assert_eq!(planned(Some(&stored), lost), Err(Implausible::AllDifferent));
    }

    #[test]
    fn a_listed_range_takes_precedence_and_is_not_stored() {
        let listed = networks("10.0.0.0/8").expect("networks");
        let plan = plan(Desired::Listed(&listed)).expect("a setting is not checked");
        assert_eq!(plan.store, None);
        let present = json!({ "properties": { "ipSecurityRestrictions": [],
                                              "ipSecurityRestrictionsDefaultAction": "Deny" } });
        let rules = plan.rules(&Restrictions::parse(&present).expect("rules")).expect("room");
        assert_eq!(rules.expect("a rule")[0]["ipAddress"], "10.0.0.0/8");
    }
}
