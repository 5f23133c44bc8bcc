//! Reading ended jobs from GitHub: which request comes next, and the lines of a file by which reading continues later.
//!
//! ```text
//! period ─▶ list the runs of a window ─┬─ more than GitHub shows ─▶ its two halves
//!                                      └─ all ─▶ jobs of each run ─▶ ended jobs
//! ```
//!
//! The latest runs come first.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::input::EndedJob;

/// A line of the file: what one or more requests have found.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Line {
    /// The ended runs that were created in a window.
    Window {
        /// The window.
        #[serde(flatten)]
        window: Window,
        /// Their ids.
        runs: Vec<u64>,
    },
    /// The ended jobs of a run.
    Run {
        /// The repository.
        repository: String,
        /// The id of the run.
        run: u64,
        /// Its jobs, of all attempts.
        jobs: Vec<EndedJob>,
    },
}

/// A part of the period, in a repository.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Window {
    /// The repository.
    pub repository: String,
    /// The first second.
    pub from: DateTime<Utc>,
    /// The second after the last one.
    pub to: DateTime<Utc>,
}

impl Window {
    /// Returns the two halves, the later one last; `None` of a single second.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let seconds = (self.to - self.from).num_seconds() / 2;
        let middle = self.from + TimeDelta::seconds(seconds);
        let older = Self { to: middle, ..self.clone() };
        (seconds > 0).then(|| [older, Self { from: middle, ..self.clone() }])
    }
}

/// What is requested next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The runs of a window.
    List(Window),
    /// The jobs of a run.
    Jobs {
        /// The repository.
        repository: String,
        /// The id of the run.
        run: u64,
    },
}

/// What is known of a period, and what is to be requested.
#[derive(Clone, Debug)]
pub struct Backfill {
    /// The next window is the last one.
    windows: Vec<Window>,
    /// The jobs of listed runs, by id and repository; `None` until they are read.
    runs: BTreeMap<(u64, String), Option<Vec<EndedJob>>>,
}

impl Backfill {
    /// Begins or continues: what the lines have is not requested again.
    pub fn new(
        repositories: &[String],
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        lines: impl IntoIterator<Item = Line>,
    ) -> Self {
        let mut whole: Vec<Window> = repositories
            .iter()
            .map(|repository| Window { repository: repository.clone(), from, to })
            .collect();
        whole.reverse();
        let mut backfill = Self { windows: whole, runs: BTreeMap::new() };
        lines.into_iter().for_each(|line| backfill.note(line));
        backfill
    }

    /// Returns what is requested next; `None` if all is read.
    pub fn next(&self) -> Option<Step> {
        let unread = self.runs.iter().rev().find(|(_, jobs)| jobs.is_none());
        if let Some(((run, repository), _)) = unread {
            return Some(Step::Jobs { repository: repository.clone(), run: *run });
        }
        self.windows.last().cloned().map(Step::List)
    }

    /// Requests the halves of the next window in its place. Returns whether it has halves.
    pub fn halve(&mut self) -> bool {
        let Some(halves) = self.windows.last().and_then(Window::halves) else { return false };
        self.windows.pop();
        self.windows.extend(halves);
        true
    }

    /// Notes what was found.
    pub fn note(&mut self, line: Line) {
        match line {
            Line::Window { window, runs } => {
                let rest = self.windows.drain(..).flat_map(|one| without(one, &window)).collect();
                self.windows = rest;
                for run in runs {
                    self.runs.entry((run, window.repository.clone())).or_insert(None);
                }
            }
            Line::Run { repository, run, jobs } => {
                self.runs.insert((run, repository), Some(jobs));
            }
        }
    }

    /// Returns the numbers of runs whose jobs are read, and of runs that are known.
    pub fn progress(&self) -> (usize, usize) {
        (self.runs.values().flatten().count(), self.runs.len())
    }

    /// Returns the jobs that were read.
    pub fn jobs(&self) -> Vec<EndedJob> {
        self.runs.values().flatten().flatten().cloned().collect()
    }
}

/// Returns the parts of a window before and after another one.
fn without(window: Window, listed: &Window) -> Vec<Window> {
    if window.repository != listed.repository {
        return vec![window];
    }
    let before = Window { to: window.to.min(listed.from), ..window.clone() };
    let after = Window { from: window.from.max(listed.to), ..window };
    [before, after].into_iter().filter(|part| part.from < part.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32, hour: u32) -> DateTime<Utc> {
        format!("2026-11-{day:02}T{hour:02}:00:00Z").parse().expect("a time")
    }

    fn window(from: DateTime<Utc>, to: DateTime<Utc>) -> Window {
        Window { repository: "octo/app".to_owned(), from, to }
    }

    fn of(period: (DateTime<Utc>, DateTime<Utc>), lines: Vec<Line>) -> Backfill {
        Backfill::new(&["octo/app".to_owned()], period, lines)
    }

    #[test]
    fn a_window_with_too_many_runs_is_halved_and_the_later_half_comes_first() {
        let mut backfill = of((at(1, 0), at(3, 0)), vec![]);
        assert_eq!(backfill.next(), Some(Step::List(window(at(1, 0), at(3, 0)))));
        assert!(backfill.halve());
        assert_eq!(backfill.next(), Some(Step::List(window(at(2, 0), at(3, 0)))));
        let second = TimeDelta::seconds(1);
        assert_eq!(window(at(1, 0), at(1, 0) + second).halves(), None);
    }

    #[test]
    fn what_a_file_has_is_not_requested_again() {
        let listed = Line::Window { window: window(at(2, 0), at(3, 0)), runs: vec![7, 8] };
        let read = |run| Line::Run { repository: "octo/app".to_owned(), run, jobs: vec![] };
        let mut backfill = of((at(1, 0), at(4, 0)), vec![listed.clone(), read(8), listed]);
        assert_eq!(backfill.progress(), (1, 2));
        assert_eq!(backfill.next(), Some(Step::Jobs { repository: "octo/app".to_owned(), run: 7 }));
        backfill.note(read(7));
        assert_eq!(backfill.next(), Some(Step::List(window(at(3, 0), at(4, 0)))));
        for part in [window(at(3, 0), at(4, 0)), window(at(1, 0), at(2, 0))] {
            assert_eq!(backfill.next(), Some(Step::List(part.clone())));
            backfill.note(Line::Window { window: part, runs: vec![] });
        }
        assert_eq!(backfill.next(), None);
    }
}
