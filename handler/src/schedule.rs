//! Reads the schedule of ReconcileRunners, to which its `function.json` refers: the host fires the timer by it, and
//! reconciliation derives from it how far apart its runs are.

use chrono::TimeDelta;

/// The schedule if the setting is missing.
pub const DEFAULT_SCHEDULE: &str = "0 */2 * * * *";

/// The advice for a schedule that is not one of these.
const FORMS: &str = "must be */N * * * * * for every N seconds (10, 15, 20 or 30), or 0 */N * * * * for every N minutes (1 to 5)";

/// Returns the time between two runs of a schedule.
///
/// # Errors
/// If it is not one of the supported schedules, whose runs are equally far apart.
pub fn period(schedule: &str) -> Result<TimeDelta, &'static str> {
    let every = |start: &str, end: &str| -> Option<i64> {
        schedule.strip_prefix(start)?.strip_suffix(end)?.parse().ok()
    };
    match (every("*/", " * * * * *"), every("0 */", " * * * *")) {
        (Some(seconds @ (10 | 15 | 20 | 30)), _) => Ok(TimeDelta::seconds(seconds)),
        (_, Some(minutes @ 1..=5)) => Ok(TimeDelta::minutes(minutes)),
        _ => Err(FORMS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_states_the_time_between_runs() {
        let seconds = |schedule| period(schedule).map(|period| period.num_seconds());
        let cases = [
            (DEFAULT_SCHEDULE, 120),
            ("*/30 * * * * *", 30),
            ("*/10 * * * * *", 10),
            ("0 */1 * * * *", 60),
            ("0 */5 * * * *", 300),
        ];
        for (schedule, expected) in cases {
            assert_eq!(seconds(schedule), Ok(expected), "{schedule}");
        }
    }

    #[test]
    fn a_schedule_with_other_times_is_rejected() {
        let others = [
            "",
            "*/2 * * * *",
            "*/25 * * * * *",
            "*/5 * * * * *",
            "0 */7 * * * *",
            "0 */0 * * * *",
            "0 0 */1 * * *",
            "30 */2 * * * *",
            "00:00:30",
            "*/-30 * * * * *",
        ];
        for schedule in others {
            assert_eq!(period(schedule), Err(FORMS), "{schedule}");
        }
    }
}
