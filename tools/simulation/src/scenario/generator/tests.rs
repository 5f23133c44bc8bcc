use std::collections::BTreeSet;

use super::*;
use crate::scenario::{Evaluated, PlannedJob, Stage};

fn scenarios() -> impl Iterator<Item = Scenario> {
    (0..200).map(|seed| {
        Scenario::generated(
            seed,
            &Size { jobs: 200, fault_rate: None, service: Some(crate::scenario::Service::Github) },
        )
    })
}

#[test]
fn a_seed_gives_one_scenario_and_another_seed_another() {
    let size = Size { jobs: 40, fault_rate: None, service: Some(crate::scenario::Service::Github) };
    assert_eq!(Scenario::generated(7, &size), Scenario::generated(7, &size));
    assert_ne!(Scenario::generated(7, &size), Scenario::generated(8, &size));
}

#[test]
fn a_scenario_survives_a_round_trip_through_json() {
    let scenario = Scenario::generated(
        3,
        &Size { jobs: 60, fault_rate: Some(0.25), service: Some(crate::scenario::Service::Github) },
    );
    let text = serde_json::to_string(&scenario).expect("a scenario is plain");
    assert_eq!(serde_json::from_str::<Scenario>(&text).expect("it was just written"), scenario);
}

#[test]
fn every_kind_of_fault_occurs() {
    let (mut scheduled_faults, mut courses, mut stages) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for scenario in scenarios() {
        for scheduled_fault in &scenario.scheduled_faults {
            scheduled_faults.insert(kind(&scheduled_fault.kind));
        }
        for job in &scenario.jobs {
            courses.insert(kind(&job.queued));
            stages.extend(job.cancellation.map(|cancellation| cancellation.stage));
        }
    }
    let courses = courses.into_iter().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(courses, @"Failed Late Lost ResponseLost Twice Usual WithoutJob");
    let scheduled_faults = scheduled_faults.into_iter().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(scheduled_faults, @"ClockSkew ForeignRunner GroupOpened Hang HostRestart JobDisabled Kill LoseNode MadePublic NamedLikeOurs NoAssignment NoNodes Outage PoolFull ProfilePaused RateLimitBurst Refusal RepositoryHidden RepositoryRenamed ResizeFails RouteBroken ScalingFails SettingsNarrowed");
    assert_eq!(stages.len(), 4, "{stages:?}");
}

/// Returns the name of a variant.
fn kind(variant: &impl std::fmt::Debug) -> String {
    format!("{variant:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn matrices_reach_the_limit_of_github_and_not_more() {
    let largest = scenarios().map(|scenario| {
        let runs: BTreeSet<u64> = scenario.jobs.iter().map(|job| job.run).collect();
        let size = |run: &u64| scenario.jobs.iter().filter(|job| job.run == *run).count();
        runs.iter().map(size).max().unwrap_or_default()
    });
    let largest = largest.max().unwrap_or_default();
    assert!((150..=256).contains(&largest), "{largest}");
}

#[test]
fn faults_end_long_before_a_day_in_the_queue() {
    for scenario in scenarios() {
        assert!(
            scenario.faults_end_at < 8 * 3600,
            "seed {} goes on until {}",
            scenario.seed,
            scenario.faults_end_at
        );
        assert!(
            scenario
                .scheduled_faults
                .iter()
                .all(|scheduled_fault| scheduled_fault.ends_at() < scenario.faults_end_at)
        );
        let work: u64 = scenario.jobs.iter().map(|job| job.runs_for).sum();
        let nodes = scenario.deployments.iter().map(|site| u64::from(site.pools[1].nodes)).min();
        let alone = scenario.faults_end_at + work / nodes.unwrap_or(1) / 4;
        assert!(alone < 20 * 3600, "seed {}: the last job may wait for {alone} s", scenario.seed);
    }
}

#[test]
fn jobs_of_unserved_repositories_are_cancelled() {
    let jobs = scenarios().flat_map(|scenario| scenario.jobs);
    for job in jobs.filter(|job| job.deployment.is_none() && job.stuck_for.is_none()) {
        assert!(job.cancellation.is_some_and(|cancellation| cancellation.stage == Stage::Queued));
    }
}

#[test]
fn a_given_fault_rate_is_used() {
    let scenario = Scenario::generated(
        1,
        &Size { jobs: 10, fault_rate: Some(0.2), service: Some(crate::scenario::Service::Github) },
    );
    assert!((scenario.fault_rates.faulty_calls - 0.2).abs() < f64::EPSILON);
}

#[test]
fn a_scenario_without_runner_faults_can_be_read() {
    let scenario = Scenario::generated(
        3,
        &Size { jobs: 60, fault_rate: None, service: Some(crate::scenario::Service::Github) },
    );
    let mut text = serde_json::to_value(&scenario).expect("a scenario is plain");
    let new = [
        "offline_runners",
        "listener_kills",
        "terminations",
        "old_images",
        "outliving_jobs",
        "stopped_listeners",
        "odd_items",
    ];
    new.iter().for_each(|name| assert!(remove(&mut text["fault_rates"], name), "{name}"));
    text["deployments"].as_array_mut().expect("a list").iter_mut().for_each(|deployment| {
        assert!(remove(deployment, "neighbours"));
    });
    text["jobs"].as_array_mut().expect("a list").iter_mut().for_each(|job| {
        for name in ["setup_fails", "hosted_after", "stuck_for", "deleted_after"] {
            assert!(remove(job, name), "{name}");
        }
    });
    let read: Scenario = serde_json::from_value(text).expect("nothing new is required");
    assert!(
        !read.jobs.iter().any(|job| job.setup_fails) && read.fault_rates.offline_runners == 0.0
    );
}

fn remove(object: &mut serde_json::Value, name: &str) -> bool {
    object.as_object_mut().is_some_and(|object| object.remove(name).is_some())
}

#[test]
fn every_runner_fault_occurs() {
    let scenarios: Vec<Scenario> = scenarios().collect();
    let count =
        |holds: fn(&Scenario) -> bool| scenarios.iter().filter(|scenario| holds(scenario)).count();
    let opened =
        |scenario: &Scenario| scenario.deployments.iter().any(|one| !one.neighbours.is_empty());
    assert!((60..140).contains(&count(opened)), "{}", count(opened));
    let offline = count(|scenario| scenario.fault_rates.offline_runners > 0.0);
    assert!((100..170).contains(&offline), "{offline}");
    assert!(count(|scenario| scenario.jobs.iter().any(|job| job.setup_fails)) > 190);
    let crowd = |scenario: &Scenario| {
        scenario.jobs.iter().filter(|job| job.repository == "octo/neighbour").count()
    };
    let largest = scenarios.iter().map(crowd).max().unwrap_or_default();
    assert!(largest > 5, "more than may fail for one job: {largest}");
}

#[test]
fn every_condition_of_others_occurs() {
    let scenarios: Vec<Scenario> = scenarios().collect();
    let count = |holds: fn(&PlannedJob) -> bool| {
        scenarios.iter().filter(|scenario| scenario.jobs.iter().any(holds)).count()
    };
    let counts = [
        count(|job| job.hosted_after.is_some()),
        count(|job| job.stuck_for.is_some()),
        count(|job| job.deleted_after.is_some()),
        count(|job| job.gate.is_some_and(|gate| gate.approved_after > 24 * 3600)),
    ];
    assert!(counts.iter().all(|count| (15..100).contains(count)), "{counts:?}");
    for scenario in &scenarios {
        let alone = |run: u64| scenario.jobs.iter().filter(|job| job.run == run).count() == 1;
        let mut deleted = scenario.jobs.iter().filter(|job| job.deleted_after.is_some());
        assert!(deleted.all(|job| alone(job.run) && job.rerun_after.is_none()));
    }
}

#[test]
fn labels_of_github_are_served_by_runners_but_select_none() {
    let profiles = handler::profiles::default_profiles("ubuntu", "windows");
    for job in scenarios().flat_map(|scenario| scenario.jobs) {
        if job.hosted_after.is_some() {
            assert!(profiles.iter().any(|profile| profile.serves(&job.labels)), "{:?}", job.labels);
            assert!(!job.labels.iter().any(|label| label.eq_ignore_ascii_case("self-hosted")));
        }
    }
}

#[test]
fn a_quarter_of_the_scenarios_has_a_node_per_job() {
    let isolated = |scenario: &Scenario, scaled: bool| {
        let mut pools = scenario.deployments.iter().flat_map(|deployment| &deployment.pools);
        pools.any(|pool| pool.node_per_job && pool.scaled == scaled)
    };
    let count = |scaled| scenarios().filter(|scenario| isolated(scenario, scaled)).count();
    let counts = [count(true), count(false)];
    assert!(counts.iter().all(|count| (15..40).contains(count)), "{counts:?}");
}

#[test]
fn a_quarter_of_the_scenarios_wakes_pools() {
    let wakes = |evaluated| {
        let wakes = |scenario: &Scenario| scenario.deployments[0].wakes == Some(evaluated);
        scenarios().filter(wakes).count()
    };
    let counts = [wakes(Evaluated::AtOnce), wakes(Evaluated::Later)];
    assert!(counts.iter().all(|count| (10..45).contains(count)), "{counts:?}");
}

#[test]
fn a_tenth_of_the_scenarios_pauses_a_profile() {
    let pauses = |scenario: &Scenario| {
        let mut faults = scenario.scheduled_faults.iter();
        faults.any(|fault| matches!(fault.kind, crate::scenario::FaultKind::ProfilePaused { .. }))
    };
    let paused: Vec<u64> =
        scenarios().filter(|scenario| pauses(scenario)).map(|scenario| scenario.seed).collect();
    assert!((10..35).contains(&paused.len()), "{paused:?}");
}
