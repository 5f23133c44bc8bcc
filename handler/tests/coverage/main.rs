//! Lives through random orders of claims, thefts, cancellations, deaths and lost deliveries: whatever comes,
//! no job starves, and no runner is started that nobody needs.

use proptest::prelude::*;

mod world;

use world::{Mischief, World};

/// Lives through the choices, and lets everything come to rest.
fn lived(mischief: Mischief, choices: &[u16]) -> World {
    let mut world = World::new(mischief);
    world.live(choices, 12);
    world.settle();
    world
}

fn choices() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_job_starves_whatever_happens(choices in choices()) {
        let mischief = Mischief { losses: true, deaths: true, removals: true, profiles: true };
        let mut world = lived(mischief, &choices);
        prop_assert!(world.is_quiet(), "a job starves, or a runner stays:\n{:#?}", world.waiting());
        prop_assert_eq!(world.reconcile(), Vec::new(), "a run with nothing wrong changes nothing");
    }

    #[test]
    fn two_runs_find_a_runner_for_every_job(choices in choices()) {
        let world = lived(Mischief { losses: true, deaths: true, ..Mischief::default() }, &choices);
        prop_assert_eq!(world.short, 0, "jobs without a runner");
    }

    #[test]
    fn within_one_profile_no_runner_is_minted_in_vain(choices in choices()) {
        let world = lived(Mischief { losses: true, deaths: true, ..Mischief::default() }, &choices);
        prop_assert!(
            world.surplus <= world.cancelled_after_claim,
            "{} runners were minted in vain, {} jobs were cancelled after the claim",
            world.surplus,
            world.cancelled_after_claim,
        );
    }
}
