//! Reports: rows of figures as text, Markdown and JSON.

use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Value, describe, explain, parameters};
use crate::weeks::Figures;

/// The figures of the judged weeks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// What is judged.
    pub name: String,
    /// Node hours a week, of nodes with one slot.
    pub node_hours: f64,
    /// Multiple of the reference's node hours.
    pub node_hours_ratio: f64,
    /// The price of the node hours of a week.
    pub cost: Option<f64>,
    /// Seconds that half of the jobs waited at most.
    pub p50: u32,
    /// Seconds that 95 % of the jobs waited at most.
    pub p95: u32,
    /// Multiple of the reference's `p95`; `None` if that is 0.
    pub p95_ratio: Option<f64>,
    /// Seconds that the last job waited.
    pub worst: u32,
    /// The lowest and the highest figures of resampled weeks, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resampled: Option<Spread>,
}

/// The lowest and the highest figures of resampled weeks. Ratios are those to the reference with the same jobs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// Multiples of the reference's node hours.
    pub node_hours_ratio: [f64; 2],
    /// Seconds that 95 % of the jobs waited at most.
    pub p95: [u32; 2],
    /// Multiples of the reference's `p95`.
    pub p95_ratio: [f64; 2],
}

impl Spread {
    /// Creates the spread of a row, by its number, the plan first; `None` without resampled weeks.
    fn of(resampled: &[Vec<Figures>], row: usize) -> Option<Self> {
        let pairs = || resampled.iter().filter_map(|all| Some((all.get(row)?, all.get(1)?)));
        let hours = pairs().map(|(own, reference)| ratio(own.node_hours, reference.node_hours));
        let p95 = pairs().map(|(own, _)| f64::from(own.p95()));
        let shares =
            pairs().map(|(own, reference)| ratio(own.p95().into(), reference.p95().into()));
        let seconds = ends(p95)?.map(|seconds| seconds as u32);
        Some(Self { node_hours_ratio: ends(hours)?, p95: seconds, p95_ratio: ends(shares)? })
    }
}

/// Returns the lowest and the highest number.
fn ends(numbers: impl Iterator<Item = f64> + Clone) -> Option<[f64; 2]> {
    let lowest = numbers.clone().reduce(f64::min)?;
    Some([lowest, numbers.reduce(f64::max)?])
}

/// Returns a multiple, rounded to two digits.
fn ratio(own: f64, reference: f64) -> f64 {
    rounded(own / reference.max(f64::MIN_POSITIVE), 2)
}

impl Row {
    /// Creates the row of some weeks, compared with the reference.
    pub fn of(
        name: &str,
        figures: &Figures,
        reference: &Figures,
        weeks: usize,
        price: Option<f64>,
    ) -> Self {
        let node_hours = figures.node_hours / weeks.max(1) as f64;
        let p95 = f64::from(reference.p95());
        Self {
            name: name.to_owned(),
            node_hours: rounded(node_hours, 1),
            node_hours_ratio: ratio(figures.node_hours, reference.node_hours),
            cost: price.map(|price| rounded(node_hours * price, 2)),
            p50: figures.waits.percentile(50.0),
            p95: figures.p95(),
            p95_ratio: (p95 > 0.0).then(|| ratio(figures.p95().into(), p95)),
            worst: figures.waits.percentile(100.0),
            resampled: None,
        }
    }
}

fn rounded(number: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (number * unit).round() / unit
}

/// A plan's report, whose serialized form is that of `--json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The name of the trace.
    pub trace: String,
    /// Whole weeks of history.
    pub weeks: usize,
    /// Jobs in these weeks.
    pub jobs: usize,
    /// The judged weeks, counted from 1.
    pub judged_weeks: Vec<usize>,
    /// Why the recommendation was chosen.
    pub reason: String,
    /// The recommendation.
    pub recommendation: String,
    /// The plan and its baselines on the judged weeks.
    pub rows: Vec<Row>,
    /// The candidates on the Pareto front of the judged weeks.
    pub front: Vec<Row>,
    /// The template's parameters.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// The formula.
    pub formula: String,
}

impl Report {
    /// Creates the report of a plan for a pool, `ubuntu` or `windows`. `price` is that of an hour of a node with one slot.
    pub fn of(plan: &Plan, pool: &str, price: Option<f64>) -> Self {
        let weeks = plan.judged.weeks.len();
        let reference =
            plan.judged.baselines.first().map(|(_, figures)| figures.clone()).unwrap_or_default();
        let row = |name: &str, figures: &Figures| Row::of(name, figures, &reference, weeks, price);
        let baselines = plan.judged.baselines.iter().map(|(name, figures)| row(name, figures));
        let rows = std::iter::once(row("plan", &plan.judged.plan)).chain(baselines);
        let rows = rows.enumerate().map(|(number, row)| Row {
            resampled: Spread::of(&plan.judged.resampled, number),
            ..row
        });
        let front =
            plan.front.iter().map(|(candidate, figures)| row(&describe(candidate), figures));
        let parameters = parameters(&plan.settings, plan.candidate.slots, pool);
        let json = |value| match value {
            Value::Number(number) => serde_json::Value::from(number),
            Value::Text(text) => serde_json::Value::from(text),
        };
        Self {
            trace: plan.trace.name.clone(),
            weeks: plan.trace.weeks,
            jobs: plan.trace.jobs.len(),
            judged_weeks: plan.judged.weeks.clone().map(|week| week + 1).collect(),
            reason: explain(plan),
            recommendation: describe(&plan.candidate),
            rows: if weeks == 0 { Vec::new() } else { rows.collect() },
            front: front.collect(),
            parameters: parameters.into_iter().map(|(name, value)| (name, json(value))).collect(),
            formula: plan.settings.formula(),
        }
    }

    fn has_resampled(&self) -> bool {
        self.rows.iter().any(|row| row.resampled.is_some())
    }

    /// Returns the report as text.
    pub fn text(&self) -> String {
        let head = format!("{}: {} jobs in {} whole weeks", self.trace, self.jobs, self.weeks);
        let mut parts = vec![head];
        if let (Some(first), Some(last)) = (self.judged_weeks.first(), self.judged_weeks.last()) {
            parts.push(format!(
                "Judged on weeks {first} to {last}, each planned by the weeks before it. Hours and costs a week; waits in minutes:\n{}{}",
                table(&self.rows),
                if self.has_resampled() { RESAMPLED } else { "" }
            ));
            parts.push(format!(
                "Fewest node hours for a 95th percentile, on the judged weeks:\n{}",
                table(&self.front)
            ));
        }
        parts.push(format!(
            "Recommended for the next weeks: {}\n{}",
            self.recommendation, self.reason
        ));
        let lines = self.parameters.iter().map(|(name, value)| format!("  {name}={value}"));
        parts
            .push(format!("Parameters of the template:\n{}", lines.collect::<Vec<_>>().join("\n")));
        parts.join("\n\n")
    }
}

/// What a range of the table means.
const RESAMPLED: &str = "\n  In parentheses: the lowest and the highest ratio with other runs of the same hours in the judged weeks.";

/// Returns rows as an aligned table.
pub fn table(rows: &[Row]) -> String {
    let has_cost = rows.iter().any(|row| row.cost.is_some());
    let mut head = vec!["", "node hours", "ratio", "cost", "p50", "p95", "ratio", "worst"];
    if !has_cost {
        head.remove(3);
    }
    let minutes = |seconds: u32| format!("{:.1}", f64::from(seconds) / 60.0);
    let ratio = |ratio: Option<f64>, spread: Option<[f64; 2]>| {
        let spread = spread.map_or(String::new(), |[from, to]| format!(" ({from:.2}-{to:.2})"));
        ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}{spread}"))
    };
    let cells = rows.iter().map(|row| {
        let spread = row.resampled.as_ref();
        let mut cells = vec![
            row.name.clone(),
            format!("{:.0}", row.node_hours),
            ratio(Some(row.node_hours_ratio), spread.map(|spread| spread.node_hours_ratio)),
        ];
        cells.extend(row.cost.map(|cost| format!("{cost:.2}")));
        cells.extend([
            minutes(row.p50),
            minutes(row.p95),
            ratio(row.p95_ratio, spread.map(|spread| spread.p95_ratio)),
            minutes(row.worst),
        ]);
        cells
    });
    let head = head.into_iter().map(str::to_owned).collect();
    let all: Vec<Vec<String>> = std::iter::once(head).chain(cells).collect();
    aligned(&all)
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let cell = |(column, cell): (usize, &String)| match column {
            0 => format!("  {cell:<width$}", width = width(0)),
            _ => format!("{cell:>width$}", width = width(column)),
        };
        row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
