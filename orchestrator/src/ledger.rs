//! One ledger of what running steps and loaded sessions take of threads, memory, devices and the network.
//!
//! It counts what is declared, and measures nothing. A step waits for what it takes before it starts, and holds it until
//! it ends; a loaded session takes what it holds only if that is free. Nobody may wait while holding a lease, which is
//! why nobody can wait for ever.

mod machine;
mod resources;
mod state;

use std::{
    collections::HashMap,
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

pub use resources::{Limits, Resources, Unfit};

use self::state::{Admission, LedgerState, Ticket};

/// How often those who hold idle sessions are asked for one request; each time must have given something back.
const EVICTIONS: usize = 256;

/// Admits what fits; cheap to clone, and every clone is the same ledger.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

/// What was granted; given back when it is dropped.
#[must_use = "what is dropped is given back"]
#[derive(Debug)]
pub struct Lease {
    /// Absent where nothing was wanted.
    ledger: Option<Ledger>,
    resources: Resources,
}

/// Somebody with idle sessions.
pub trait Evict: Send + Sync {
    /// Lets go of an idle session to make room for `wanted`, and says whether there was one.
    ///
    /// Called by whoever waits, on its thread: the lease of the session must be dropped before this returns, and the
    /// caller must not hold a lock that this needs.
    fn evict(&self, wanted: &Resources) -> bool;
}

struct Shared {
    limits: Limits,
    queue: Mutex<Queue>,
    evictors: Mutex<Vec<Weak<dyn Evict>>>,
}

struct Queue {
    state: LedgerState,
    /// Those who wait, or were granted and have not seen it yet.
    places: HashMap<Ticket, Place>,
}

#[derive(Default)]
struct Place {
    granted: bool,
    waker: Option<Waker>,
}

impl Ledger {
    /// A ledger of which nothing is taken.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let queue = Queue {
            state: LedgerState::new(limits.clone()),
            places: HashMap::new(),
        };
        Self {
            shared: Arc::new(Shared {
                limits,
                queue: Mutex::new(queue),
                evictors: Mutex::default(),
            }),
        }
    }

    /// How much may be taken at once.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Waits until `resources` are free, and takes them. Nothing is granted at once, without a look at the ledger.
    ///
    /// Higher priority goes first, and among equals who came first; what fits may pass what does not, 64 times at most.
    /// Cancel-safe: a wait that is dropped leaves the queue and takes nothing.
    ///
    /// # Errors
    /// When more is wanted than there can ever be.
    pub async fn admit(&self, resources: &Resources, priority: u64) -> Result<Lease, Unfit> {
        if resources.is_nothing() {
            return Ok(Lease::of_nothing());
        }
        let mut wait = {
            let mut queue = self.queue();
            match queue.state.request(resources, priority)? {
                Admission::Granted => return Ok(self.lease(resources)),
                Admission::Waiting(ticket) => {
                    queue.places.insert(ticket, Place::default());
                    Wait {
                        ledger: self,
                        resources,
                        ticket: Some(ticket),
                    }
                }
            }
        };
        self.reclaim();
        poll_fn(|context| wait.poll(context)).await;
        Ok(self.lease(resources))
    }

    /// Takes `resources` if they are free now and nobody is kept from them who waited too long; never waits, and asks
    /// nobody to make room.
    #[must_use]
    pub fn try_lease(&self, resources: &Resources) -> Option<Lease> {
        if resources.is_nothing() {
            return Some(Lease::of_nothing());
        }
        let granted = self.queue().state.try_request(resources);
        granted.then(|| self.lease(resources))
    }

    /// As [`try_lease`](Self::try_lease), but asks those who hold idle sessions to let go of them where that helps.
    #[must_use]
    pub fn lease_making_room(&self, resources: &Resources) -> Option<Lease> {
        let evictors = self.live_evictors();
        for _ in 0..EVICTIONS {
            if let Some(lease) = self.try_lease(resources) {
                return Some(lease);
            }
            if !evictors.iter().any(|evictor| evictor.evict(resources)) {
                break;
            }
        }
        None
    }

    /// Registers somebody to ask for idle sessions when a request waits for memory or a device.
    pub fn idle_hook(&self, evictor: Weak<dyn Evict>) {
        let mut evictors = self.evictors();
        evictors.retain(|known| known.strong_count() > 0);
        evictors.push(evictor);
    }

    /// Asks for idle sessions again if a request waits for memory or a device; to be called when a session turns idle.
    pub fn reclaim(&self) {
        let evictors = self.live_evictors();
        if evictors.is_empty() {
            return;
        }
        // Neither lock is held while others are asked: they give back leases.
        for _ in 0..EVICTIONS {
            let wants = self.queue().state.wants_of_sessions();
            let evicted = wants
                .iter()
                .any(|wanted| evictors.iter().any(|evictor| evictor.evict(wanted)));
            if !evicted {
                break;
            }
        }
    }

    /// Those who can be asked; the list is not locked while they are.
    fn live_evictors(&self) -> Vec<Arc<dyn Evict>> {
        self.evictors().iter().filter_map(Weak::upgrade).collect()
    }

    fn lease(&self, resources: &Resources) -> Lease {
        Lease {
            ledger: Some(self.clone()),
            resources: resources.clone(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        let queue = self.shared.queue.lock();
        queue.unwrap_or_else(PoisonError::into_inner)
    }

    fn evictors(&self) -> MutexGuard<'_, Vec<Weak<dyn Evict>>> {
        let evictors = self.shared.evictors.lock();
        evictors.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Tells those who were granted; their wakers are for after the lock.
    fn grant(&mut self, tickets: Vec<Ticket>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for ticket in tickets {
            if let Some(place) = self.places.get_mut(&ticket) {
                place.granted = true;
                wakers.extend(place.waker.take());
            }
        }
        wakers
    }
}

/// A place in the queue, which is left when this is dropped.
struct Wait<'a> {
    ledger: &'a Ledger,
    resources: &'a Resources,
    /// Absent once the request was granted.
    ticket: Option<Ticket>,
}

impl Wait<'_> {
    fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        let Some(ticket) = self.ticket else {
            return Poll::Ready(());
        };
        let mut queue = self.ledger.queue();
        let place = queue.places.entry(ticket).or_default();
        if !place.granted {
            place.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        queue.places.remove(&ticket);
        self.ticket = None;
        Poll::Ready(())
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else {
            return;
        };
        let wakers = {
            let mut queue = self.ledger.queue();
            let place = queue.places.remove(&ticket);
            // It may have been granted without having seen it.
            let granted = if place.is_some_and(|place| place.granted) {
                queue.state.release(self.resources)
            } else {
                queue.state.cancel(ticket)
            };
            queue.grant(granted)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Lease {
    const fn of_nothing() -> Self {
        Self {
            ledger: None,
            resources: Resources {
                threads: 0,
                memory: 0,
                device: None,
                network: false,
            },
        }
    }

    /// What was granted.
    #[must_use]
    pub const fn resources(&self) -> &Resources {
        &self.resources
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(ledger) = self.ledger.take() else {
            return;
        };
        let wakers = {
            let mut queue = ledger.queue();
            let granted = queue.state.release(&self.resources);
            queue.grant(granted)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ledger")
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
