//! Plans of generated loads: what they promise, and when they keep no warm nodes.

use planner::candidate::Candidate;
use planner::choice::{Objective, Reason, choose};
use planner::demand::Demand;
use planner::generators::Generator;
use planner::plan::{Judging, Plan, Value, parameters};
use planner::report::{Report, Row};
use planner::timings::Timings;
use planner::trace::{Trace, WEEK};
use planner::weeks::{Conditions, Weeks};

fn plan(trace: Trace, max_nodes: u32, objective: Objective) -> Plan {
    let conditions = Conditions { max_nodes, timings: Timings::REPORTED, seed: 1 };
    Plan::of(trace, conditions, &[1], objective, Judging::default(), &|| ())
}

/// Returns the first weeks of a trace.
fn first_weeks(trace: &Trace, weeks: usize) -> Trace {
    Trace::new(&trace.name, trace.start, weeks, trace.jobs.clone())
}

#[test]
fn a_flat_load_gets_no_warm_nodes_and_waits_hardly_longer() {
    let plan = plan(Generator::Flat.trace(1), 40, Objective::Balanced);
    assert_eq!((plan.choice.reason, plan.candidate.calm_minutes), (Reason::NoPattern, 5));
    assert!(plan.judged.choices.iter().all(|(candidate, _)| candidate.keeps_none()));
    let reference = &plan.judged.baselines[0].1;
    assert!(f64::from(plan.judged.plan.p95()) <= f64::from(reference.p95()) * 1.05);
    assert!(plan.judged.plan.node_hours < reference.node_hours);
}

#[test]
fn a_short_history_gets_the_default_and_judges_nothing() {
    let plan = plan(first_weeks(&Generator::Small.trace(1), 2), 40, Objective::Balanced);
    assert_eq!(plan.choice.reason, Reason::TooShort);
    assert!(plan.candidate.is_of_template());
    assert!(plan.judged.weeks.is_empty() && plan.front.is_empty());
    assert!(planner::plan::explain(&plan).contains("2 whole weeks"));
}

#[test]
fn a_nightly_matrix_gets_its_nodes_before_the_hour() {
    let plan = plan(Generator::Nightly.trace(2), 200, Objective::Balanced);
    assert_eq!(plan.choice.reason, Reason::Met);
    let parameters = parameters(&plan.settings, 1, "ubuntu");
    let start = parameters.iter().find(|(name, _)| name == "ubuntuStartNodes");
    let Some((_, Value::Text(start))) = start else { panic!("a table: {parameters:?}") };
    assert!(
        start.starts_with("0,0,7") || start.starts_with("0,0,8"),
        "80 jobs at 2 o'clock: {start}"
    );
}

/// Figures of later weeks must not change what is chosen for a week.
#[test]
fn a_choice_does_not_see_the_week_that_it_is_judged_on() {
    let trace = Generator::Small.trace(2);
    let mut other = trace.clone();
    // From the sixth week on, another load.
    other.jobs.retain(|job| job.at < 5 * WEEK);
    other.jobs.extend(Generator::Flat.trace(2).jobs.iter().filter(|job| job.at >= 5 * WEEK));
    let chosen = |trace: &Trace| {
        let demand = Demand::of(trace);
        let conditions = Conditions { max_nodes: 40, timings: Timings::REPORTED, seed: 1 };
        let weeks = Weeks::simulate(trace, &demand, &conditions, Candidate::all(&[1]), &|| ());
        [3, 4].map(|week| choose(&weeks, &demand, week, Objective::Balanced))
    };
    assert_eq!(chosen(&trace), chosen(&other));
}

#[test]
fn limits_are_kept_on_the_past_weeks() {
    let trace = Generator::Office.trace(1);
    let limit = Objective::MaxWait { percent: 95.0, seconds: 240 };
    let quick = plan(trace.clone(), 100, limit);
    let cheap = plan(trace, 100, Objective::MaxCost { node_hours: 900.0 });
    assert_eq!([quick.choice.reason, cheap.choice.reason], [Reason::Met; 2]);
    // Judged weeks are other weeks: near the limits, not within.
    assert!(quick.judged.plan.p95() < 300, "{}", quick.judged.plan.p95());
    let weeks = cheap.judged.weeks.len() as f64;
    assert!(
        cheap.judged.plan.node_hours / weeks < 990.0,
        "{}",
        cheap.judged.plan.node_hours / weeks
    );
    assert!(quick.judged.plan.node_hours > cheap.judged.plan.node_hours);
}

#[test]
fn the_front_pays_more_for_shorter_waits_only() {
    let plan = plan(Generator::Small.trace(3), 40, Objective::Balanced);
    let pairs = plan.front.windows(2);
    assert!(plan.front.len() > 2);
    for pair in pairs {
        assert!(pair[0].1.node_hours <= pair[1].1.node_hours && pair[0].1.p95() > pair[1].1.p95());
    }
}

#[test]
fn generated_loads_have_eight_weeks_and_the_same_jobs_each_time() {
    for generator in Generator::ALL {
        let trace = generator.trace(1);
        assert_eq!(trace, generator.trace(1));
        assert_ne!(trace.jobs, generator.trace(2).jobs);
        let weekly = trace.jobs.len() / trace.weeks;
        assert!((200..=22_000).contains(&weekly), "{}: {weekly} jobs a week", generator.name());
        assert_eq!(Generator::named(generator.name()), Some(generator));
    }
}

#[test]
fn resampled_weeks_give_the_ratios_a_range() {
    let conditions = Conditions { max_nodes: 40, timings: Timings::REPORTED, seed: 1 };
    let of = |resamples| {
        let judging = Judging { from: 5, resamples };
        let trace = Generator::Office.trace(1);
        let plan = Plan::of(trace, conditions, &[1], Objective::Balanced, judging, &|| ());
        Report::of(&plan, "ubuntu", None)
    };
    let (plain, ranged) = (of(0), of(3));
    let reference = ranged.rows[1].resampled.as_ref().expect("a range");
    assert_eq!((reference.node_hours_ratio, reference.p95_ratio), ([1.0, 1.0], [1.0, 1.0]));
    assert!(reference.p95[0] < reference.p95[1], "{reference:?}");
    let [lowest, highest] = ranged.rows[0].resampled.as_ref().expect("a range").p95_ratio;
    assert!(0.1 < lowest && lowest < highest && highest < 0.9, "{lowest} to {highest}");
    assert!(ranged.text().contains(&format!(" ({lowest:.2}-{highest:.2})")));
    let bare = ranged.rows.into_iter().map(|row| Row { resampled: None, ..row });
    assert_eq!(bare.collect::<Vec<_>>(), plain.rows, "the judged weeks themselves do not change");
}
