//! Something loaded that stays until its memory is wanted elsewhere and nobody uses it.

use std::{fmt, sync::Arc};

use medley_orchestrator::{Evict, Ledger, Resources};
use tokio::sync::Mutex;

/// A loaded thing with its memory in the ledger: kept between uses, let go when somebody waits for memory.
///
/// Clones share it.
pub struct Resident<T> {
    slot: Arc<Slot<T>>,
    ledger: Ledger,
}

struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T: Send + Sync + 'static> Resident<T> {
    /// Nothing is loaded yet. What is loaded later takes its leases from `ledger`, which asks for it when it runs short.
    #[must_use]
    pub fn new(ledger: &Ledger) -> Self {
        let slot = Arc::new(Slot(Mutex::new(None)));
        let shared: Arc<dyn Evict> = slot.clone();
        ledger.idle_hook(Arc::downgrade(&shared));
        Self {
            slot,
            ledger: ledger.clone(),
        }
    }

    /// The loaded thing; `load` is called if it is not there, and others wait for that load.
    ///
    /// # Errors
    /// What `load` returns; the next call tries again. Cancel-safe.
    pub async fn get_or_load<E>(
        &self,
        load: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut slot = self.slot.0.lock().await;
        if let Some(loaded) = &*slot {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(load().await?);
        *slot = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Says that a use has ended, so that whoever waits for memory may have it let go.
    pub fn rest(&self, used: Arc<T>) {
        drop(used);
        self.ledger.reclaim();
    }
}

impl<T: Send + Sync> Evict for Slot<T> {
    fn evict(&self, _: &Resources) -> bool {
        // Whoever holds the lock is loading or about to use it.
        let Ok(mut slot) = self.0.try_lock() else {
            return false;
        };
        let idle = slot
            .as_ref()
            .is_some_and(|loaded| Arc::strong_count(loaded) == 1);
        if idle {
            slot.take();
        }
        idle
    }
}

impl<T> Clone for Resident<T> {
    fn clone(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
            ledger: self.ledger.clone(),
        }
    }
}

impl<T> fmt::Debug for Resident<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Resident").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{Lease, Limits};

    use super::*;

    fn memory(bytes: u64) -> Resources {
        Resources {
            memory: bytes,
            ..Resources::default()
        }
    }

    fn ledger(bytes: u64) -> Ledger {
        Ledger::new(Limits {
            memory: bytes,
            ..Limits::unlimited()
        })
    }

    #[tokio::test]
    async fn what_is_idle_makes_room_for_what_is_loaded_next_and_what_is_used_does_not() {
        let ledger = ledger(100);
        let resident = Resident::<Lease>::new(&ledger);
        let load = async || ledger.try_lease(&memory(80)).ok_or(());
        let used = resident.get_or_load(load).await.unwrap();
        assert!(ledger.lease_making_room(&memory(50)).is_none());
        resident.rest(used);
        assert!(ledger.lease_making_room(&memory(101)).is_none());
        let lease = ledger.lease_making_room(&memory(50)).unwrap();
        assert_eq!(lease.resources().memory, 50);
    }

    #[tokio::test]
    async fn what_is_idle_is_let_go_when_its_memory_is_wanted() {
        let ledger = ledger(100);
        let resident = Resident::<Lease>::new(&ledger);
        let load = async || ledger.try_lease(&memory(80)).ok_or(());
        let used = resident.get_or_load(load).await.unwrap();
        assert!(ledger.try_lease(&memory(50)).is_none());
        resident.rest(used);
        let lease = ledger.admit(&memory(50), 0).await.unwrap();
        assert_eq!(lease.resources().memory, 50);
        drop(lease);
        resident.get_or_load(load).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_in_use_stays() {
        let ledger = ledger(100);
        let resident = Resident::<Lease>::new(&ledger);
        let used = resident
            .get_or_load(async || ledger.try_lease(&memory(80)).ok_or(()))
            .await
            .unwrap();
        let wanted = memory(50);
        let mut waiting = std::pin::pin!(ledger.admit(&wanted, 0));
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        resident.rest(used);
        drop(waiting.await.unwrap());
    }
}
