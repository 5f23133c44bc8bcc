//! The formulas of the deployment request the nodes that jobs need, for all kinds of samples.
//!
//! They are read from `arm/autoscale` and filled in as the template does: each number is assigned
//! in a line of its own. Samples are written as in the known answers.

use std::fs;
use std::path::Path;

use autoscale_formula::{MAX_LENGTH, Outcome, parse};
use chrono::{DateTime, Utc};
use insta::assert_snapshot;

#[path = "known_answers/samples.rs"]
mod samples;

const FORMULAS: [&str; 3] = ["dedicated", "spot", "spot-with-dedicated"];
/// A Saturday, so that no hour is warm by default.
const SATURDAY: &str = "2026-11-21T10:00:00Z";
const FORTY: &str = "$TaskSlotsPerNode = 1\n$PendingTasks: 0*20 40*10, newest 60s ago";

/// Replaces numbers of a formula, such as `maxNodes = 50`.
fn filled(name: &str, numbers: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../arm/autoscale");
    let text = fs::read_to_string(path.join(format!("{name}.txt"))).expect("the formula is there");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for number in numbers {
        let (variable, _) = number.split_once('=').expect("a number is assigned");
        let mut found = lines.iter_mut().filter(|line| line.starts_with(&format!("{variable}=")));
        let line = found.next().unwrap_or_else(|| panic!("{name}.txt assigns {variable}"));
        *line = format!("{number};");
        assert!(found.next().is_none(), "{name}.txt assigns {variable} twice");
    }
    lines.join("\n")
}

fn outcome(name: &str, numbers: &[&str], samples: &str, now: &str) -> Outcome {
    let now: DateTime<Utc> = now.parse().expect("the time is written as RFC 3339");
    let formula = parse(&filled(name, numbers)).expect("it follows the grammar");
    let outcome = formula.evaluate(&samples::read(samples, now), now);
    assert_eq!(outcome.error, None);
    outcome
}

/// Returns the requested dedicated and spot nodes.
fn requested_at(name: &str, numbers: &[&str], samples: &str, now: &str) -> String {
    let outcome = outcome(name, numbers, samples, now);
    let [dedicated, spot] = [outcome.target_dedicated_nodes, outcome.target_low_priority_nodes];
    let leaving = "$NodeDeallocationOption=taskcompletion;";
    assert!(outcome.to_string().contains(leaving), "a node leaves only when its jobs have ended");
    format!("{dedicated} dedicated, {spot} spot")
}

fn requested(name: &str, numbers: &[&str], samples: &str) -> String {
    requested_at(name, numbers, samples, SATURDAY)
}

// The template finds these lines by their text: a line written differently would silently keep its
// number.
#[test]
fn every_formula_begins_with_the_numbers_of_the_template() {
    let numbers = "maxNodes = 10; minNodes = 0; warmNodes = 0; warmFromHour = 7; warmToHour = 19; \
                   warmFromWeekday = 1; warmToWeekday = 5; utcOffsetHours = 0; calmMinutes = 5; \
                   wakeNodes = 0; wakeUntil = time(\"1970-01-01T00:00:00Z\");";
    for name in FORMULAS {
        let text = filled(name, &[]);
        let lines = text.lines().skip_while(|line| line.starts_with("//"));
        let head: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        assert_eq!(head.join(" "), numbers, "{name}");
        assert!(head.iter().all(|line| text.matches(line).count() == 1), "{name} repeats a number");
    }
}

#[test]
fn no_job_requests_no_node() {
    let idle = "$TaskSlotsPerNode = 1\n$PendingTasks: 0*30, newest 60s ago";
    for name in FORMULAS {
        assert_eq!(requested(name, &[], idle), "0 dedicated, 0 spot", "{name}");
    }
    assert_snapshot!(requested("dedicated", &["minNodes = 2"], idle), @"2 dedicated, 0 spot");
}

#[test]
fn a_woken_pool_gets_its_nodes_until_the_time_is_over() {
    let idle = "$TaskSlotsPerNode = 1\n$PendingTasks: 0*30, newest 60s ago";
    let woken = |name: &str, until: &str| {
        let until = format!("wakeUntil = time(\"{until}\")");
        requested(name, &["wakeNodes = 7", &until], idle)
    };
    for name in ["dedicated", "weekly", "spot", "spot-with-dedicated"] {
        let expected = if matches!(name, "dedicated" | "weekly") {
            "7 dedicated, 0 spot"
        } else {
            "0 dedicated, 7 spot"
        };
        assert_eq!(woken(name, "2099-01-01T00:00:00Z"), expected, "{name}");
        assert_eq!(woken(name, "2000-01-01T00:00:00Z"), "0 dedicated, 0 spot", "{name}");
    }
}

#[test]
fn forty_jobs_get_forty_nodes_in_one_step() {
    assert_snapshot!(requested("dedicated", &["maxNodes = 50"], FORTY), @"40 dedicated, 0 spot");
    assert_snapshot!(requested("spot", &["maxNodes = 50"], FORTY), @"0 dedicated, 40 spot");
}

#[test]
fn a_formula_requests_at_most_the_maximum() {
    assert_snapshot!(requested("dedicated", &[], FORTY), @"10 dedicated, 0 spot");
    assert_snapshot!(requested("dedicated", &["maxNodes = 3", "minNodes = 5"], FORTY), @"3 dedicated, 0 spot");
}

#[test]
fn a_failed_resize_is_retried_at_every_second_evaluation() {
    for (name, target, current) in [
        ("dedicated", "$TargetDedicatedNodes", "$CurrentDedicatedNodes"),
        ("spot", "$TargetLowPriorityNodes", "$CurrentLowPriorityNodes"),
    ] {
        let nodes = |wanted: u32, there: u32| {
            let samples = format!(
                "$TaskSlotsPerNode = 1\n$PendingTasks: 8*10, newest 60s ago\n{target} = {wanted}\n{current}: {there}*10, newest 60s ago"
            );
            let outcome = outcome(name, &[], &samples, SATURDAY);
            outcome.target_dedicated_nodes + outcome.target_low_priority_nodes
        };
        assert_eq!([nodes(8, 8), nodes(8, 3), nodes(7, 3), nodes(3, 3)], [8, 7, 8, 8], "{name}");
    }
}

#[test]
fn preempted_nodes_are_requested_again() {
    let spot = |target: u32, current: u32, preempted: u32| {
        let samples = format!(
            "$TaskSlotsPerNode = 1\n$PendingTasks: 4*10, newest 60s ago\n\
             $TargetLowPriorityNodes = {target}\n$CurrentLowPriorityNodes: {current}*10, newest 60s ago\n\
             $PreemptedNodeCount: {preempted}*10, newest 60s ago"
        );
        outcome("spot", &[], &samples, SATURDAY).target_low_priority_nodes
    };
    let asked = [spot(4, 4, 4), spot(3, 3, 3), spot(4, 4, 1), spot(4, 4, 0), spot(4, 6, 2)];
    assert_eq!(asked, [3, 4, 3, 4, 4]);
}

#[test]
fn missing_nodes_of_both_kinds_are_requested_again() {
    let with = |targets: [u32; 2], current: [u32; 2], jobs: u32| {
        let samples = format!(
            "$TaskSlotsPerNode = 1\n$PendingTasks: {jobs}*30, newest 30s ago\n\
             $TargetDedicatedNodes = {}\n$TargetLowPriorityNodes = {}\n\
             $CurrentDedicatedNodes: {}*30, newest 30s ago\n$CurrentLowPriorityNodes: {}*30, newest 30s ago",
            targets[0], targets[1], current[0], current[1]
        );
        requested("spot-with-dedicated", &[], &samples)
    };
    // Neither kind was allocated; only dedicated nodes are wanted; all are there.
    assert_snapshot!(with([6, 4], [0, 0], 6), @"6 dedicated, 3 spot");
    assert_snapshot!(with([6, 3], [0, 0], 6), @"6 dedicated, 4 spot");
    assert_snapshot!(with([10, 0], [3, 0], 12), @"9 dedicated, 0 spot");
    assert_snapshot!(with([0, 6], [0, 6], 6), @"0 dedicated, 6 spot");
}

#[test]
fn a_part_of_a_node_is_a_node() {
    let jobs = |count| format!("$TaskSlotsPerNode = 4\n$PendingTasks: {count}*10, newest 60s ago");
    let nodes = |count| requested("dedicated", &["maxNodes = 50"], &jobs(count));
    assert_snapshot!(nodes(1), @"1 dedicated, 0 spot");
    assert_snapshot!(nodes(40), @"10 dedicated, 0 spot");
    assert_snapshot!(nodes(41), @"11 dedicated, 0 spot");
}

#[test]
fn missing_samples_do_not_stop_a_formula() {
    let none = "$TaskSlotsPerNode = 1";
    assert_snapshot!(requested("dedicated", &[], none), @"0 dedicated, 0 spot");
    assert_snapshot!(requested("spot-with-dedicated", &["minNodes = 1"], none), @"0 dedicated, 1 spot");
    let first = "$TaskSlotsPerNode = 1\n$PendingTasks: 7, newest 30s ago";
    assert_snapshot!(requested("dedicated", &[], first), @"7 dedicated, 0 spot");
    let stale = "$TaskSlotsPerNode = 1\n$PendingTasks: 4*20, newest 40m ago";
    assert_snapshot!(requested("dedicated", &[], stale), @"4 dedicated, 0 spot");
}

#[test]
fn nodes_stay_warm_in_the_hours_of_the_weekdays() {
    let idle = "$TaskSlotsPerNode = 1\n$PendingTasks: 0*30, newest 60s ago";
    let at = |now: &str, numbers: &[&str]| {
        requested_at("dedicated", &[&["warmNodes = 3"], numbers].concat(), idle, now)
    };
    let [monday_morning, monday_night] = ["2026-11-23T07:00:00Z", "2026-11-23T19:00:00Z"];
    let sunday = "2026-11-22T12:00:00Z";
    assert_snapshot!(at(monday_morning, &[]), @"3 dedicated, 0 spot");
    assert_snapshot!(at("2026-11-23T06:59:59Z", &[]), @"0 dedicated, 0 spot");
    assert_snapshot!(at("2026-11-23T18:59:59Z", &[]), @"3 dedicated, 0 spot");
    assert_snapshot!(at(monday_night, &["minNodes = 1"]), @"1 dedicated, 0 spot");
    assert_snapshot!(at(sunday, &[]), @"0 dedicated, 0 spot");
    assert_snapshot!(at(sunday, &["warmFromWeekday = 7", "warmToWeekday = 4"]), @"3 dedicated, 0 spot");
    assert_snapshot!(at("2026-11-20T12:00:00Z", &["warmFromWeekday = 7", "warmToWeekday = 4"]), @"0 dedicated, 0 spot");
    assert_snapshot!(at(monday_night, &["warmFromHour = 18", "warmToHour = 6"]), @"3 dedicated, 0 spot");
    assert_snapshot!(at("2026-11-23T12:00:00Z", &["warmFromHour = 18", "warmToHour = 6"]), @"0 dedicated, 0 spot");
    assert_snapshot!(at("2026-11-23T03:00:00Z", &["warmFromHour = 0", "warmToHour = 0"]), @"3 dedicated, 0 spot");
    // Sunday evening in Greenwich is Monday morning in Auckland; Monday morning is Sunday night in Los Angeles.
    assert_snapshot!(at("2026-11-22T19:00:00Z", &["utcOffsetHours = 13"]), @"3 dedicated, 0 spot");
    assert_snapshot!(at(monday_morning, &["utcOffsetHours = -8"]), @"0 dedicated, 0 spot");
}

#[test]
fn nodes_are_removed_after_a_calm_period() {
    let gone = |ago: u32| {
        let history = format!("$PendingTasks: 5*4 2*{}, newest 30s ago", 2 * ago - 1);
        requested("dedicated", &[], &format!("$TaskSlotsPerNode = 1\n{history}"))
    };
    assert_snapshot!(gone(1), @"5 dedicated, 0 spot");
    assert_snapshot!(gone(4), @"5 dedicated, 0 spot");
    assert_snapshot!(gone(6), @"2 dedicated, 0 spot");
}

#[test]
fn dedicated_nodes_replace_missing_spot_nodes() {
    let with = |nodes: &str, jobs: &str| {
        let samples =
            format!("$TaskSlotsPerNode = 1\n$PendingTasks: {jobs}, newest 30s ago\n{nodes}");
        requested("spot-with-dedicated", &[], &samples)
    };
    let nodes = |spot, preempted, dedicated| {
        format!(
            "$CurrentLowPriorityNodes: {spot}, newest 30s ago\n$PreemptedNodeCount: {preempted}, newest 30s ago\n\
             $CurrentDedicatedNodes: {dedicated}, newest 30s ago"
        )
    };
    // Just requested; allocated; not allocated for ten minutes; some preempted.
    assert_snapshot!(with(&nodes(0, 0, 0), "0*20 6*4"), @"0 dedicated, 6 spot");
    assert_snapshot!(with(&nodes(6, 0, 0), "6*30"), @"0 dedicated, 6 spot");
    assert_snapshot!(with(&nodes(0, 0, 0), "6*30"), @"6 dedicated, 4 spot");
    assert_snapshot!(with(&nodes(6, 2, 0), "6*30"), @"2 dedicated, 6 spot");
    // Spot nodes are available again; jobs have just ended; the calm period is over.
    assert_snapshot!(with(&nodes(6, 0, 2), "6*30"), @"0 dedicated, 6 spot");
    assert_snapshot!(with(&nodes(4, 0, 2), "6*25 1*5"), @"2 dedicated, 6 spot");
    assert_snapshot!(with(&nodes(4, 0, 2), "1*40"), @"0 dedicated, 1 spot");
    // Never more than the maximum in total.
    assert_snapshot!(with(&nodes(3, 0, 0), "40*30"), @"7 dedicated, 3 spot");
}

/// The weekly formula with the numbers of Monday from 7 to 8 o'clock, and one number for all other hours.
fn weekly(hour_nodes: &str, samples: &str, now: &str) -> String {
    let table = |number: u32| {
        let numbers = (0..168).map(|hour| if hour == 7 { number } else { 0 });
        format!("[{}]", numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(","))
    };
    let numbers =
        ["hourNodes", "spareNodes", "startNodes"].map(|name| match hour_nodes.split_once(' ') {
            Some((wanted, number)) if wanted == name => {
                format!("{name} = {}", table(number.parse().expect("a number")))
            }
            _ => format!("{name} = [0]"),
        });
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let samples = format!("$TaskSlotsPerNode = 1\n$PendingTasks: {samples}, newest 30s ago");
    requested_at("weekly", &numbers, &samples, now)
}

#[test]
fn the_weekly_formula_keeps_the_nodes_of_the_hour() {
    let idle = |table: &str, time: &str| weekly(table, "0*130", &format!("2026-11-23T{time}Z"));
    // From 12 minutes before the hour to its end; 11 and 12 minutes before the next hour, that counts too.
    assert_snapshot!(idle("hourNodes 5", "06:47:00"), @"0 dedicated, 0 spot");
    assert_snapshot!(idle("hourNodes 5", "06:48:00"), @"5 dedicated, 0 spot");
    assert_snapshot!(idle("hourNodes 5", "07:59:59"), @"5 dedicated, 0 spot");
    assert_snapshot!(idle("hourNodes 5", "08:00:00"), @"0 dedicated, 0 spot");
    // Schedules start jobs in the first ten minutes.
    assert_snapshot!(idle("startNodes 9", "06:48:00"), @"9 dedicated, 0 spot");
    assert_snapshot!(idle("startNodes 9", "07:09:59"), @"9 dedicated, 0 spot");
    assert_snapshot!(idle("startNodes 9", "07:10:00"), @"0 dedicated, 0 spot");
    // Never more than the maximum; on Tuesday the table has nothing.
    assert_snapshot!(idle("hourNodes 50", "07:00:00"), @"10 dedicated, 0 spot");
    assert_snapshot!(weekly("hourNodes 5", "0*130", "2026-11-24T07:00:00Z"), @"0 dedicated, 0 spot");
}

#[test]
fn demand_wins_where_it_is_higher_than_the_table() {
    let at_seven = "2026-11-23T07:20:00Z";
    assert_snapshot!(weekly("hourNodes 5", "7*130", at_seven), @"7 dedicated, 0 spot");
    assert_snapshot!(weekly("hourNodes 5", "3*130", at_seven), @"5 dedicated, 0 spot");
    assert_snapshot!(weekly("spareNodes 2", "7*130", at_seven), @"9 dedicated, 0 spot");
}

#[test]
fn on_a_holiday_the_table_ends_after_an_hour() {
    let table = |time: &str, samples: &str| {
        let numbers = ["hourNodes = [8]", "trust = 2"];
        let samples = format!("$TaskSlotsPerNode = 1\n$PendingTasks: {samples}, newest 30s ago");
        requested_at("weekly", &numbers, &samples, &format!("2026-11-23T{time}Z"))
    };
    // No job in the last hour; one job; half of the table, which confirms it; too few samples.
    assert_snapshot!(table("12:00:00", "0*130"), @"0 dedicated, 0 spot");
    assert_snapshot!(table("12:00:00", "0*50 1*30"), @"1 dedicated, 0 spot");
    assert_snapshot!(table("12:00:00", "4*60 0*60"), @"8 dedicated, 0 spot");
    assert_snapshot!(table("12:00:00", "0*30"), @"8 dedicated, 0 spot");
}

#[test]
fn the_weekly_formula_fits_with_the_longest_tables() {
    let longest = format!("[{}]", ["500"; 168].join(","));
    let numbers =
        ["hourNodes", "spareNodes", "startNodes"].map(|name| format!("{name} = {longest}"));
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let text = filled("weekly", &numbers);
    assert!(text.len() <= MAX_LENGTH, "{} bytes", text.len());
    let idle = "$TaskSlotsPerNode = 1\n$PendingTasks: 400*130, newest 60s ago";
    assert_snapshot!(requested("weekly", &numbers, idle), @"10 dedicated, 0 spot");
}

#[test]
fn a_filled_formula_is_short_enough_for_batch() {
    let widest = [
        "maxNodes = 500",
        "minNodes = 500",
        "warmNodes = 500",
        "calmMinutes = 720",
        "utcOffsetHours = -12",
    ];
    for name in FORMULAS {
        let length = filled(name, &widest).chars().count();
        assert!(length < MAX_LENGTH / 2, "{name} has {length} characters");
    }
}
