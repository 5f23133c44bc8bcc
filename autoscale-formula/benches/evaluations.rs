//! Measures how many formulas are parsed and evaluated per second, on two hours of samples.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use autoscale_formula::{Metric, Samples, Target, parse};
use chrono::{DateTime, TimeDelta, Utc};

const FORMULAS: [(&str, &str); 2] = [
    (
        "the article's",
        "$slots = $TaskSlotsPerNode;
        $current = $TargetDedicatedNodes;
        $five = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5) < 70
            ? max($PendingTasks.GetSample(1)) : max($PendingTasks.GetSample(TimeInterval_Minute * 5));
        $sixty = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 60) < 70
            ? max($PendingTasks.GetSample(1)) : max($PendingTasks.GetSample(TimeInterval_Minute * 60));
        $nodes = $five > max(0, $TaskSlotsPerNode * $current) ? $current + 1 : $current;
        $nodes = $sixty <= $TaskSlotsPerNode * max(0, $current - 1) ? $current - 1 : $nodes;
        $nodes = min(4, max($nodes, 0));
        $TargetDedicatedNodes = $nodes;
        $NodeDeallocationOption = taskcompletion;",
    ),
    (
        "the documentation's, by tasks",
        "$samples = $ActiveTasks.GetSamplePercent(TimeInterval_Minute * 15);
        $tasks = $samples < 70 ? max(0, $ActiveTasks.GetSample(1))
            : max($ActiveTasks.GetSample(1), avg($ActiveTasks.GetSample(TimeInterval_Minute * 15)));
        $targetVMs = $tasks > 0 ? $tasks : max(0, $TargetDedicatedNodes / 2);
        $TargetDedicatedNodes = max(0, min($targetVMs, 20));
        $NodeDeallocationOption = taskcompletion;",
    ),
];

fn main() {
    let now = "2026-11-21T10:00:00Z".parse().expect("the time is written as RFC 3339");
    let samples = two_hours(now);
    for (name, source) in FORMULAS {
        let formula = parse(source).expect("the formula follows the grammar");
        let parsed = rate(|| drop(black_box(parse(black_box(source)))));
        let evaluated = rate(|| drop(black_box(formula.evaluate(black_box(&samples), now))));
        println!("{name}: {parsed:.0} parsed/s, {evaluated:.0} evaluated/s");
        println!("  {}", formula.evaluate(&samples, now));
    }
}

fn two_hours(now: DateTime<Utc>) -> Samples {
    let mut samples = Samples::new();
    for (index, age) in (1..=240).rev().enumerate() {
        let time = now - TimeDelta::seconds(30 * age);
        samples.push(Metric::PendingTasks, time, (index % 17) as f64);
        samples.push(Metric::ActiveTasks, time, (index % 13) as f64);
    }
    samples.set_present(Metric::TaskSlotsPerNode, 2.0);
    samples.set_target(Target::DedicatedNodes, 3);
    samples
}

/// Calls a function for 1.5 seconds and returns its rate per second.
fn rate(mut call: impl FnMut()) -> f64 {
    let (start, mut calls) = (Instant::now(), 0_u64);
    while start.elapsed() < Duration::from_millis(1500) {
        (0..1000).for_each(|_| call());
        calls += 1000;
    }
    calls as f64 / start.elapsed().as_secs_f64()
}
