//! NCRONTAB expressions: six fields, seconds first, Sunday is 0.
//!
//! Rejected: the parser `croner`, which counts Sunday as 0 too. It accepts `@daily`, `?`, `+`, `L`, `W`, `#`
//! and weekday 7, which NCRONTAB does not, and it rejects `Friday`, which NCRONTAB accepts; a check of both
//! would be longer than the conversion of the weekday.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};

/// A schedule that the host rejects.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{expression:?} is not a schedule: {problem}")]
pub struct InvalidSchedule {
    /// The expression.
    pub expression: String,
    /// The problem.
    pub problem: String,
}

/// The times at which a timer fires, in UTC.
#[derive(Clone, Debug)]
pub(crate) struct Schedule(Box<cron::Schedule>);

impl Schedule {
    /// Parses an expression.
    pub(crate) fn parse(expression: &str) -> Result<Self, InvalidSchedule> {
        let invalid =
            |problem: String| InvalidSchedule { expression: expression.to_owned(), problem };
        if expression.contains(':') {
            return Err(invalid("a time span is valid on App Service plans only".to_owned()));
        }
        let fields: Vec<_> = expression.split_whitespace().collect();
        let [second, minute, hour, day, month, weekday] = fields[..] else {
            return Err(invalid(format!("it has {} fields, not six", fields.len())));
        };
        let weekday = weekdays_from_one(weekday).map_err(invalid)?;
        let quartz = [second, minute, hour, day, month, &weekday].join(" ");
        let schedule = cron::Schedule::from_str(&quartz).map_err(|err| invalid(err.to_string()))?;
        Ok(Self(Box::new(schedule)))
    }

    /// Returns the first scheduled time after `time`.
    pub(crate) fn after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.after(&time).next()
    }
}

/// Converts a weekday field for a parser that counts Sunday as 1; names need no conversion.
fn weekdays_from_one(field: &str) -> Result<String, String> {
    let parts: Result<Vec<_>, _> = field.split(',').map(range_from_one).collect();
    parts.map(|parts| parts.join(","))
}

fn range_from_one(part: &str) -> Result<String, String> {
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
        Ok(number) => Err(format!("weekday {number} is not between 0 and 6")),
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
    fn expressions_have_the_semantics_of_ncrontab() {
        check("0 */2 * * * *", &["Sat 21 10:02:00", "Sat 21 10:04:00"]);
        check("0 0 */6 * * *", &["Sat 21 12:00:00", "Sat 21 18:00:00"]);
        check("0 30 9 * * 0", &["Sun 22 09:30:00", "Sun 29 09:30:00"]);
        check("0 30 9 * * 1-5", &["Mon 23 09:30:00", "Tue 24 09:30:00"]);
        check("0 30 9 * * Fri,6", &["Fri 27 09:30:00", "Sat 28 09:30:00"]);
        check("0 30 9 * * Friday", &["Fri 27 09:30:00"]);
        check("0 0 0 * * */3", &["Sun 22 00:00:00", "Wed 25 00:00:00", "Sat 28 00:00:00"]);
    }

    #[test]
    fn an_invalid_schedule_is_rejected_with_its_problem() {
        let errors = ["00:02:00", "*/2 * * * *", "0 0 0 * * 7"]
            .map(|text| Schedule::parse(text).expect_err("not a schedule").to_string());
        insta::assert_snapshot!(errors.join("\n"), @r#"
        "00:02:00" is not a schedule: a time span is valid on App Service plans only
        "*/2 * * * *" is not a schedule: it has 5 fields, not six
        "0 0 0 * * 7" is not a schedule: weekday 7 is not between 0 and 6
        "#);
    }
}
