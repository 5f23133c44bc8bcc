//! What a simulation came to: nodes over time, and how long tasks waited.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};

/// How a pool went.
pub(super) struct Course {
    pub(super) name: String,
    pub(super) from: DateTime<Utc>,
    /// Looks at the pool, every five minutes.
    pub(super) looks: Vec<Look>,
    /// How long each task waited for its start.
    pub(super) waits: Vec<TimeDelta>,
}

/// A look at a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) nodes: usize,
    /// How many of the nodes run a task.
    pub(super) working: usize,
    /// How many tasks wait or run.
    pub(super) pending: u64,
}

impl Course {
    pub(super) fn new(name: &str, from: DateTime<Utc>) -> Self {
        Self { name: name.to_owned(), from, looks: Vec::new(), waits: Vec::new() }
    }

    /// Tells the course in a line.
    pub(super) fn summary(&self) -> String {
        let hours =
            |count: fn(&Look) -> usize| self.looks.iter().map(count).sum::<usize>() as f64 / 12.0;
        let (nodes, working) = (hours(|look| look.nodes), hours(|look| look.working));
        let most = self.looks.iter().map(|look| look.nodes).max().unwrap_or(0);
        let mut waits = self.waits.clone();
        waits.sort();
        let at = |share: usize| {
            waits.get((waits.len() * share / 100).min(waits.len().saturating_sub(1)))
        };
        let minutes = |share| at(share).map_or(0.0, |wait| wait.num_seconds() as f64 / 60.0);
        format!(
            "{}: {nodes:.1} node hours, {working:.1} of them with a task; {most} nodes at most; tasks waited {:.1} min (median), {:.1} (95 %), {:.1} (longest)",
            self.name,
            minutes(50),
            minutes(95),
            minutes(100),
        )
    }
}

/// Writes the number of nodes of each course as CSV, a line for each change.
pub(super) fn counts(courses: &[Course]) -> String {
    let names: Vec<_> = courses.iter().map(|course| format!(",{}", course.name)).collect();
    let mut text = format!("time{}", names.concat());
    let most = courses.iter().map(|course| course.looks.len()).max().unwrap_or(0);
    let mut last = String::new();
    for place in 0..most {
        let nodes =
            courses.iter().map(|course| course.looks.get(place).map_or(0, |look| look.nodes));
        let nodes: String = nodes.map(|nodes| format!(",{nodes}")).collect();
        if nodes != last {
            let from = courses.first().map_or(DateTime::UNIX_EPOCH, |course| course.from);
            let time = from + TimeDelta::minutes(5 * place as i64);
            // Writing to a text never fails.
            let _ = write!(text, "\n{}{nodes}", time.format("%H:%M"));
            last = nodes;
        }
    }
    text
}
