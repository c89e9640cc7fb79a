//! The events that wait for their watcher.
//!
//! A watcher that does not read must neither block a run nor let chatter fill the memory: beyond a limit, of each step's
//! progress only the last is kept. All else is kept, as its number is bounded by the run itself.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::Event;

/// How many events may wait before progress is thinned out.
pub(super) const CHATTER_LIMIT: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct EventQueue {
    /// What is kept, whatever comes.
    kept: VecDeque<Event>,
    /// The last progress of each step that came beyond the limit, by its number.
    latest: BTreeMap<u64, Event>,
    /// The number of a step's event in `latest`.
    numbers: HashMap<String, u64>,
}

impl EventQueue {
    /// Puts in an event; its number is greater than that of any before.
    pub(super) fn push(&mut self, event: Event) {
        let waiting = self.kept.len() + self.latest.len();
        match event.kind.chatter_of() {
            Some(step) if waiting >= CHATTER_LIMIT => {
                if let Some(number) = self.numbers.get_mut(step) {
                    self.latest.remove(number);
                    *number = event.seq;
                } else {
                    self.numbers.insert(step.to_owned(), event.seq);
                }
                self.latest.insert(event.seq, event);
            }
            _ => self.kept.push_back(event),
        }
    }

    /// Takes out the event with the least number.
    pub(super) fn pop(&mut self) -> Option<Event> {
        let kept = self.kept.front().map(|event| event.seq);
        let latest = self.latest.first_key_value().map(|(&number, _)| number);
        if latest.is_none() || kept.is_some_and(|kept| Some(kept) < latest) {
            return self.kept.pop_front();
        }
        let (_, event) = self.latest.pop_first()?;
        if let Some(step) = event.kind.chatter_of() {
            self.numbers.remove(step);
        }
        Some(event)
    }
}
