//! Candidates: ways to set a pool's numbers from the weeks before.

use crate::demand::{Demand, HOURS_OF_WEEK, percentile};
use crate::formula::{Settings, Warm, WarmWindow};
use crate::table::{Rule, TableFit};

/// A way to set a pool's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Task slots of a node.
    pub slots: u32,
    /// Minutes that demand must stay lower before nodes are removed.
    pub calm_minutes: u32,
    /// What is kept beyond that.
    pub kind: Kind,
}

/// What is kept beyond demand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A minimum at all times.
    Minimum(u32),
    /// The mean demand of the week before, at all times.
    MeanDemand,
    /// Nodes in the working hours of weekdays, which suffice for this percentage of their minutes.
    Window(f64),
    /// A table of the week.
    Table(TableFit),
}

/// The minutes of the reference.
const REFERENCE_CALM_MINUTES: u32 = 15;
/// The minutes of the template's default.
const TEMPLATE_CALM_MINUTES: u32 = 5;

impl Candidate {
    /// Returns the reference, with which others are compared: 15 minutes, no warm nodes.
    pub const fn reference(slots: u32) -> Self {
        Self { slots, calm_minutes: REFERENCE_CALM_MINUTES, kind: Kind::Minimum(0) }
    }

    /// Returns whether it is the template's default.
    pub fn is_of_template(&self) -> bool {
        self.calm_minutes == TEMPLATE_CALM_MINUTES && self.keeps_none()
    }

    /// Returns whether it keeps no node without a job.
    pub fn keeps_none(&self) -> bool {
        self.kind == Kind::Minimum(0)
    }

    /// Returns all candidates for these numbers of slots; the first one is the reference with the first number.
    pub fn all(slots: &[u32]) -> Vec<Self> {
        let kinds: Vec<_> = Kind::all().collect();
        let mut all = vec![Self::reference(slots.first().copied().unwrap_or(1))];
        for slots in slots.iter().copied() {
            for calm_minutes in [5, 10, 15] {
                let of = |kind: &Kind| Self { slots, calm_minutes, kind: *kind };
                all.extend(kinds.iter().map(of).filter(|one| *one != all[0]).collect::<Vec<_>>());
            }
        }
        all
    }

    /// Returns the numbers for a week, computed from the weeks before; `None` if there are none, but needed.
    pub fn settings(&self, demand: &Demand, week: usize, max_nodes: u32) -> Option<Settings> {
        let mut settings =
            Settings { max_nodes, min_nodes: 0, calm_minutes: self.calm_minutes, warm: Warm::None };
        match self.kind {
            Kind::Minimum(nodes) => settings.min_nodes = nodes.min(max_nodes),
            _ if week == 0 => return None,
            Kind::MeanDemand => {
                let hours = demand.hourly(week - 1);
                let mean = hours.iter().sum::<f64>() / hours.len() as f64;
                settings.min_nodes = ((mean / f64::from(self.slots)).ceil() as u32).min(max_nodes);
            }
            Kind::Window(percent) => {
                settings.warm = Warm::Window(window(demand, week, percent, self.slots)?);
            }
            Kind::Table(fit) => {
                settings.warm = Warm::Table(fit.table(demand, week, self.slots, self.calm_minutes))
            }
        }
        Some(settings)
    }
}

impl Kind {
    fn all() -> impl Iterator<Item = Self> {
        let minimum = [0, 1, 2, 4, 8].map(Self::Minimum);
        let windows = [50.0, 75.0, 90.0, 95.0].map(Self::Window);
        minimum.into_iter().chain(windows).chain(tables().map(Self::Table))
    }
}

/// The multiple of the last hour's need from which tables are not trusted: on a holiday, few nodes are kept.
const TRUST: u32 = 2;

fn tables() -> impl Iterator<Item = TableFit> {
    let percentiles = [75.0, 85.0, 88.0, 91.0, 94.0].map(Rule::Percentile);
    let jobs = [0.3, 0.6, 1.0, 1.8, 2.7, 4.0, 6.0, 8.0].into_iter();
    let jobs = jobs.flat_map(|per_hour| [true, false].map(|spare| Rule::Jobs { per_hour, spare }));
    percentiles.into_iter().chain(jobs).flat_map(|rule| {
        [(true, 2), (true, 4), (false, 4)].map(|(pooled, weeks)| TableFit {
            rule,
            pooled,
            weeks,
            trust: TRUST,
        })
    })
}

/// The weeks that a window is computed from.
const WINDOW_WEEKS: usize = 4;
/// The share of the busiest hour's demand from which an hour is a working hour.
const WORKING_SHARE: f64 = 0.25;

/// Returns the window from the first to the last working hour, as an engineer would set it from a picture of the weeks.
fn window(demand: &Demand, week: usize, percent: f64, slots: u32) -> Option<WarmWindow> {
    let weeks = week.saturating_sub(WINDOW_WEEKS)..week;
    let hourly: Vec<Vec<f64>> = weeks.clone().map(|week| demand.hourly(week)).collect();
    let mean = |of_day: usize| -> f64 {
        (0..5).flat_map(|day| hourly.iter().map(move |hours| hours[day * 24 + of_day])).sum()
    };
    let means: Vec<f64> = (0..24).map(mean).collect();
    let busiest = means.iter().copied().fold(0.0, f64::max);
    let works = |mean: &f64| busiest > 0.0 && *mean >= WORKING_SHARE * busiest;
    // The window may pass midnight: it begins after the longest pause.
    let (from, length) = longest_window(&means.iter().map(works).collect::<Vec<_>>())?;
    let hours = (0..length).map(|hour| (from + hour) % 24);
    let mut minutes: Vec<u32> = hours
        .flat_map(|of_day| (0..HOURS_OF_WEEK / 24 - 2).map(move |day| day * 24 + of_day))
        .flat_map(|hour| weeks.clone().map(move |week| (week, hour)))
        .flat_map(|(week, hour)| demand.hour(week, hour))
        .copied()
        .collect();
    let nodes = percentile(&mut minutes, percent).div_ceil(slots);
    Some(WarmWindow {
        nodes,
        from_hour: from as u32,
        to_hour: ((from + length) % 24) as u32,
        from_weekday: 1,
        to_weekday: 5,
    })
}

/// Returns the start and the length of the window that has all working hours and leaves out the longest pause.
fn longest_window(works: &[bool]) -> Option<(usize, usize)> {
    let pause = |from: usize| (0..24).take_while(|hour| !works[(from + hour) % 24]).count();
    let (start, pause) =
        (0..24).map(|from| (from, pause(from))).max_by_key(|(from, pause)| (*pause, 24 - from))?;
    if pause == 24 { None } else { Some(((start + pause) % 24, 24 - pause)) }
}
