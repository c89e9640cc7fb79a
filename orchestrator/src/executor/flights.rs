//! Calls in flight by identity, so that two equal steps run once.

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::{CachedStep, Digest};

/// What the calls in flight give, for those who wait for the same.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Digest, watch::Receiver<Option<CachedStep>>>>);

/// What whoever wants a result has to do for it.
pub(super) enum Claim {
    /// Nobody is at it: make the call, and say what it gave.
    Lead(Flight),
    /// Somebody is: wait.
    Follow(watch::Receiver<Option<CachedStep>>),
}

/// The duty to make a call; dropping it without a result lets the next one try.
pub(super) struct Flight {
    flights: Arc<Flights>,
    identity: Digest,
    result: watch::Sender<Option<CachedStep>>,
}

impl Flights {
    pub(super) fn claim(self: &Arc<Self>, identity: Digest) -> Claim {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match flights.entry(identity) {
            hash_map::Entry::Occupied(entry) => Claim::Follow(entry.get().clone()),
            hash_map::Entry::Vacant(entry) => {
                let (result, receiver) = watch::channel(None);
                entry.insert(receiver);
                Claim::Lead(Flight {
                    flights: Arc::clone(self),
                    identity,
                    result,
                })
            }
        }
    }
}

impl Flight {
    /// Gives the result to everybody who waits for it.
    pub(super) fn land(self, result: CachedStep) {
        self.result.send_replace(Some(result));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self
            .flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        flights.remove(&self.identity);
    }
}

/// Waits for what a call in flight gives; nothing, if it gave nothing.
pub(super) async fn follow(
    mut receiver: watch::Receiver<Option<CachedStep>>,
) -> Option<CachedStep> {
    let landed = receiver.wait_for(Option::is_some).await.ok()?;
    landed.clone()
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
        let (followed, ()) = tokio::join!(follow(receiver), async { flight.land(result()) });
        assert_eq!(followed, Some(result()));
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
        assert_eq!(follow(receiver).await, None);
        assert!(matches!(flights.claim(identity), Claim::Lead(_)));
    }
}
