//! The tables of the week: how many nodes each of its 168 hours gets, computed from past weeks.

mod needs;

use std::ops::Range;

use crate::demand::{Demand, HOURS_OF_WEEK, percentile};
use crate::trace::MINUTE;
use needs::Need;

/// Minutes at the start of an hour in which schedules start jobs. GitHub delays schedules there:
/// <https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule>.
pub(crate) const START_MINUTES: i64 = 10;
/// Hours for which nodes of a start are kept: from 12 minutes before the hour.
const START_HOURS: f64 = 22.0 / 60.0;
/// Runs an hour from which nodes are kept in addition to those in use. Fewer runs get nodes once, not again after each run.
const SPARE_RUNS: f64 = 1.5;

/// The nodes of `arm/autoscale/weekly.txt`, in UTC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WeeklyTable {
    /// Nodes to keep in each hour of the week, from Monday at 0.
    pub hour_nodes: Vec<u32>,
    /// Nodes to keep in addition to those in use.
    pub spare_nodes: Vec<u32>,
    /// Nodes to keep in the first minutes of each hour.
    pub start_nodes: Vec<u32>,
    /// Tables with more than this multiple of the last hour's need count up to that need only.
    pub trust: u32,
}

/// How tables are computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableFit {
    /// What decides on a node.
    pub rule: Rule,
    /// Whether the same hour of all weekdays from Monday to Friday counts for each of them, and of both days of a weekend.
    pub pooled: bool,
    /// The number of past weeks that count.
    pub weeks: usize,
    /// See [`WeeklyTable::trust`].
    pub trust: u32,
}

/// What decides on a node of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Nodes suffice for this percentage of the hour's minutes.
    Percentile(f64),
    /// A node is kept if at least this many jobs for each of its hours would otherwise wait for it.
    Jobs {
        /// Jobs for each hour of the node.
        per_hour: f64,
        /// Whether nodes are kept in addition to those in use where runs are frequent.
        spare: bool,
    },
}

impl TableFit {
    /// Computes the tables from the weeks before `week`. `calm_minutes` is how long the pool keeps nodes anyway.
    pub fn table(
        &self,
        demand: &Demand,
        week: usize,
        slots: u32,
        calm_minutes: u32,
    ) -> WeeklyTable {
        let weeks = week.saturating_sub(self.weeks)..week;
        let nodes = |jobs: u32| jobs.div_ceil(slots);
        let mut table = WeeklyTable {
            hour_nodes: vec![0; HOURS_OF_WEEK],
            spare_nodes: vec![0; HOURS_OF_WEEK],
            start_nodes: vec![0; HOURS_OF_WEEK],
            trust: self.trust,
        };
        let needs = match self.rule {
            Rule::Percentile(_) => Vec::new(),
            Rule::Jobs { .. } => needs::by_hour(demand, &weeks, i64::from(calm_minutes) * MINUTE),
        };
        for group in self.groups() {
            let days = (group.len() * weeks.len()).max(1) as f64;
            let [kept, spare, start] = match self.rule {
                Rule::Percentile(percent) => {
                    [percentile(&mut minutes(demand, &weeks, &group), percent), 0, 0]
                }
                Rule::Jobs { per_hour, spare } => {
                    let needs: Vec<Need> =
                        group.iter().flat_map(|hour| &needs[*hour]).copied().collect();
                    by_jobs(&needs, per_hour * days, SPARE_RUNS * days, spare)
                }
            };
            for hour in group {
                table.hour_nodes[hour] = nodes(kept);
                table.spare_nodes[hour] = nodes(spare);
                table.start_nodes[hour] = nodes(start);
            }
        }
        table
    }

    /// Returns the hours of the week in groups that get the same numbers.
    fn groups(&self) -> Vec<Vec<usize>> {
        let days: Vec<Range<usize>> = match self.pooled {
            true => vec![0..5, 5..7],
            false => (0..7).map(|day| day..day + 1).collect(),
        };
        let group =
            |days: &Range<usize>, hour: usize| days.clone().map(|day| day * 24 + hour).collect();
        days.iter().flat_map(|days| (0..24).map(move |hour| group(days, hour))).collect()
    }
}

/// Returns the demand of all minutes of some hours.
fn minutes(demand: &Demand, weeks: &Range<usize>, hours: &[usize]) -> Vec<u32> {
    let hours = weeks.clone().flat_map(|week| hours.iter().map(move |hour| (week, *hour)));
    hours.flat_map(|(week, hour)| demand.hour(week, hour)).copied().collect()
}

/// Returns the nodes to keep, those to keep in addition, and those of the start. `jobs` and `runs` are the least numbers that justify
/// a node.
fn by_jobs(needs: &[Need], jobs: f64, runs: f64, spare: bool) -> [u32; 3] {
    let (at_start, later): (Vec<Need>, Vec<Need>) = needs.iter().partition(|need| need.at_start);
    let spare = if spare {
        highest(needs.iter().map(|need| need.beyond), jobs).min(highest(first_of_runs(needs), runs))
    } else {
        0
    };
    let uncovered = |needs: Vec<Need>| needs.into_iter().filter(move |need| need.beyond > spare);
    let kept = highest(uncovered(later).map(|need| need.all), jobs);
    let start = highest(uncovered(at_start).map(|need| need.all), jobs * START_HOURS);
    [kept, spare, if start > kept { start } else { 0 }]
}

/// Returns the largest need of each run.
fn first_of_runs(needs: &[Need]) -> impl Iterator<Item = u32> {
    let mut runs = std::collections::BTreeMap::new();
    for need in needs {
        let largest = runs.entry(need.run).or_insert(0);
        *largest = need.beyond.max(*largest);
    }
    runs.into_values()
}

/// Returns the highest number that at least `least` of the numbers reach.
fn highest(numbers: impl Iterator<Item = u32>, least: f64) -> u32 {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let index = least.ceil().max(1.0) as usize - 1;
    numbers.get(index).copied().unwrap_or(0)
}
