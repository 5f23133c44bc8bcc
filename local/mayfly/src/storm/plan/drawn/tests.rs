use std::collections::BTreeSet;

use super::*;
use crate::storm::plan::Stage;

fn plans() -> impl Iterator<Item = Plan> {
    (0..200).map(|seed| Plan::drawn(seed, &Size { jobs: 200, faulty: None }))
}

#[test]
fn a_seed_means_one_storm_and_another_seed_another() {
    let size = Size { jobs: 40, faulty: None };
    assert_eq!(Plan::drawn(7, &size), Plan::drawn(7, &size));
    assert_ne!(Plan::drawn(7, &size), Plan::drawn(8, &size));
}

#[test]
fn a_plan_reads_as_it_was_written() {
    let plan = Plan::drawn(3, &Size { jobs: 60, faulty: Some(0.25) });
    let text = serde_json::to_string(&plan).expect("a plan is plain");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("it was just written"), plan);
}

#[test]
fn every_kind_of_mischief_comes_up() {
    let (mut accidents, mut courses, mut stages) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for plan in plans() {
        for accident in &plan.accidents {
            accidents.insert(kind(&accident.what));
        }
        for job in &plan.jobs {
            courses.insert(kind(&job.queued));
            stages.extend(job.cancellation.map(|cancellation| cancellation.stage));
        }
    }
    let courses = courses.into_iter().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(courses, @"Late Lost Refused Twice Unanswered Usual");
    let accidents = accidents.into_iter().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(accidents, @"ClockSkew ForeignRunner JobDisabled Kill LoseNode NoAssignment NoNodes Outage PoolFull RateStorm ResizeFails ScalingFails");
    assert_eq!(stages.len(), 4, "{stages:?}");
}

/// The name of a variant.
fn kind(variant: &impl std::fmt::Debug) -> String {
    format!("{variant:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn matrices_reach_what_github_allows_and_no_more() {
    let largest = plans().map(|plan| {
        let runs: BTreeSet<u64> = plan.jobs.iter().map(|job| job.run).collect();
        let size = |run: &u64| plan.jobs.iter().filter(|job| job.run == *run).count();
        runs.iter().map(size).max().unwrap_or_default()
    });
    let largest = largest.max().unwrap_or_default();
    assert!((150..=256).contains(&largest), "{largest}");
}

#[test]
fn faults_cease_long_before_a_day_in_the_queue_is_over() {
    for plan in plans() {
        assert!(plan.calm_at < 8 * 3600, "seed {} goes on until {}", plan.seed, plan.calm_at);
        assert!(plan.accidents.iter().all(|accident| accident.ends_at() < plan.calm_at));
        let work: u64 = plan.jobs.iter().map(|job| job.runs_for).sum();
        let nodes = plan.deployments.iter().map(|site| u64::from(site.pools[1].nodes)).min();
        let alone = plan.calm_at + work / nodes.unwrap_or(1) / 4;
        assert!(alone < 20 * 3600, "seed {}: the last job may wait for {alone} s", plan.seed);
    }
}

#[test]
fn who_may_be_served_by_nobody_is_given_up_by_somebody() {
    for job in plans().flat_map(|plan| plan.jobs).filter(|job| job.deployment.is_none()) {
        assert!(job.cancellation.is_some_and(|cancellation| cancellation.stage == Stage::Queued));
    }
}

#[test]
fn a_share_of_faulty_calls_that_is_asked_for_is_kept() {
    let plan = Plan::drawn(1, &Size { jobs: 10, faulty: Some(0.2) });
    assert!((plan.chances.faulty - 0.2).abs() < f64::EPSILON);
}
