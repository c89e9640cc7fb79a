//! Who holds what and who is next: a synchronous state machine, requests and releases in and grants out.
//!
//! No clock, no tasks, no locks: the same calls in the same order give the same grants.
//!
//! Whoever is ahead is granted first: higher priority, then who came first. One that fits may pass one ahead of it that
//! does not, but whoever was passed too often is *due*: what it waits for is set aside until it has it. So is, now and
//! then, what the one who waits longest needs, or a steady stream of more urgent requests would keep it waiting for ever.

mod held;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use self::held::{Held, KINDS};
use super::{Limits, Resources, Unfit};

/// How often a request may be passed before it is due.
const PATIENCE: u32 = 64;

/// A request's place in the queue; the least is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ticket {
    priority: Reverse<u64>,
    number: u64,
}

/// What comes of a request at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It holds what it wants.
    Granted,
    /// It waits; a release or a cancellation will grant it.
    Waiting(Ticket),
}

/// What is held, and who waits.
///
/// Between calls nobody waits who may be granted.
#[derive(Debug)]
pub(super) struct LedgerState {
    limits: Limits,
    held: Held,
    waiting: HashMap<Ticket, Waiter>,
    /// Those who wait and are not due, by what they want: if the first of a queue cannot be granted, none of it can.
    queues: HashMap<Resources, BTreeSet<Ticket>>,
    /// Those who wait, by when they came.
    ages: BTreeMap<u64, Ticket>,
    /// Those who are due, in the order in which they became so.
    due: Vec<Ticket>,
    /// How often the one who waits longest saw another take what it needs.
    overtaken: u32,
    next_number: u64,
    patience: u32,
}

#[derive(Debug)]
struct Waiter {
    resources: Resources,
    /// How often one behind it took what it needs.
    passed: u32,
}

impl LedgerState {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            held: Held::default(),
            waiting: HashMap::new(),
            queues: HashMap::new(),
            ages: BTreeMap::new(),
            due: Vec::new(),
            overtaken: 0,
            next_number: 0,
            patience: PATIENCE,
        }
    }

    /// Grants a request, or puts it in the queue.
    pub(super) fn request(
        &mut self,
        resources: &Resources,
        priority: u64,
    ) -> Result<Admission, Unfit> {
        self.limits.fits(resources)?;
        let ticket = self.ticket(priority);
        // Nobody who waits may be granted, so whoever comes can only be granted out of turn.
        if self.is_free(resources, &self.set_aside()) {
            self.count_pass(ticket, resources);
            self.held.add(resources);
            return Ok(Admission::Granted);
        }
        let queue = self.queues.entry(resources.clone()).or_default();
        queue.insert(ticket);
        self.ages.insert(ticket.number, ticket);
        let waiter = Waiter {
            resources: resources.clone(),
            passed: 0,
        };
        self.waiting.insert(ticket, waiter);
        Ok(Admission::Waiting(ticket))
    }

    /// Grants a request that does not wait, or does nothing; it counts as behind everybody.
    pub(super) fn try_request(&mut self, resources: &Resources) -> bool {
        let possible = self.limits.fits(resources).is_ok();
        let granted = possible && self.is_free(resources, &self.set_aside());
        if granted {
            let ticket = self.ticket(0);
            self.count_pass(ticket, resources);
            self.held.add(resources);
        }
        granted
    }

    /// Takes back what was granted; returns who is granted because of it.
    pub(super) fn release(&mut self, resources: &Resources) -> Vec<Ticket> {
        self.held.remove(resources);
        self.fill()
    }

    /// Takes a request out of the queue; returns who is granted because of it.
    pub(super) fn cancel(&mut self, ticket: Ticket) -> Vec<Ticket> {
        self.leave_queue(ticket);
        self.fill()
    }

    /// What those who wait for memory or a device want, from the front.
    pub(super) fn wants_of_sessions(&self) -> Vec<Resources> {
        let firsts = self.queues.values().filter_map(BTreeSet::first);
        let mut firsts: Vec<Ticket> = firsts.copied().collect();
        firsts.sort_unstable();
        let in_order = self.due.iter().chain(&firsts);
        in_order
            .filter_map(|ticket| self.waiting.get(ticket))
            .map(|waiter| &waiter.resources)
            .filter(|resources| self.lacks_what_sessions_hold(resources))
            .cloned()
            .collect()
    }

    /// Threads and network calls come free on their own; loaded sessions hold the rest until they are asked.
    fn lacks_what_sessions_hold(&self, resources: &Resources) -> bool {
        let wanted = Resources {
            memory: resources.memory,
            device: resources.device.clone(),
            ..Resources::default()
        };
        !self.is_free(&wanted, &Held::default())
    }

    fn ticket(&mut self, priority: u64) -> Ticket {
        let number = self.next_number;
        self.next_number += 1;
        Ticket {
            priority: Reverse(priority),
            number,
        }
    }

    fn fill(&mut self) -> Vec<Ticket> {
        std::iter::from_fn(|| self.grant_next()).collect()
    }

    fn grant_next(&mut self) -> Option<Ticket> {
        let ticket = self.next()?;
        let is_due = self.due.contains(&ticket);
        let waiter = self.leave_queue(ticket)?;
        if !is_due {
            self.count_pass(ticket, &waiter.resources);
        }
        self.held.add(&waiter.resources);
        Some(ticket)
    }

    /// Who may be granted now: of those who are due the first, else of the others.
    fn next(&self) -> Option<Ticket> {
        let mut set_aside = Held::default();
        for ticket in &self.due {
            let wanted = &self.waiting.get(ticket)?.resources;
            if self.is_free(wanted, &set_aside) {
                return Some(*ticket);
            }
            set_aside.add(wanted);
        }
        self.queues
            .iter()
            .filter(|(wanted, _)| self.is_free(wanted, &set_aside))
            .filter_map(|(_, queue)| queue.first())
            .min()
            .copied()
    }

    /// What is kept for those who are due.
    fn set_aside(&self) -> Held {
        let mut held = Held::default();
        for ticket in &self.due {
            if let Some(waiter) = self.waiting.get(ticket) {
                held.add(&waiter.resources);
            }
        }
        held
    }

    /// Whether `wanted` can be had beside what is held and set aside. What is not wanted does not matter.
    fn is_free(&self, wanted: &Resources, set_aside: &Held) -> bool {
        let limits = self.limits.amounts();
        let amounts = wanted.amounts();
        let enough = (0..KINDS).all(|kind| {
            let taken = self.held.amounts[kind] + set_aside.amounts[kind];
            amounts[kind] == 0 || taken + amounts[kind] <= limits[kind]
        });
        enough
            && wanted.device.as_ref().is_none_or(|device| {
                !self.held.devices.contains(device) && !set_aside.devices.contains(device)
            })
    }

    /// Whether `other` could not be granted beside `granted`, for want of something that both take.
    fn keeps_from(&self, granted: &Resources, other: &Resources) -> bool {
        let limits = self.limits.amounts();
        let (granted_amounts, other_amounts) = (granted.amounts(), other.amounts());
        let too_much = (0..KINDS).any(|kind| {
            let both = granted_amounts[kind] + other_amounts[kind];
            granted_amounts[kind] > 0
                && other_amounts[kind] > 0
                && self.held.amounts[kind] + both > limits[kind]
        });
        too_much || granted.device.is_some() && granted.device == other.device
    }

    /// Notes whom a grant passes, before it is entered; who was passed too often is due.
    fn count_pass(&mut self, ticket: Ticket, granted: &Resources) {
        // Those who are due are not among them: what they need is set aside.
        let kept_waiting = self.queues.iter();
        let kept_waiting = kept_waiting.filter(|(wanted, _)| self.keeps_from(granted, wanted));
        let mut ahead: Vec<Ticket> = kept_waiting
            .flat_map(|(_, queue)| queue.range(..ticket).copied())
            .collect();
        ahead.sort_unstable();
        for ahead in ahead {
            if let Some(waiter) = self.waiting.get_mut(&ahead) {
                waiter.passed += 1;
                if waiter.passed >= self.patience {
                    self.make_due(ahead);
                }
            }
        }
        let Some((&number, &oldest)) = self.ages.first_key_value() else {
            return;
        };
        let held_up = self.waiting.get(&oldest);
        let held_up = held_up.is_some_and(|oldest| self.keeps_from(granted, &oldest.resources));
        if number < ticket.number && held_up {
            self.overtaken += 1;
            if self.overtaken >= self.patience {
                self.make_due(oldest);
            }
        }
    }

    fn make_due(&mut self, ticket: Ticket) {
        if self.leave_kind(ticket) {
            self.due.push(ticket);
        }
    }

    fn leave_queue(&mut self, ticket: Ticket) -> Option<Waiter> {
        if !self.leave_kind(ticket) {
            self.due.retain(|each| *each != ticket);
        }
        let oldest = self.ages.first_key_value();
        if oldest.is_some_and(|(&number, _)| number == ticket.number) {
            self.overtaken = 0;
        }
        self.ages.remove(&ticket.number);
        self.waiting.remove(&ticket)
    }

    /// Takes a request that is not due out of the queue of its like.
    fn leave_kind(&mut self, ticket: Ticket) -> bool {
        let Some(waiter) = self.waiting.get(&ticket) else {
            return false;
        };
        let Some(queue) = self.queues.get_mut(&waiter.resources) else {
            return false;
        };
        let was_in = queue.remove(&ticket);
        if queue.is_empty() {
            self.queues.remove(&waiter.resources);
        }
        was_in
    }
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod tests;
