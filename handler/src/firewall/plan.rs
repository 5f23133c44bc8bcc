//! Plans what brings both gates to the ranges that are to be admitted.
//!
//! A delivery must pass both gates, and each is changed by one write that replaces its whole set. A range
//! that stays is therefore never shut out in between, in whichever order the two are written; a new one is
//! admitted after the second write, and one that GitHub dropped is refused after the first. The ranges
//! that are kept come first: they need no right on the app, and are current also where that is missing.

use ipnet::IpNet;
use serde_json::Value;

use super::kept::Kept;
use super::published::{Implausible, judge};
use super::ranges::in_order;
use super::restrictions::{Restrictions, Unlayable};

/// What GitHub answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It has the tag of the answer that is kept.
    Unchanged,
    /// This, under this tag.
    Hooks(Value, Option<String>),
}

/// Which ranges are to be admitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted<'a> {
    /// Those of a setting. What is kept is left alone: no process reads it.
    Listed(&'a [IpNet]),
    /// Those that GitHub publishes.
    Published {
        /// The ranges that hold where none are kept.
        built_in: &'a [IpNet],
        /// What is kept.
        kept: Option<&'a Kept>,
        /// What GitHub answered.
        answer: Answer,
    },
}

/// What there is to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is to be kept for all processes, where that differs.
    pub keep: Option<Kept>,
    /// The ranges to admit.
    ranges: Vec<IpNet>,
}

/// Plans a run.
///
/// # Errors
/// [`Implausible`]: nothing at all is to be changed.
pub fn plan(wanted: Wanted<'_>) -> Result<Plan, Implausible> {
    let (built_in, kept, answer) = match wanted {
        Wanted::Listed(ranges) => return Ok(Plan { keep: None, ranges: ranges.to_vec() }),
        Wanted::Published { built_in, kept, answer } => (built_in, kept, answer),
    };
    let in_force = kept.map_or(built_in, |kept| &kept.ranges);
    let (ranges, tag) = match answer {
        // Only what is kept has a tag that GitHub could confirm.
        Answer::Unchanged => (in_force.to_vec(), None),
        Answer::Hooks(hooks, tag) => (judge(&hooks, in_force)?, tag),
    };
    // The tag covers far more than the ranges and changes often; by itself it is no reason to write.
    let same =
        kept.is_some_and(|kept| in_order(kept.ranges.iter().copied()) == in_order(ranges.clone()));
    let keep = (!same).then(|| Kept { ranges: ranges.clone(), tag });
    Ok(Plan { keep, ranges })
}

impl Plan {
    /// Plans the app's rules: the list to write, or `None` where the present one will do.
    ///
    /// # Errors
    /// [`Unlayable`].
    pub fn rules(&self, present: &Restrictions) -> Result<Option<Vec<Value>>, Unlayable> {
        present.admitting(&self.ranges)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::firewall::ranges::{built_in, networks};

    fn hooks(texts: &str, tag: &str) -> Answer {
        let texts: Vec<&str> = texts.split_whitespace().collect();
        Answer::Hooks(json!(texts), Some(tag.to_owned()))
    }

    fn planned(kept: Option<&Kept>, answer: Answer) -> Result<Plan, Implausible> {
        plan(Wanted::Published { built_in: &built_in(), kept, answer })
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let answer = || hooks("140.82.112.0/20 20.1.2.0/28", "one");
        let first = planned(None, answer()).expect("plausible");
        let kept = first.keep.clone().expect("none were kept");
        assert_eq!(kept.ranges, networks("20.1.2.0/28 140.82.112.0/20").expect("networks"));
        let present = json!({ "properties": { "ipSecurityRestrictions": [{ "name": "pool", "priority": 200 }] } });
        let present = Restrictions::read(&present).expect("rules");
        let rules = first.rules(&present).expect("room").expect("none were there");

        let second = planned(Some(&kept), answer()).expect("plausible");
        assert_eq!(second.keep, None);
        let laid = json!({ "properties": { "ipSecurityRestrictions": rules } });
        assert_eq!(second.rules(&Restrictions::read(&laid).expect("rules")), Ok(None));
    }

    #[test]
    fn neither_another_order_nor_another_tag_is_a_reason_to_write() {
        let ranges = networks("140.82.112.0/20 20.1.2.0/28").expect("networks");
        let kept = Kept { ranges, tag: Some("one".to_owned()) };
        let other = hooks("20.1.2.0/28 140.82.112.0/20 20.1.2.7/28", "two");
        assert_eq!(planned(Some(&kept), other).expect("plausible").keep, None);
        assert_eq!(planned(Some(&kept), Answer::Unchanged).expect("kept").keep, None);
    }

    #[test]
    fn what_is_in_force_is_what_is_kept_and_without_it_what_was_built_in() {
        let moved = || hooks("20.1.2.0/28", "two");
        assert_eq!(planned(None, moved()), Err(Implausible::AllDifferent));
        let kept = Kept { ranges: networks("20.1.2.0/24").expect("networks"), tag: None };
        let plan = planned(Some(&kept), moved()).expect("it touches what is kept");
        assert_eq!(plan.keep.expect("narrower").ranges, networks("20.1.2.0/28").expect("networks"));
        let lost = hooks("140.82.112.0/20", "three");
        assert_eq!(planned(Some(&kept), lost), Err(Implausible::AllDifferent));
    }

    #[test]
    fn a_list_of_a_setting_wins_and_is_kept_nowhere() {
        let listed = networks("10.0.0.0/8").expect("networks");
        let plan = plan(Wanted::Listed(&listed)).expect("a list is not judged");
        assert_eq!(plan.keep, None);
        let present = json!({ "properties": { "ipSecurityRestrictions": [],
                                              "ipSecurityRestrictionsDefaultAction": "Deny" } });
        let rules = plan.rules(&Restrictions::read(&present).expect("rules")).expect("room");
        assert_eq!(rules.expect("a rule")[0]["ipAddress"], "10.0.0.0/8");
    }
}
