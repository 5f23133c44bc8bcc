//! Parsing of the short notation of samples in known answers.

use autoscale_formula::{Metric, Samples, Target};
use chrono::{DateTime, TimeDelta, Utc};

/// Parses lines such as `$TaskSlotsPerNode = 2`, `$ActiveTasks: 0*29 5, newest 30s ago`, `seed 7`.
pub(crate) fn read(lines: &str, now: DateTime<Utc>) -> Samples {
    let mut samples = Samples::new();
    for line in lines.lines() {
        if let Some(seed) = line.strip_prefix("seed ") {
            samples = samples.with_seed(seed.parse().expect("a seed is a whole number"));
        } else if let Some((name, value)) = line.split_once(" = ") {
            present(&mut samples, name, value);
        } else {
            let (name, taken) = line.split_once(": ").expect("a line has = or :");
            history(&mut samples, name, taken, now);
        }
    }
    samples
}

fn present(samples: &mut Samples, name: &str, value: &str) {
    match (Metric::named(name), Target::named(name)) {
        (Some(metric), _) => samples.set_present(metric, number(value)),
        (None, Some(target)) => samples.set_target(target, number(value) as i32),
        (None, None) => panic!("no variable {name}"),
    }
}

/// Adds values, listed from the oldest to the newest, 30 seconds apart.
fn history(samples: &mut Samples, name: &str, taken: &str, now: DateTime<Utc>) {
    let metric = Metric::named(name).expect("samples are taken of this variable");
    let (values, newest) = taken.split_once(", newest ").expect("the age of the newest is given");
    let age = newest.strip_suffix(" ago").expect("an age ends with ago");
    let mut time = now - span(age);
    let values: Vec<f64> = values.split(' ').flat_map(repeated).collect();
    for value in values.into_iter().rev() {
        samples.push(metric, time, value);
        time -= TimeDelta::seconds(30);
    }
}

fn repeated(value: &str) -> Vec<f64> {
    match value.split_once('*') {
        Some((value, count)) => vec![number(value); number(count) as usize],
        None => vec![number(value)],
    }
}

fn span(age: &str) -> TimeDelta {
    if let Some(minutes) = age.strip_suffix('m') {
        TimeDelta::minutes(number(minutes) as i64)
    } else {
        let seconds = age.strip_suffix('s').expect("an age is in m or s");
        TimeDelta::milliseconds((number(seconds) * 1000.0) as i64)
    }
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}
