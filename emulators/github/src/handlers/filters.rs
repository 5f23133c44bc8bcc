//! Filters of lists.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::request::Query;
use crate::dto::job::{BRANCH, EVENT, sha};
use crate::error::ApiError;
use crate::model::run::Run;

/// The filter of a list of runs.
///
/// <https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository>
pub(super) struct RunFilter<'a> {
    status: Option<&'a str>,
    event: Option<&'a str>,
    branch: Option<&'a str>,
    head_sha: Option<&'a str>,
    created: Option<Period>,
}

/// A period of time, with its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Period {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl<'a> RunFilter<'a> {
    pub(super) fn of(query: &'a Query) -> Result<Self, ApiError> {
        let invalid = || ApiError::invalid("The created parameter is not a date or a range");
        let created = query.get("created").map(|text| Period::parse(text).ok_or_else(invalid));
        Ok(Self {
            status: query.get("status"),
            event: query.get("event"),
            branch: query.get("branch"),
            head_sha: query.get("head_sha"),
            created: created.transpose()?,
        })
    }

    /// Returns the number of runs that GitHub shows: a list with one of these filters has 1,000 at most.
    pub(super) fn shown(&self) -> usize {
        let any = self.status.or(self.event).or(self.branch).or(self.head_sha);
        if any.is_some() || self.created.is_some() { 1000 } else { usize::MAX }
    }

    pub(super) fn matches(&self, run: &Run<'_>) -> bool {
        let created_at = run.first.created_at;
        self.status.is_none_or(|wanted| run.matches_status(wanted))
            && self.event.is_none_or(|wanted| wanted == EVENT)
            && self.branch.is_none_or(|wanted| wanted == BRANCH)
            && self.head_sha.is_none_or(|wanted| wanted == sha(run.first.run))
            && self.created.is_none_or(|period| period.contains(created_at))
    }
}

impl Period {
    /// Parses GitHub's search syntax for dates.
    ///
    /// <https://docs.github.com/en/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax#query-for-dates>
    fn parse(text: &str) -> Option<Self> {
        let (min, max) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        let before = TimeDelta::nanoseconds(1);
        if let Some((from, to)) = text.split_once("..") {
            let from = if from == "*" { min } else { Self::one(from)?.from };
            let to = if to == "*" { max } else { Self::one(to)?.to };
            return Some(Self { from, to });
        }
        Some(
            match text.find(|first: char| !"<>=".contains(first)).map(|end| text.split_at(end))? {
                (">=", date) => Self { from: Self::one(date)?.from, to: max },
                (">", date) => Self { from: Self::one(date)?.to + before, to: max },
                ("<=", date) => Self { from: min, to: Self::one(date)?.to },
                ("<", date) => Self { from: min, to: Self::one(date)?.from - before },
                ("", date) => Self::one(date)?,
                _ => return None,
            },
        )
    }

    /// Parses a day or a point in time.
    fn one(text: &str) -> Option<Self> {
        if let Ok(at) = text.parse::<DateTime<Utc>>() {
            return Some(Self { from: at, to: at + TimeDelta::nanoseconds(999_999_999) });
        }
        let day = text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc();
        Some(Self { from: day, to: day + TimeDelta::days(1) - TimeDelta::nanoseconds(1) })
    }

    fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.from..=self.to).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, contained: [bool; 3]) {
        let period = Period::parse(text).unwrap();
        let times = ["2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z"];
        assert_eq!(times.map(|at| period.contains(at.parse().unwrap())), contained, "{text}");
    }

    #[test]
    fn a_date_is_a_day_and_a_range_has_both_ends() {
        check("2026-11-21", [false, true, false]);
        check(">=2026-11-21", [false, true, true]);
        check(">2026-11-21", [false, false, true]);
        check("<=2026-11-21", [true, true, false]);
        check("<2026-11-21", [true, false, false]);
        check("2026-11-20..2026-11-21", [true, true, false]);
        check("*..2026-11-20", [true, false, false]);
        check("2026-11-21T12:00:00Z..*", [false, true, true]);
        check(">2026-11-21T12:00:00Z", [false, false, true]);
        assert_eq!(Period::parse("yesterday"), None);
        assert_eq!(Period::parse("=>2026-11-21"), None);
    }
}
