//! What the steps of a program came to, for the threads of the program that wait for them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{StepError, StepReport};

/// What the steps of a program came to, by name. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    board: Arc<Board>,
}

#[derive(Debug, Default)]
struct Board {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    /// Nothing comes any more.
    closed: AtomicBool,
    /// No further step is taken.
    full: AtomicBool,
    /// Whether anything comes before a person has answered.
    standstill: Mutex<Standstill>,
}

/// A run stands still when nothing runs, a step waits for a person, and no step is on its way to the engine.
#[derive(Debug, Default)]
struct Standstill {
    announced: u64,
    arrived: u64,
    stalled: bool,
}

#[derive(Debug, Default)]
struct Slot {
    report: Mutex<Option<Arc<StepReport>>>,
    changed: Condvar,
}

/// What waiting for a step came to.
#[derive(Debug, Clone)]
pub enum Awaited {
    /// The step came to this.
    Report(Arc<StepReport>),
    /// The run has ended, and the step will never come to anything.
    Closed,
    /// Nothing goes on before a person has answered what a step asks.
    Stalled,
}

impl Outcomes {
    /// What a step came to, if it has.
    #[must_use]
    pub fn get(&self, step: &str) -> Option<Arc<StepReport>> {
        let slot = lock(&self.board.slots).get(step).cloned()?;
        lock(&slot.report).clone()
    }

    /// Waits until a step has come to something. Blocks the thread, which must not be one of the async runtime's.
    #[must_use]
    pub fn wait(&self, step: &str) -> Awaited {
        let slot = self.slot(step);
        let mut report = lock(&slot.report);
        loop {
            if let Some(report) = &*report {
                return Awaited::Report(Arc::clone(report));
            }
            if lock(&self.board.standstill).stalled {
                return Awaited::Stalled;
            }
            if self.board.closed.load(Ordering::SeqCst) {
                return Awaited::Closed;
            }
            report = slot
                .changed
                .wait(report)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that a step is about to be handed over; false, where no further step is taken.
    #[must_use]
    pub fn announce(&self) -> bool {
        if self.board.full.load(Ordering::SeqCst) {
            return false;
        }
        let mut standstill = lock(&self.board.standstill);
        standstill.announced += 1;
        standstill.stalled = false;
        true
    }

    /// A step has arrived at the engine, or was turned away.
    pub(super) fn arrived(&self) {
        lock(&self.board.standstill).arrived += 1;
    }

    /// Turns a step away, and all that come after it: the run may have no more.
    pub(crate) fn turn_away(&self, step: &str) {
        self.board.full.store(true, Ordering::SeqCst);
        self.arrived();
        let error = StepError::new("too_many_steps", Self::FULL, None);
        self.put(&StepReport::never_ran(step.to_owned(), error));
    }

    /// Why a step was turned away.
    pub const FULL: &'static str = "the script made all the steps that a run may have";

    /// Keeps what a step came to; the first report of a step is the one that counts.
    pub(super) fn put(&self, report: &StepReport) {
        let slot = self.slot(&report.id);
        lock(&slot.report).get_or_insert_with(|| Arc::new(report.clone()));
        slot.changed.notify_all();
    }

    pub(crate) fn close(&self) {
        if !self.board.closed.swap(true, Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Says that nothing goes on before a person has answered, unless a step is on its way.
    pub(super) fn stall(&self) {
        {
            let mut standstill = lock(&self.board.standstill);
            if standstill.stalled || standstill.announced > standstill.arrived {
                return;
            }
            standstill.stalled = true;
        }
        self.wake();
    }

    fn wake(&self) {
        for slot in lock(&self.board.slots).values() {
            // Whoever looked before the flag was raised sleeps by the time that the lock is had.
            drop(lock(&slot.report));
            slot.changed.notify_all();
        }
    }

    fn slot(&self, step: &str) -> Arc<Slot> {
        let mut slots = lock(&self.board.slots);
        match slots.get(step) {
            Some(slot) => Arc::clone(slot),
            None => Arc::clone(slots.entry(step.to_owned()).or_default()),
        }
    }
}

/// A thread that panicked left whole values behind: each is set in one go.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_when_the_run_ends_or_stalls_is_told() {
        for raise in [Outcomes::close, Outcomes::stall] {
            let outcomes = Outcomes::default();
            let waiting = outcomes.clone();
            let thread = std::thread::spawn(move || waiting.wait("s1"));
            raise(&outcomes);
            let awaited = thread.join().unwrap();
            assert!(!matches!(awaited, Awaited::Report(_)));
            assert!(outcomes.get("s1").is_none());
        }
    }
}
