use super::*;

const MINT: RequestCost<'static> = RequestCost {
    call: "registering a runner",
    points: 5,
    registers_at: Some("orgs/octo"),
    purpose: Purpose::Mint,
};
const LOOK: RequestCost<'static> = RequestCost {
    call: "listing runs",
    points: 1,
    registers_at: None,
    purpose: Purpose::LowPriority,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// What an answer tells with so much left of 5,000 until the hour ends.
fn left(remaining: u32) -> RateLimitHeaders {
    RateLimitHeaders {
        resource: Some("core".to_owned()),
        limit: Some(5000),
        remaining: Some(remaining),
        resets_at: Some(at(3600)),
        ..RateLimitHeaders::default()
    }
}

fn refused(retry_after: Option<u64>) -> RateLimitHeaders {
    RateLimitHeaders {
        refused: true,
        retry_after: retry_after.map(Duration::from_secs),
        ..RateLimitHeaders::default()
    }
}

fn seconds(wait: Result<(), Duration>) -> u64 {
    wait.err().map_or(0, |wait| wait.as_secs())
}

#[test]
fn housekeeping_ends_where_a_fifth_of_the_hour_is_left_and_runners_go_on() {
    let mut budget = Budget::default();
    budget.learn("listing runs", &left(1001), at(0));
    assert_eq!(seconds(budget.spend(&LOOK, at(0))), 0);
    budget.learn("listing runs", &left(1000), at(0));
    assert_eq!(seconds(budget.spend(&LOOK, at(0))), 3600);
    assert_eq!(seconds(budget.spend(&MINT, at(0))), 0);
    budget.learn("listing runs", &left(0), at(0));
    assert_eq!(seconds(budget.spend(&MINT, at(600))), 3000);
    assert_eq!(seconds(budget.spend(&MINT, at(3600))), 0);
}

#[test]
fn an_answer_that_was_overtaken_gives_nothing_back() {
    let mut budget = Budget::default();
    budget.learn("listing runs", &left(0), at(0));
    budget.learn("listing runs", &left(7), at(0));
    assert_eq!(seconds(budget.spend(&MINT, at(0))), 3600);
}

#[test]
fn resources_have_hours_of_their_own() {
    let mut budget = Budget::default();
    let registrations =
        RateLimitHeaders { resource: Some("actions_runner_registration".to_owned()), ..left(0) };
    budget.learn(MINT.call, &registrations, at(0));
    assert_eq!(seconds(budget.spend(&MINT, at(0))), 3600);
    assert_eq!(seconds(budget.spend(&LOOK, at(0))), 0);
}

#[test]
fn a_minute_has_180_runners_and_90_deeds_of_housekeeping() {
    let mut budget = Budget::default();
    budget.learn(LOOK.call, &left(5000), at(0));
    for _ in 0..180 {
        assert_eq!(seconds(budget.spend(&MINT, at(10))), 0);
    }
    assert_eq!(seconds(budget.spend(&MINT, at(20))), 51);
    assert_eq!(seconds(budget.spend(&MINT, at(71))), 0);
    let cancel = RequestCost { call: "cancelling a run", points: 5, ..LOOK };
    let done = (0..180).filter(|_| budget.spend(&cancel, at(10)).is_ok()).count();
    assert_eq!(done, 90);
}

#[test]
fn five_minutes_have_1500_runners_for_each_organization() {
    let mut budget = Budget::default();
    budget.learn(LOOK.call, &left(5000), at(0));
    let minted = (0..600).map(|second| {
        (0..3)
            .filter(|_| budget.spend(&RequestCost { points: 0, ..MINT }, at(second)).is_ok())
            .count()
    });
    let minted: Vec<usize> = minted.collect();
    assert_eq!(minted[..301].iter().sum::<usize>(), 903);
    let burst = |budget: &mut Budget, place: &str, now: i64| {
        let spending = RequestCost { points: 0, registers_at: Some(place), ..MINT };
        (0..2000).filter(|_| budget.spend(&spending, at(now)).is_ok()).count()
    };
    assert_eq!(burst(&mut budget, "orgs/corp", 0), 1500);
    assert_eq!(burst(&mut budget, "orgs/corp", 300), 0);
    assert_eq!(burst(&mut budget, "orgs/corp", 301), 1500);
    assert_eq!(burst(&mut budget, "repos/octo/app", 301), 1500);
}

#[test]
fn a_github_that_counts_nothing_sets_no_pace() {
    let mut budget = Budget::default();
    assert!((0..10_000).all(|_| budget.spend(&MINT, at(0)).is_ok()));
}

#[test]
fn everything_pauses_for_as_long_as_github_asks() {
    let mut budget = Budget::default();
    assert_eq!(budget.learn(LOOK.call, &refused(Some(120)), at(0)), Some(Duration::from_secs(120)));
    assert_eq!(seconds(budget.spend(&MINT, at(1))), 119);
    assert_eq!(seconds(budget.spend(&MINT, at(120))), 0);
}

#[test]
fn a_refusal_without_a_time_pauses_for_a_minute_then_for_longer() {
    let mut budget = Budget::default();
    let mut pause = || budget.learn(LOOK.call, &refused(None), at(0)).map(|wait| wait.as_secs());
    assert_eq!([pause(), pause(), pause()], [Some(60), Some(120), Some(240)]);
    budget.learn(LOOK.call, &left(10), at(0));
    assert_eq!(budget.learn(LOOK.call, &refused(None), at(0)), Some(Duration::from_secs(60)));
}
