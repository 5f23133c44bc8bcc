use super::*;

const REGISTER: RequestCost<'static> = RequestCost {
    call: "registering a runner",
    points: 5,
    registers_at: Some("orgs/octo"),
    purpose: Purpose::ServeJob,
};
const LIST: RequestCost<'static> = RequestCost {
    call: "listing runs",
    points: 1,
    registers_at: None,
    purpose: Purpose::LowPriority,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// The headers with so many of 5,000 requests remaining in the hour.
fn remaining(remaining: u32) -> RateLimitHeaders {
    RateLimitHeaders {
        resource: Some("core".to_owned()),
        limit: Some(5000),
        remaining: Some(remaining),
        resets_at: Some(at(3600)),
        ..RateLimitHeaders::default()
    }
}

fn rejected(retry_after: Option<u64>) -> RateLimitHeaders {
    RateLimitHeaders {
        rejected: true,
        retry_after: retry_after.map(Duration::from_secs),
        ..RateLimitHeaders::default()
    }
}

fn seconds(wait: Result<(), Duration>) -> u64 {
    wait.err().map_or(0, |wait| wait.as_secs())
}

#[test]
fn low_priority_requests_leave_a_fifth_of_the_hour() {
    let mut budget = Budget::default();
    budget.learn("listing runs", &remaining(1001), at(0));
    assert_eq!(seconds(budget.spend(&LIST, at(0))), 0);
    budget.learn("listing runs", &remaining(1000), at(0));
    assert_eq!(seconds(budget.spend(&LIST, at(0))), 3600);
    assert_eq!(seconds(budget.spend(&REGISTER, at(0))), 0);
    budget.learn("listing runs", &remaining(0), at(0));
    assert_eq!(seconds(budget.spend(&REGISTER, at(600))), 3000);
    assert_eq!(seconds(budget.spend(&REGISTER, at(3600))), 0);
}

#[test]
fn a_late_response_returns_no_requests() {
    let mut budget = Budget::default();
    budget.learn("listing runs", &remaining(0), at(0));
    budget.learn("listing runs", &remaining(7), at(0));
    assert_eq!(seconds(budget.spend(&REGISTER, at(0))), 3600);
}

#[test]
fn each_resource_has_its_own_hour() {
    let mut budget = Budget::default();
    let registrations = RateLimitHeaders {
        resource: Some("actions_runner_registration".to_owned()),
        ..remaining(0)
    };
    budget.learn(REGISTER.call, &registrations, at(0));
    assert_eq!(seconds(budget.spend(&REGISTER, at(0))), 3600);
    assert_eq!(seconds(budget.spend(&LIST, at(0))), 0);
}

#[test]
fn a_minute_has_180_registrations_and_90_low_priority_writes() {
    let mut budget = Budget::default();
    budget.learn(LIST.call, &remaining(5000), at(0));
    for _ in 0..180 {
        assert_eq!(seconds(budget.spend(&REGISTER, at(10))), 0);
    }
    assert_eq!(seconds(budget.spend(&REGISTER, at(20))), 51);
    assert_eq!(seconds(budget.spend(&REGISTER, at(71))), 0);
    let cancel = RequestCost { call: "cancelling a run", points: 5, ..LIST };
    let done = (0..180).filter(|_| budget.spend(&cancel, at(10)).is_ok()).count();
    assert_eq!(done, 90);
}

#[test]
fn five_minutes_have_1500_runners_for_each_organization() {
    let mut budget = Budget::default();
    budget.learn(LIST.call, &remaining(5000), at(0));
    let registered = (0..600).map(|second| {
        (0..3)
            .filter(|_| budget.spend(&RequestCost { points: 0, ..REGISTER }, at(second)).is_ok())
            .count()
    });
    let registered: Vec<usize> = registered.collect();
    assert_eq!(registered[..301].iter().sum::<usize>(), 903);
    let burst = |budget: &mut Budget, path: &str, now: i64| {
        let cost = RequestCost { points: 0, registers_at: Some(path), ..REGISTER };
        (0..2000).filter(|_| budget.spend(&cost, at(now)).is_ok()).count()
    };
    assert_eq!(burst(&mut budget, "orgs/corp", 0), 1500);
    assert_eq!(burst(&mut budget, "orgs/corp", 300), 0);
    assert_eq!(burst(&mut budget, "orgs/corp", 301), 1500);
    assert_eq!(burst(&mut budget, "repos/octo/app", 301), 1500);
}

#[test]
fn a_github_without_headers_has_no_limits() {
    let mut budget = Budget::default();
    assert!((0..10_000).all(|_| budget.spend(&REGISTER, at(0)).is_ok()));
}

#[test]
fn all_requests_pause_as_long_as_github_demands() {
    let mut budget = Budget::default();
    assert_eq!(
        budget.learn(LIST.call, &rejected(Some(120)), at(0)),
        Some(Duration::from_secs(120))
    );
    assert_eq!(seconds(budget.spend(&REGISTER, at(1))), 119);
    assert_eq!(seconds(budget.spend(&REGISTER, at(120))), 0);
}

#[test]
fn a_pause_without_a_time_is_a_minute_and_then_longer() {
    let mut budget = Budget::default();
    let mut pause =
        |now| budget.learn(LIST.call, &rejected(None), at(now)).map(|wait| wait.as_secs());
    assert_eq!([pause(0), pause(60), pause(180)], [Some(60), Some(120), Some(240)]);
    budget.learn(LIST.call, &remaining(10), at(420));
    assert_eq!(budget.learn(LIST.call, &rejected(None), at(420)), Some(Duration::from_secs(60)));
}

#[test]
fn rejections_of_concurrent_requests_are_one_pause() {
    let mut budget = Budget::default();
    let pauses = (0..50).map(|_| budget.learn(LIST.call, &rejected(None), at(0)));
    assert!(pauses.into_iter().all(|pause| pause == Some(Duration::from_secs(60))));
    assert_eq!(seconds(budget.spend(&REGISTER, at(60))), 0);
}

#[test]
fn requests_that_find_jobs_and_reports_share_the_points_of_a_minute() {
    let sent = |purpose| {
        let mut budget = Budget::default();
        budget.learn(LIST.call, &remaining(5000), at(0));
        let cost = RequestCost { purpose, ..LIST };
        (0..2000).take_while(|_| budget.spend(&cost, at(0)).is_ok()).count()
    };
    let sent =
        [Purpose::ServeJob, Purpose::FindJobs, Purpose::LowPriority, Purpose::Report].map(sent);
    assert_eq!(sent, [900, 600, 450, 300]);
    assert_eq!(sent[1], crate::polling::MAX_LISTS_PER_MINUTE as usize);
}
