//! Reads NCRONTAB expressions: six fields, seconds first, Sunday is 0.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};

/// A schedule that the host does not understand.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{expression:?} is no schedule: {trouble}")]
pub struct BadSchedule {
    /// The expression.
    pub expression: String,
    /// What is wrong with it.
    pub trouble: String,
}

/// The times at which a timer fires, in UTC.
#[derive(Clone, Debug)]
pub(crate) struct Schedule(Box<cron::Schedule>);

impl Schedule {
    /// Reads an expression.
    pub(crate) fn parse(expression: &str) -> Result<Self, BadSchedule> {
        let bad = |trouble: String| BadSchedule { expression: expression.to_owned(), trouble };
        if expression.contains(':') {
            return Err(bad("a time span is understood on App Service plans only".to_owned()));
        }
        let fields: Vec<_> = expression.split_whitespace().collect();
        let [second, minute, hour, day, month, weekday] = fields[..] else {
            return Err(bad(format!("it has {} fields, not six", fields.len())));
        };
        let weekday = counted_from_one(weekday).map_err(bad)?;
        let quartz = [second, minute, hour, day, month, &weekday].join(" ");
        let schedule = cron::Schedule::from_str(&quartz).map_err(|err| bad(err.to_string()))?;
        Ok(Self(Box::new(schedule)))
    }

    /// Tells the first time after another.
    pub(crate) fn after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.after(&time).next()
    }
}

/// Rewrites a weekday field for a parser that counts Sunday as 1; names mean the same to both.
fn counted_from_one(field: &str) -> Result<String, String> {
    let parts: Result<Vec<_>, _> = field.split(',').map(part_from_one).collect();
    parts.map(|parts| parts.join(","))
}

fn part_from_one(part: &str) -> Result<String, String> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, format!("/{step}")),
        None => (part, String::new()),
    };
    let days: Result<Vec<_>, _> = range.split('-').map(day_from_one).collect();
    Ok(days?.join("-") + &step)
}

fn day_from_one(day: &str) -> Result<String, String> {
    match day.parse::<u8>() {
        Ok(number @ 0..=6) => Ok((number + 1).to_string()),
        Ok(number) => Err(format!("weekday {number} is none of 0 to 6")),
        Err(_) => Ok(day.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: &[&str]) {
        // 2026-11-21 is a Saturday.
        let mut time: DateTime<Utc> = "2026-11-21T10:00:30Z".parse().expect("a time");
        let schedule = Schedule::parse(expression).expect("a schedule");
        for expected in expected {
            time = schedule.after(time).expect("there is a next time");
            assert_eq!(time.format("%a %d %H:%M:%S").to_string(), *expected, "{expression}");
        }
    }

    #[test]
    fn expressions_mean_what_ncrontab_means() {
        check("0 */2 * * * *", &["Sat 21 10:02:00", "Sat 21 10:04:00"]);
        check("0 0 */6 * * *", &["Sat 21 12:00:00", "Sat 21 18:00:00"]);
        check("0 30 9 * * 0", &["Sun 22 09:30:00", "Sun 29 09:30:00"]);
        check("0 30 9 * * 1-5", &["Mon 23 09:30:00", "Tue 24 09:30:00"]);
        check("0 30 9 * * Fri,6", &["Fri 27 09:30:00", "Sat 28 09:30:00"]);
        check("0 0 0 * * */3", &["Sun 22 00:00:00", "Wed 25 00:00:00", "Sat 28 00:00:00"]);
    }

    #[test]
    fn what_is_no_schedule_says_why() {
        let said = ["00:02:00", "*/2 * * * *", "0 0 0 * * 7"]
            .map(|text| Schedule::parse(text).expect_err("no schedule").to_string());
        insta::assert_snapshot!(said.join("\n"), @r#"
        "00:02:00" is no schedule: a time span is understood on App Service plans only
        "*/2 * * * *" is no schedule: it has 5 fields, not six
        "0 0 0 * * 7" is no schedule: weekday 7 is none of 0 to 6
        "#);
    }
}
