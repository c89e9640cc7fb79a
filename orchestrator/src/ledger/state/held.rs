//! Sums of what is taken.

use std::collections::BTreeSet;

use crate::ledger::{Limits, Resources};

/// Threads, memory and network calls.
pub(super) const KINDS: usize = 3;

/// Sums that no number of requests can make overflow.
pub(super) type Amounts = [u128; KINDS];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) amounts: Amounts,
    pub(super) devices: BTreeSet<String>,
}

impl Held {
    pub(super) fn add(&mut self, resources: &Resources) {
        for (sum, amount) in self.amounts.iter_mut().zip(resources.amounts()) {
            *sum += amount;
        }
        self.devices.extend(resources.device.clone());
    }

    pub(super) fn remove(&mut self, resources: &Resources) {
        for (sum, amount) in self.amounts.iter_mut().zip(resources.amounts()) {
            *sum = sum.saturating_sub(amount);
        }
        if let Some(device) = &resources.device {
            self.devices.remove(device);
        }
    }
}

impl Resources {
    pub(super) fn amounts(&self) -> Amounts {
        [self.threads.into(), self.memory.into(), self.network.into()]
    }
}

impl Limits {
    pub(super) fn amounts(&self) -> Amounts {
        [self.threads.into(), self.memory.into(), self.network.into()]
    }
}
