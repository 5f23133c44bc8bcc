//! The published tables of outcomes, for all states and actions. A is the id of the lease, X a new one.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;

const A: Uuid = Uuid::from_u128(0xa);
const B: Uuid = Uuid::from_u128(0xb);
const C: Uuid = Uuid::from_u128(0xc);
const X: Uuid = Uuid::from_u128(0xf);
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const FIXED: LeaseDuration = LeaseDuration::Fixed(TimeDelta::seconds(30));

/// Returns a lease in each state, in the order of the columns of the tables.
fn leases() -> [Lease; 5] {
    let lease = |term| Lease(Some(Granted { id: A, term }));
    let after = |seconds| NOW + TimeDelta::seconds(seconds);
    let fixed = |expires| Term::Fixed { duration: TimeDelta::seconds(30), expires };
    [
        Lease::default(),
        lease(fixed(after(20))),
        lease(Term::Breaking { until: after(20) }),
        lease(Term::Broken),
        lease(fixed(NOW)),
    ]
}

fn describe(lease: Lease) -> String {
    let id = lease.0.map(|granted| match granted.id {
        A => "A",
        B => "B",
        C => "C",
        _ => "X",
    });
    let state = lease.properties(NOW).state;
    id.map_or(state.to_owned(), |id| format!("{state} {id}"))
}

/// Returns what an action does to a lease in each state.
fn outcomes<T>(action: impl Fn(&mut Lease) -> Result<T, StorageError>) -> [String; 5] {
    leases().map(|mut lease| {
        let before = lease;
        match action(&mut lease) {
            Ok(_) => describe(lease),
            Err(error) => {
                assert_eq!(lease, before, "a failed action changes nothing");
                error.code.to_owned()
            }
        }
    })
}

#[test]
fn actions_have_the_documented_outcomes_in_every_state() {
    use StorageError as E;
    let [mismatch, none, present] = [
        E::LEASE_ID_MISMATCH_WITH_LEASE_OPERATION,
        E::LEASE_NOT_PRESENT_WITH_LEASE_OPERATION,
        E::LEASE_ALREADY_PRESENT,
    ]
    .map(|error| error.code);
    let breaking = "LeaseIsBreakingAndCannotBeAcquired";
    let unchangeable = "LeaseIsBreakingAndCannotBeChanged";
    let broken = "LeaseIsBrokenAndCannotBeRenewed";
    let period = |seconds| Some(TimeDelta::seconds(seconds));

    let acquire = |id| outcomes(move |lease| lease.acquire(id, FIXED, NOW));
    assert_eq!(acquire(X), ["leased X", present, present, "leased X", "leased X"]);
    assert_eq!(acquire(A), ["leased A", "leased A", breaking, "leased A", "leased A"]);
    assert_eq!(acquire(B), ["leased B", present, present, "leased B", "leased B"]);

    let break_after = |period| outcomes(move |lease| lease.break_after(period, NOW));
    let now_broken = [none, "broken A", "broken A", "broken A", "broken A"];
    let now_breaking = [none, "breaking A", "breaking A", "broken A", "broken A"];
    assert_eq!(break_after(period(0)), now_broken);
    assert_eq!(break_after(period(10)), now_breaking);
    assert_eq!(break_after(period(60)), now_breaking);
    assert_eq!(break_after(None), now_breaking);

    let change = |id, proposed| outcomes(move |lease| lease.change(id, proposed, NOW));
    assert_eq!(change(A, B), [none, "leased B", unchangeable, none, none]);
    assert_eq!(change(B, A), [none, "leased A", mismatch, none, none]);
    assert_eq!(change(B, C), [none, mismatch, mismatch, none, none]);

    let release = |id| outcomes(move |lease| lease.release(id));
    assert_eq!(release(A), [mismatch, "available", "available", "available", "available"]);
    assert_eq!(release(B), [mismatch; 5]);

    let renew = |id| outcomes(move |lease| lease.renew(id, NOW));
    assert_eq!(renew(A), [mismatch, "leased A", broken, broken, "leased A"]);
    assert_eq!(renew(B), [mismatch; 5]);
}

#[test]
fn reads_and_writes_have_the_documented_outcomes_in_every_state() {
    let codes = |leased: Leased, id: Option<Uuid>, write: bool| {
        leases().map(|lease| {
            let check = if write { Lease::check_write } else { Lease::check_read };
            check(&lease, leased, id, NOW).map_or_else(|error| error.code, |()| "-")
        })
    };
    for (leased, mismatch, none) in [
        (
            Leased::Blob,
            StorageError::LEASE_ID_MISMATCH_WITH_BLOB_OPERATION.code,
            StorageError::LEASE_NOT_PRESENT_WITH_BLOB_OPERATION.code,
        ),
        (
            Leased::Container,
            StorageError::LEASE_ID_MISMATCH_WITH_CONTAINER_OPERATION.code,
            StorageError::LEASE_NOT_PRESENT_WITH_CONTAINER_OPERATION.code,
        ),
    ] {
        let with_a = [none, "-", "-", "LeaseLost", "LeaseLost"];
        let with_b = [none, mismatch, mismatch, mismatch, mismatch];
        for write in [false, true] {
            assert_eq!(codes(leased, Some(A), write), with_a);
            assert_eq!(codes(leased, Some(B), write), with_b);
        }
        assert_eq!(codes(leased, None, false), ["-"; 5]);
        let missing = "LeaseIdMissing";
        assert_eq!(codes(leased, None, true), ["-", missing, missing, "-", "-"]);
    }
    let written = leases().map(|mut lease| {
        lease.forget_if_ended(NOW);
        describe(lease)
    });
    assert_eq!(written, ["available", "leased A", "breaking A", "available", "available"]);
}

#[test]
fn a_break_lasts_as_documented() {
    let seconds = |mut lease: Lease, period: Option<i64>| {
        let time = lease.break_after(period.map(TimeDelta::seconds), NOW).expect("a lease");
        (time.num_seconds(), describe(lease))
    };
    let infinite = Lease(Some(Granted { id: A, term: Term::Infinite }));
    let [_, fixed, breaking, broken, expired] = leases();
    let breaks = |time| (time, "breaking A".to_owned());
    let is_broken = (0, "broken A".to_owned());
    assert_eq!(seconds(infinite, None), is_broken);
    assert_eq!(seconds(infinite, Some(0)), is_broken);
    assert_eq!(seconds(infinite, Some(60)), breaks(60));
    assert_eq!(seconds(fixed, None), breaks(20));
    assert_eq!(seconds(fixed, Some(10)), breaks(10));
    assert_eq!(seconds(fixed, Some(60)), breaks(20));
    assert_eq!(seconds(breaking, None), breaks(20));
    assert_eq!(seconds(breaking, Some(60)), breaks(20));
    assert_eq!(seconds(breaking, Some(5)), breaks(5));
    for ended in [broken, expired] {
        assert_eq!(seconds(ended, None), is_broken);
        assert_eq!(seconds(ended, Some(60)), is_broken);
    }
}

#[test]
fn a_lease_passes_through_its_states_with_time() {
    let after = |seconds| NOW + TimeDelta::seconds(seconds);
    let mut lease = Lease::default();
    lease.acquire(A, FIXED, NOW).expect("available");
    let at = |lease: Lease, seconds| lease.properties(after(seconds));
    let properties = |status, state, duration| LeaseProperties { status, state, duration };
    assert_eq!(at(lease, 29), properties("locked", "leased", Some("fixed")));
    assert_eq!(at(lease, 30), properties("unlocked", "expired", None));
    lease.renew(A, after(100)).expect("expired leases can be renewed");
    assert_eq!(at(lease, 129), properties("locked", "leased", Some("fixed")));
    lease.acquire(A, LeaseDuration::Infinite, after(120)).expect("the same id");
    assert_eq!(at(lease, 999_999), properties("locked", "leased", Some("infinite")));
    lease.break_after(Some(TimeDelta::seconds(10)), after(200)).expect("leased");
    assert_eq!(at(lease, 209), properties("locked", "breaking", None));
    assert_eq!(at(lease, 210), properties("unlocked", "broken", None));
}
