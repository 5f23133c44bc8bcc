//! The template's formulas in Rust: the same results as the language's, fifty times as fast.
//!
//! A test compares both over random states, and over whole simulations.

use super::samples::{SAMPLE_INTERVAL, View};
use crate::formula::{Settings, Warm, WarmWindow};
use crate::table::WeeklyTable;
use crate::trace::{DAY, HOUR, MINUTE, WEEK};

/// Returns the target number of dedicated nodes.
pub(super) fn target(settings: &Settings, view: &View<'_>) -> i32 {
    let slots = f64::from(view.slots);
    let min_nodes = f64::from(settings.min_nodes);
    let (lowest, spare) = match &settings.warm {
        Warm::None => (min_nodes, 0.0),
        Warm::Window(window) if is_warm(window, view.now) => {
            (min_nodes.max(f64::from(window.nodes)), 0.0)
        }
        Warm::Window(_) => (min_nodes, 0.0),
        Warm::Table(table) => of_tables(table, settings, view),
    };
    let tasks = pending(view, i64::from(settings.calm_minutes) * MINUTE);
    let nodes = lowest.max(tasks / slots + spare).ceil();
    let nodes = nodes.min(f64::from(settings.max_nodes)) as i32;
    let newest = view.samples.back().map_or(view.nodes, |sample| sample.nodes);
    let missing = view.target == nodes && (newest as i64) < i64::from(nodes);
    if missing { nodes - 1 } else { nodes }
}

/// Returns the highest demand of the calm period, or the latest one, however old.
fn pending(view: &View<'_>, period: i64) -> f64 {
    let (peak, percent) = peak(view, period);
    if percent < 1.0 {
        view.samples.back().map_or(0.0, |sample| sample.pending() as f64)
    } else {
        peak
    }
}

/// Returns the highest demand of the samples of a period up to now, and the percentage of expected samples.
fn peak(view: &View<'_>, period: i64) -> (f64, f64) {
    let recent = view.samples.iter().rev().take_while(|sample| sample.taken > view.now - period);
    let (count, peak) =
        recent.fold((0, 0), |(count, peak), sample| (count + 1, sample.pending().max(peak)));
    let expected = (period + SAMPLE_INTERVAL - 1).div_euclid(SAMPLE_INTERVAL).max(1);
    (peak as f64, (100.0 * f64::from(count) / expected as f64).min(100.0))
}

fn is_warm(window: &WarmWindow, now: i64) -> bool {
    let hour = (now.rem_euclid(DAY) / HOUR) as u32;
    let weekday = (now.rem_euclid(WEEK) / DAY) as u32 + 1;
    let within = |from: u32, to: u32, at: u32| match from < to {
        true => at >= from && at < to,
        false => at >= from || at < to,
    };
    let day = match window.from_weekday <= window.to_weekday {
        true => (window.from_weekday..=window.to_weekday).contains(&weekday),
        false => weekday >= window.from_weekday || weekday <= window.to_weekday,
    };
    day && within(window.from_hour, window.to_hour, hour)
}

/// Returns the nodes to keep and those to keep in addition, as far as the last hour confirms them.
fn of_tables(table: &WeeklyTable, settings: &Settings, view: &View<'_>) -> (f64, f64) {
    let hour_of = |at: i64| (at.rem_euclid(WEEK) / HOUR) as usize;
    let nodes = |table: &[u32], hour: usize| f64::from(table[hour.min(table.len() - 1)]);
    let (hour, soon) = (hour_of(view.now), hour_of(view.now + 12 * MINUTE));
    let starts = view.now.rem_euclid(HOUR) < 10 * MINUTE;
    let start = if starts { nodes(&table.start_nodes, hour) } else { 0.0 };
    let soon_start = if soon == hour { 0.0 } else { nodes(&table.start_nodes, soon) };
    let kept = nodes(&table.hour_nodes, hour).max(nodes(&table.hour_nodes, soon));
    let spare = nodes(&table.spare_nodes, hour).max(nodes(&table.spare_nodes, soon));
    let past = hour_of(view.now - HOUR);
    let expected = nodes(&table.hour_nodes, past).max(nodes(&table.spare_nodes, past));
    let (peak, percent) = peak(view, HOUR);
    let needed = if percent >= 50.0 { peak / f64::from(view.slots) } else { expected };
    let trust = f64::from(table.trust);
    let trusted = if needed * trust < expected { needed } else { f64::from(settings.max_nodes) };
    let lowest = f64::from(settings.min_nodes).max(kept.min(trusted).max(start).max(soon_start));
    (lowest, spare.min(trusted))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use chrono::{DateTime, TimeDelta};
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::super::samples::Sample;
    use super::*;

    fn settings(rng: &mut StdRng) -> Settings {
        let warm = match rng.random_range(0..3) {
            0 => Warm::None,
            1 => Warm::Window(WarmWindow {
                nodes: rng.random_range(0..20),
                from_hour: rng.random_range(0..24),
                to_hour: rng.random_range(0..24),
                from_weekday: rng.random_range(1..=7),
                to_weekday: rng.random_range(1..=7),
            }),
            _ => {
                let numbers = |length: usize, rng: &mut StdRng| {
                    (0..length).map(|_| rng.random_range(0..40)).collect()
                };
                Warm::Table(WeeklyTable {
                    hour_nodes: numbers(168, rng),
                    spare_nodes: numbers([1, 168][rng.random_range(0..2)], rng),
                    start_nodes: numbers([1, 168][rng.random_range(0..2)], rng),
                    trust: [1, 2, 4, 1000][rng.random_range(0..4)],
                })
            }
        };
        Settings {
            max_nodes: rng.random_range(1..60),
            min_nodes: rng.random_range(0..5),
            calm_minutes: [5, 7, 15, 60, 720][rng.random_range(0..5)],
            warm,
        }
    }

    fn samples(now: i64, rng: &mut StdRng) -> VecDeque<Sample> {
        let age = rng.random_range(0..4) * SAMPLE_INTERVAL * [1, 40][rng.random_range(0..2)];
        let most = [1, 5, 40][rng.random_range(0..3)];
        let count = [0, 1, 10, 130, 1500][rng.random_range(0..5)];
        let newest = (now - age).div_euclid(SAMPLE_INTERVAL);
        let taken = (newest - count..newest).map(|number| (number + 1) * SAMPLE_INTERVAL);
        let sample = |taken| Sample {
            taken,
            active: rng.random_range(0..most),
            running: rng.random_range(0..most),
            nodes: rng.random_range(0..most),
        };
        taken.map(sample).collect()
    }

    #[test]
    fn the_compiled_formulas_have_the_results_of_the_language() {
        let monday = DateTime::from_timestamp(1_767_571_200, 0).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        for round in 0..4_000 {
            let settings = settings(&mut rng);
            // Evaluations are at odd times too, and at those of samples.
            let now = rng.random_range(0..2 * WEEK) / [1, 30_000, 300_000][round % 3]
                * [1, 30_000, 300_000][round % 3];
            let samples = samples(now, &mut rng);
            let mut view = View {
                now,
                slots: rng.random_range(1..5),
                nodes: rng.random_range(0..60),
                target: rng.random_range(0..60),
                samples: &samples,
            };
            // Half of the pools have the target already: then missing nodes matter.
            let first = target(&settings, &view);
            if rng.random_bool(0.5) {
                view.target = first;
            }
            let at = monday + TimeDelta::milliseconds(now);
            let outcome = settings.parsed().evaluate(&view.to_samples(monday), at);
            assert_eq!(outcome.error, None);
            assert_eq!(
                outcome.target_dedicated_nodes,
                target(&settings, &view),
                "{round}: {settings:?}"
            );
        }
    }
}
