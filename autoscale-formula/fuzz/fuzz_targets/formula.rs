//! Gives the crate any bytes as a formula, with any choices, on a pool with some samples.

#![no_main]

use autoscale_formula::{
    Choices, DivisionByZero, Error, Metric, NegativeTarget, NoValue, Percentile, SampleOrder,
    Samples, Target, parse,
};
use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [choice, seconds, formula @ ..] = input else { return };
    let Ok(source) = std::str::from_utf8(formula) else { return };
    let formula = match parse(source) {
        Ok(formula) => formula,
        Err(error) => return check(&error, source),
    };
    let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_255_200 + i64::from(*seconds));
    let (samples, choices) = (pool(now, *choice), choices(*choice));
    let outcome = formula.evaluate_with(&samples, now, &choices);
    let again = formula.evaluate_with(&samples, now, &choices);
    assert_eq!(outcome.to_string(), again.to_string());
    assert!(outcome.target_dedicated_nodes >= 0 && outcome.target_low_priority_nodes >= 0);
    if let Some(error) = &outcome.error {
        check(error, source);
    }
});

fn check(error: &Error, source: &str) {
    let place = error.position();
    let line = source.split('\n').nth(place.line as usize - 1).expect("the line is there");
    assert!(place.column as usize <= line.chars().count() + 1);
    assert!(error.render(source).contains(error.text()));
}

fn choices(bits: u8) -> Choices {
    Choices {
        sample_percent: if bits & 1 == 0 { 70.0 } else { 0.0 },
        no_value: match bits >> 1 & 3 {
            0 => NoValue::Zero,
            1 => NoValue::Error,
            _ => NoValue::NotANumber,
        },
        division_by_zero: match bits >> 3 & 1 {
            0 => DivisionByZero::Infinity,
            _ => DivisionByZero::Error,
        },
        percentile: match bits >> 4 & 1 {
            0 => Percentile::NearestRank,
            _ => Percentile::Linear,
        },
        negative_target: match bits >> 5 & 1 {
            0 => NegativeTarget::Error,
            _ => NegativeTarget::Zero,
        },
        sample_order: match bits >> 6 & 1 {
            0 => SampleOrder::OldestFirst,
            _ => SampleOrder::NewestFirst,
        },
    }
}

fn pool(now: DateTime<Utc>, bits: u8) -> Samples {
    let mut samples = Samples::new().with_seed(u64::from(bits));
    for age in 0..60 {
        samples.push(Metric::PendingTasks, now - TimeDelta::seconds(30 * age), (age % 7) as f64);
    }
    samples.set_present(Metric::TaskSlotsPerNode, 4.0);
    samples.set_target(Target::DedicatedNodes, 2);
    samples
}
