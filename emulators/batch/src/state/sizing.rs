//! How a pool comes to its size: nodes that are asked for, and nodes that have to go.

use super::State;
use super::agenda::Deadline;
use super::pool::{Allocation, Targets, Wish};
use crate::wire::{Deallocation, Detail, NamedError, Stamp};

impl State {
    /// Gives a pool other targets, and sets out to reach them.
    pub(super) fn aim(&mut self, id: &str, targets: Targets, how: Deallocation, at: Stamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.targets = targets;
        pool.resize_errors.clear();
        pool.allocate(Allocation::Resizing, at);
        for dedicated in [true, false] {
            self.approach(id, dedicated, targets.of(dedicated), how, at);
        }
        self.limit_resize(id);
        self.settle_pool(id, at);
    }

    fn approach(&mut self, id: &str, dedicated: bool, want: usize, how: Deallocation, at: Stamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        let have = pool.committed(dedicated);
        if have < want {
            return self.wish_for(id, dedicated, want - have);
        }
        let mut surplus = have - want;
        let open =
            |(_, wish): &(&u64, &Wish)| wish.dedicated == dedicated && wish.replaces.is_none();
        let open: Vec<u64> = pool.wishes.iter().rev().filter(open).map(|(id, _)| *id).collect();
        for wish in open.into_iter().take(surplus) {
            pool.wishes.remove(&wish);
            surplus -= 1;
        }
        for node in pool.sparable(dedicated, surplus) {
            self.send_away(id, &node, how, at);
        }
    }

    fn wish_for(&mut self, id: &str, dedicated: bool, count: usize) {
        let affordable = self.affordable(id, dedicated);
        let Some(pool) = self.pools.get_mut(id) else { return };
        if !pool.failures.is_empty() {
            let error = pool.failures.remove(0);
            return pool.resize_errors.push(error);
        }
        if affordable < count {
            pool.resize_errors.push(quota_reached(dedicated));
        }
        for _ in 0..count.min(affordable) {
            self.wish(id, Wish { dedicated, replaces: None });
        }
    }

    /// Asks for one node.
    pub(super) fn wish(&mut self, id: &str, wish: Wish) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        let number = pool.note_wish(wish);
        if !pool.frozen {
            let delay = pool.timings.allocation.draw(&mut self.dice);
            self.after(delay, Deadline::Arrival { pool: id.to_owned(), wish: number });
        }
    }

    /// Tells for how many more nodes of a pool the account has cores.
    fn affordable(&self, id: &str, dedicated: bool) -> usize {
        let quota = &self.rules.quota;
        let all = if dedicated { quota.dedicated_cores } else { quota.low_priority_cores } as usize;
        // A pool that is there from the beginning is nobody's bill.
        let billed = self.pools.values().filter(|pool| !pool.fixed);
        let used: usize =
            billed.map(|pool| pool.committed(dedicated) * pool.cores() as usize).sum();
        match self.pools.get(id) {
            Some(pool) if !pool.fixed => all.saturating_sub(used) / pool.cores() as usize,
            _ => usize::MAX,
        }
    }

    /// Brings a node that was asked for.
    pub(super) fn arrive(&mut self, id: &str, wish: u64, due: Stamp) {
        let Some(pool) = self.pools.get_mut(id).filter(|pool| !pool.frozen) else { return };
        let Some(Wish { dedicated, replaces }) = pool.wishes.remove(&wish) else { return };
        let at = self.stamp(due.moment());
        let Some(pool) = self.pools.get_mut(id) else { return };
        if let Some(preempted) = replaces {
            pool.nodes.retain(|node| node.id != preempted);
        }
        let node = pool.add_node(dedicated, at).id.clone();
        self.settle_pool(id, at);
        self.boot(id, &node);
    }

    /// Keeps nodes from being allocated, or lets those that were asked for come.
    pub(super) fn freeze_pool(&mut self, id: &str, frozen: bool) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.frozen = frozen;
        let wishes: Vec<u64> = pool.wishes.keys().copied().filter(|_| !frozen).collect();
        for wish in wishes {
            let Some(pool) = self.pools.get(id) else { return };
            let delay = pool.timings.allocation.draw(&mut self.dice);
            self.after(delay, Deadline::Arrival { pool: id.to_owned(), wish });
        }
    }

    fn limit_resize(&mut self, id: &str) {
        let now = self.moment();
        let Some(pool) = self.pools.get_mut(id) else { return };
        let due = pool.patience().map(|patience| now.plus(patience));
        pool.resize_due = due;
        self.deadlines.extend(due.map(|due| (due, Deadline::Resize { pool: id.to_owned() })));
    }

    /// Ends a resize that has taken too long.
    pub(super) fn give_up_resize(&mut self, id: &str, due: Stamp) {
        let Some(pool) = self.pools.get_mut(id).filter(|pool| pool.resize_due == Some(due)) else {
            return;
        };
        let missing: Vec<_> =
            [true, false].into_iter().filter(|kind| pool.is_waiting_for(*kind)).collect();
        // Nodes that leave take the time that their tasks take.
        if missing.is_empty() {
            return;
        }
        pool.resize_errors.extend(missing.into_iter().map(timed_out));
        self.end_resize(id, due);
    }

    /// Ends a resize where it is, as a client asked.
    pub(super) fn stop_resizing(&mut self, id: &str, at: Stamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.resize_errors.push(resize_error("ResizeStopped", "Resize operation was stopped"));
        self.end_resize(id, at);
    }

    fn end_resize(&mut self, id: &str, at: Stamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        pool.wishes.retain(|_, wish| wish.replaces.is_some());
        pool.allocate(Allocation::Stopping, at);
        self.settle_pool(id, at);
    }

    /// Takes the steps that a pool owes: to its rest, or to its end.
    pub(super) fn settle_pool(&mut self, id: &str, at: Stamp) {
        let Some(pool) = self.pools.get_mut(id) else { return };
        if pool.deleting.is_some() && pool.nodes.is_empty() {
            self.pools.remove(id);
            self.samples.remove(id);
        } else if pool.is_settled() {
            pool.allocate(Allocation::Steady, at);
            pool.resize_due = None;
        }
    }
}

fn timed_out(dedicated: bool) -> NamedError {
    let kind = if dedicated { "dedicated" } else { "Spot" };
    let text = format!(
        "Desired number of {kind} nodes could not be allocated as the resize timeout was reached"
    );
    resize_error("AllocationTimedout", &text)
}

fn quota_reached(dedicated: bool) -> NamedError {
    if dedicated {
        return resize_error(
            "AccountCoreQuotaReached",
            "The specified account has reached core quota",
        );
    }
    resize_error("AccountSpotCoreQuotaReached", "The specified account has reached spot core quota")
}

/// Tells what went wrong with a resize.
pub(super) fn resize_error(code: &'static str, message: &str) -> NamedError {
    NamedError { code, message: message.to_owned(), values: Vec::<Detail>::new() }
}
