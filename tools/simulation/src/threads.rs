//! Spreads work over threads, and takes what it gives in the order of its numbers.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

/// Does the work of each number on one of so many threads, and takes the outcomes in order.
///
/// Where `take` breaks, no other work is begun, and what is done already is not taken any more.
pub(super) fn in_order<T: Send>(
    numbers: Range<u64>,
    threads: usize,
    work: impl Fn(u64) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) {
    let (next, over) = (AtomicU64::new(numbers.start), AtomicBool::new(false));
    let (done, outcomes) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let done = done.clone();
            scope.spawn(|| {
                let done = done;
                while !over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end || done.send((number, work(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let (mut waiting, mut expected) = (BTreeMap::new(), numbers.start);
        for (number, outcome) in outcomes {
            waiting.insert(number, outcome);
            while let Some(outcome) = waiting.remove(&expected) {
                expected += 1;
                if !over.load(Ordering::Relaxed) && take(outcome).is_break() {
                    over.store(true, Ordering::Relaxed);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_in_order_whatever_the_threads() {
        for threads in [1, 2, 7] {
            let mut taken = Vec::new();
            let work = |number| {
                // The first ones take the longest.
                std::hint::black_box((0..(40 - number) * 10_000).sum::<u64>());
                number
            };
            in_order(3..40, threads, work, |number| {
                taken.push(number);
                ControlFlow::Continue(())
            });
            assert_eq!(taken, (3..40).collect::<Vec<u64>>());
        }
    }

    #[test]
    fn a_break_ends_the_work() {
        let mut taken = Vec::new();
        in_order(
            0..u64::MAX,
            2,
            |number| number,
            |number| {
                taken.push(number);
                if number == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(taken, [0, 1, 2, 3, 4, 5]);
    }
}
