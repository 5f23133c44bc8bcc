//! Parsing of files with known answers.

use autoscale_formula::{
    Choices, DivisionByZero, NegativeTarget, NoValue, Percentile, SampleOrder, Samples,
};
use chrono::{DateTime, Utc};

use crate::samples;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) formula: String,
    pub(crate) samples: Samples,
    pub(crate) now: DateTime<Utc>,
    pub(crate) choices: Choices,
    pub(crate) results: Option<String>,
    pub(crate) error: Option<String>,
}

/// The results of a pool without nodes, before its formula's variables.
const NO_NODES: &str =
    "$TargetDedicatedNodes=0;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue";

pub(crate) fn cases(file: &str, text: &str) -> Vec<Case> {
    let mut parts = text.split("\n== ");
    parts.next();
    parts.map(|part| case(file, part)).collect()
}

fn case(file: &str, text: &str) -> Case {
    let (name, body) = text.split_once('\n').expect("a case has a body");
    let mut case = Case {
        name: name.to_owned(),
        formula: String::new(),
        samples: Samples::new(),
        now: "2026-11-21T10:00:00Z".parse().expect("the time is written as RFC 3339"),
        choices: Choices::default(),
        results: None,
        error: None,
    };
    let mut known = Vec::new();
    for (field, value) in fields(body) {
        match field {
            "source" => {}
            "formula" => case.formula = value,
            "now" => case.now = value.parse().expect("now is written as RFC 3339"),
            "samples" => known.push(value),
            "choices" => value.split(", ").for_each(|choice| choose(&mut case.choices, choice)),
            "results" => case.results = Some(value),
            "variables" => case.results = Some(format!("{NO_NODES};{value}")),
            "error" => case.error = Some(value),
            _ => panic!("{file}: {name}: no field {field}"),
        }
    }
    for lines in known {
        case.samples = samples::read(&lines, case.now);
    }
    case
}

/// A field is `name: value` on one line, or `name:` with its lines indented by two spaces.
fn fields(body: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in body.lines() {
        if let (Some(more), Some((_, value))) = (line.strip_prefix("  "), fields.last_mut()) {
            if !value.is_empty() {
                value.push('\n');
            }
            value.push_str(more);
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name, value.trim().to_owned()));
        } else if let (true, Some((_, value))) = (line.is_empty(), fields.last_mut()) {
            value.push('\n');
        }
    }
    fields.into_iter().map(|(name, value)| (name, value.trim_end().to_owned())).collect()
}

fn choose(choices: &mut Choices, choice: &str) {
    match choice {
        "no value is zero" => choices.no_value = NoValue::Zero,
        "no value is an error" => choices.no_value = NoValue::Error,
        "division by zero is an error" => choices.division_by_zero = DivisionByZero::Error,
        "percentiles are linear" => choices.percentile = Percentile::Linear,
        "negative targets are zero" => choices.negative_target = NegativeTarget::Zero,
        "newest samples first" => choices.sample_order = SampleOrder::NewestFirst,
        "no samples are demanded" => choices.sample_percent = 0.0,
        _ => panic!("no choice '{choice}'"),
    }
}
