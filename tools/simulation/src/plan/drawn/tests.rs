use std::collections::BTreeSet;

use super::*;
use crate::plan::Stage;

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
    insta::assert_snapshot!(accidents, @"ClockSkew ForeignRunner GroupOpened JobDisabled Kill LoseNode NoAssignment NoNodes Outage PoolFull RateStorm ResizeFails RouteBroken ScalingFails");
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

#[test]
fn a_plan_that_was_kept_before_these_conditions_still_reads() {
    let plan = Plan::drawn(3, &Size { jobs: 60, faulty: None });
    let mut text = serde_json::to_value(&plan).expect("a plan is plain");
    let new = ["offline", "listener_deaths", "terminations", "old_images"];
    new.iter().for_each(|name| assert!(remove(&mut text["chances"], name), "{name}"));
    text["deployments"].as_array_mut().expect("a list").iter_mut().for_each(|deployment| {
        assert!(remove(deployment, "neighbours"));
    });
    text["jobs"].as_array_mut().expect("a list").iter_mut().for_each(|job| {
        assert!(remove(job, "set_up_fails"));
    });
    let read: Plan = serde_json::from_value(text).expect("nothing new is required");
    assert!(!read.jobs.iter().any(|job| job.set_up_fails) && read.chances.offline == 0.0);
}

fn remove(object: &mut serde_json::Value, name: &str) -> bool {
    object.as_object_mut().is_some_and(|object| object.remove(name).is_some())
}

#[test]
fn every_condition_of_runners_comes_up() {
    let plans: Vec<Plan> = plans().collect();
    let count = |holds: fn(&Plan) -> bool| plans.iter().filter(|plan| holds(plan)).count();
    let opened = |plan: &Plan| plan.deployments.iter().any(|one| !one.neighbours.is_empty());
    assert!((60..140).contains(&count(opened)), "{}", count(opened));
    let offline = count(|plan| plan.chances.offline > 0.0);
    assert!((100..170).contains(&offline), "{offline}");
    assert!(count(|plan| plan.jobs.iter().any(|job| job.set_up_fails)) > 190);
    let crowd =
        |plan: &Plan| plan.jobs.iter().filter(|job| job.repository == "octo/neighbour").count();
    let largest = plans.iter().map(crowd).max().unwrap_or_default();
    assert!(largest > 5, "more than may fail for one job: {largest}");
}
