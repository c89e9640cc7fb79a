//! Calls in flight by identity, so that two equal steps run once.

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::{CachedStep, Digest};

/// For each call in flight, those who wait for the same.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Digest, Vec<oneshot::Sender<CachedStep>>>>);

/// What whoever wants a result has to do for it.
pub(super) enum Claim {
    /// Nobody is at it: make the call, and say what it gave.
    Lead(Flight),
    /// Somebody is: wait. Where the sender goes away, the call gave nothing, and the next one may try.
    Follow(oneshot::Receiver<CachedStep>),
}

/// The duty to make a call; dropping it without a result lets the next one try.
pub(super) struct Flight {
    flights: Arc<Flights>,
    identity: Digest,
    landed: bool,
}

impl Flights {
    pub(super) fn claim(self: &Arc<Self>, identity: Digest) -> Claim {
        match self.lock().entry(identity) {
            hash_map::Entry::Occupied(mut entry) => {
                let (sender, receiver) = oneshot::channel();
                entry.get_mut().push(sender);
                Claim::Follow(receiver)
            }
            hash_map::Entry::Vacant(entry) => {
                entry.insert(Vec::new());
                Claim::Lead(Flight {
                    flights: Arc::clone(self),
                    identity,
                    landed: false,
                })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Vec<oneshot::Sender<CachedStep>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Gives the result to everybody who waits for it, if anybody does.
    pub(super) fn land(mut self, result: impl FnOnce() -> CachedStep) {
        // From here on the identity may be somebody else's to make.
        self.landed = true;
        let waiting = self.flights.lock().remove(&self.identity);
        let waiting = waiting.unwrap_or_default();
        if !waiting.is_empty() {
            let result = result();
            for follower in waiting {
                // Whoever went away does not want it any more.
                let _ = follower.send(result.clone());
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.flights.lock().remove(&self.identity);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result() -> CachedStep {
        CachedStep {
            provider: "p".to_owned(),
            outputs: crate::Record::new(),
        }
    }

    #[tokio::test]
    async fn one_leads_and_the_others_get_its_result() {
        let flights = Arc::new(Flights::default());
        let identity = Digest::of(b"call");
        let Claim::Lead(flight) = flights.claim(identity) else {
            unreachable!("nobody was first")
        };
        let Claim::Follow(receiver) = flights.claim(identity) else {
            unreachable!("there are two leaders")
        };
        flight.land(result);
        assert_eq!(receiver.await, Ok(result()));
        assert!(matches!(flights.claim(identity), Claim::Lead(_)));
    }

    #[tokio::test]
    async fn when_a_leader_gives_up_the_others_may_lead() {
        let flights = Arc::new(Flights::default());
        let identity = Digest::of(b"call");
        let leader = flights.claim(identity);
        let Claim::Follow(receiver) = flights.claim(identity) else {
            unreachable!("there are two leaders")
        };
        drop(leader);
        assert!(receiver.await.is_err());
        assert!(matches!(flights.claim(identity), Claim::Lead(_)));
    }
}
