//! A plan: the recommended numbers for the coming weeks, and the figures of the judged ones.

use serde::Serialize;

use crate::candidate::{Candidate, Kind};
use crate::choice::{Choice, Objective, Reason, choose, pattern};
use crate::demand::Demand;
use crate::formula::{Settings, Warm, list};
use crate::judge::{Judged, Judgement, judged_weeks};
use crate::trace::Trace;
use crate::weeks::{Conditions, Figures, Weeks};

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The jobs.
    pub trace: Trace,
    /// Their demand.
    pub demand: Demand,
    /// What it is planned for.
    pub conditions: Conditions,
    /// The judged weeks.
    pub judged: Judged,
    /// Candidates of which none other has both fewer node hours and a shorter 95th percentile on the judged weeks.
    pub front: Vec<(Candidate, Figures)>,
    /// The choice for the week after the last one.
    pub choice: Choice,
    /// The chosen candidate.
    pub candidate: Candidate,
    /// Its numbers.
    pub settings: Settings,
    /// The share of the last week's variance that the weeks before explain.
    pub pattern: f64,
}

/// How a plan is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judging {
    /// The first judged week, counted from 0, if there is enough history before it.
    pub from: usize,
    /// How often the judged weeks are resampled.
    pub resamples: u64,
}

impl Plan {
    /// Plans by the jobs of past weeks, and judges the plan. `progress` is called [`Plan::steps`] times.
    pub fn of(
        trace: Trace,
        conditions: Conditions,
        slots: &[u32],
        objective: Objective,
        judging: Judging,
        progress: &(dyn Fn() + Sync),
    ) -> Self {
        let demand = Demand::of(&trace);
        let weeks = Weeks::simulate(&trace, &demand, &conditions, Candidate::all(slots), progress);
        let range = judged_weeks(trace.weeks);
        let range = range.start.max(judging.from).min(range.end)..range.end;
        let judgement = Judgement {
            trace: &trace,
            demand: &demand,
            conditions: &conditions,
            weeks: &weeks,
            objective,
            resamples: judging.resamples,
        };
        let judged = judgement.of(range, progress);
        let choice = choose(&weeks, &demand, trace.weeks, objective);
        let candidate = weeks.candidates[choice.candidate];
        let max_nodes = conditions.max_nodes.div_ceil(candidate.slots);
        let settings = candidate.settings(&demand, trace.weeks, max_nodes);
        let settings = settings.unwrap_or_else(|| Settings::reference(max_nodes));
        let pattern = trace.weeks.checked_sub(1).map_or(0.0, |last| pattern(&demand, last));
        let front = front(&weeks, judged.weeks.clone());
        Self { trace, demand, conditions, judged, front, choice, candidate, settings, pattern }
    }

    /// Returns the number of steps of a plan: one for each candidate and week, and one for each resample.
    pub fn steps(trace: &Trace, slots: &[u32], judging: Judging) -> u64 {
        (Candidate::all(slots).len() * trace.weeks) as u64 + judging.resamples
    }
}

/// Returns the candidates with which fewer node hours mean longer waits.
fn front(weeks: &Weeks, judged: std::ops::Range<usize>) -> Vec<(Candidate, Figures)> {
    if judged.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<(Candidate, Figures)> = weeks
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(index, candidate)| Some((*candidate, weeks.sum(index, judged.clone())?)))
        .collect();
    all.sort_by(|(_, one), (_, other)| one.node_hours.total_cmp(&other.node_hours));
    let mut shortest = u32::MAX;
    all.retain(|(_, figures)| {
        let shorter = figures.p95() < shortest;
        shortest = shortest.min(figures.p95());
        shorter
    });
    all
}

/// A parameter of the template, and its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(u32),
    /// A text.
    Text(String),
}

/// Returns the template's parameters of a pool, `ubuntu` or `windows`.
pub fn parameters(settings: &Settings, slots: u32, pool: &str) -> Vec<(String, Value)> {
    let own = |name: &str| format!("{pool}{name}");
    let number = |name: &str, number: u32| (own(name), Value::Number(number));
    let mut all = vec![
        number("TaskSlots", slots),
        number("MaxNodes", settings.max_nodes),
        number("MinNodes", settings.min_nodes),
        number("CalmMinutes", settings.calm_minutes),
    ];
    match &settings.warm {
        Warm::None => all.push(number("WarmNodes", 0)),
        Warm::Window(window) => {
            let days = format!("{}-{}", window.from_weekday, window.to_weekday);
            all.extend([
                number("WarmNodes", window.nodes),
                ("warmFromHour".to_owned(), Value::Number(window.from_hour)),
                ("warmToHour".to_owned(), Value::Number(window.to_hour)),
                ("warmWeekdays".to_owned(), Value::Text(days)),
                ("utcOffsetHours".to_owned(), Value::Number(0)),
            ]);
        }
        Warm::Table(table) => {
            let text = |name: &str, text: String| (own(name), Value::Text(text));
            all.extend([
                text("Nodes", "weekly".to_owned()),
                text("HourNodes", list(&table.hour_nodes)),
                text("SpareNodes", list(&table.spare_nodes)),
                text("StartNodes", list(&table.start_nodes)),
                ("utcOffsetHours".to_owned(), Value::Number(0)),
            ]);
        }
    }
    all
}

/// Describes a candidate in a few words.
pub fn describe(candidate: &Candidate) -> String {
    use crate::table::Rule;
    let slots =
        if candidate.slots == 1 { String::new() } else { format!(", {} slots", candidate.slots) };
    let calm = candidate.calm_minutes;
    let kept = match candidate.kind {
        Kind::Minimum(0) => "no warm nodes".to_owned(),
        Kind::Minimum(nodes) => format!("minNodes {nodes}"),
        Kind::MeanDemand => "minNodes: mean demand".to_owned(),
        Kind::Window(percent) => format!("warm window, {percent} % of its minutes"),
        Kind::Table(fit) => {
            let days = if fit.pooled { "weekdays alike" } else { "each day" };
            let rule = match fit.rule {
                Rule::Percentile(percent) => format!("{percent} % of the minutes"),
                Rule::Jobs { per_hour, spare: false } => format!("{per_hour} jobs a node hour"),
                Rule::Jobs { per_hour, spare: true } => {
                    format!("{per_hour} jobs a node hour, spare")
                }
            };
            format!("weekly table: {rule}, {days}, {} weeks", fit.weeks)
        }
    };
    format!("calmMinutes {calm}, {kept}{slots}")
}

/// What is recommended if no plan is.
const WITHOUT_WARM_NODES: &str = "So no node is kept without a job, and calmMinutes is the lowest with which the longest waits are at most 5 % longer than with 15.";

/// Describes why a choice was made.
pub fn explain(plan: &Plan) -> String {
    let pattern = (plan.pattern * 100.0).round();
    match plan.choice.reason {
        Reason::TooShort => format!(
            "The history is too short: {} whole weeks, and a plan needs {} to be chosen and one more to be judged. Until then, this is the template's default.",
            plan.trace.weeks,
            crate::choice::MIN_WEEKS
        ),
        Reason::NoPattern => format!(
            "The load has no weekly pattern, or it has changed: of the last week's hours, the weeks before explain {}. {WITHOUT_WARM_NODES}",
            if pattern > 0.0 { format!("{pattern} %") } else { "nothing".to_owned() }
        ),
        Reason::NoGain => format!(
            "No plan shortens the longest waits by a quarter for at most a quarter more node hours: the load is too small, or its bursts are too irregular. {WITHOUT_WARM_NODES} State what you would pay for more: --max-wait, --max-cost."
        ),
        Reason::Met => format!(
            "It meets the objective on the past weeks, whose hours follow a weekly pattern ({pattern} % explained)."
        ),
        Reason::Nearest => format!(
            "No candidate meets the objective on the past weeks; this one is the nearest. The hours follow a weekly pattern ({pattern} % explained)."
        ),
    }
}
