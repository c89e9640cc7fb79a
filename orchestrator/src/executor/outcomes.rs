//! What the steps of a program came to, for the threads of the program that wait for them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::StepReport;

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
    /// Nothing comes before a person has answered.
    stalled: AtomicBool,
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
            if self.board.closed.load(Ordering::SeqCst) {
                return Awaited::Closed;
            }
            if self.board.stalled.load(Ordering::SeqCst) {
                return Awaited::Stalled;
            }
            report = slot
                .changed
                .wait(report)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn put(&self, report: &StepReport) {
        let slot = self.slot(&report.id);
        *lock(&slot.report) = Some(Arc::new(report.clone()));
        slot.changed.notify_all();
    }

    pub(crate) fn close(&self) {
        self.raise(&self.board.closed);
    }

    pub(super) fn stall(&self) {
        self.raise(&self.board.stalled);
    }

    fn raise(&self, flag: &AtomicBool) {
        if flag.swap(true, Ordering::SeqCst) {
            return;
        }
        for slot in lock(&self.board.slots).values() {
            // Whoever looked at the flag before it was raised sleeps by the time that the lock is had.
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
