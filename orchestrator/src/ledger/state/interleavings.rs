//! Threads that admit, release and leave in every order that a scheduler may choose: nothing is taken twice, nothing is
//! lost, and nobody sleeps for ever.

use std::collections::HashSet;

use shuttle::{
    rand::{Rng, thread_rng},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use super::*;

const THREADS: usize = 4;
const ROUNDS: usize = 4;
const SCHEDULES: usize = 1_000;

struct Shared {
    inside: Mutex<Inside>,
    changed: Condvar,
}

struct Inside {
    state: LedgerState,
    granted: HashSet<Ticket>,
    /// Threads and devices in use, counted by those who use them.
    threads: u32,
    devices: HashSet<String>,
}

impl Inside {
    fn grant(&mut self, tickets: Vec<Ticket>) {
        self.granted.extend(tickets);
    }

    fn enter(&mut self, resources: &Resources) {
        self.threads += resources.threads;
        assert!(self.threads <= 3, "more threads than there are");
        if let Some(device) = &resources.device {
            assert!(
                self.devices.insert(device.clone()),
                "a device is used twice"
            );
        }
    }

    fn leave(&mut self, resources: &Resources) {
        self.threads -= resources.threads;
        if let Some(device) = &resources.device {
            self.devices.remove(device);
        }
        let granted = self.state.release(resources);
        self.grant(granted);
    }
}

fn work(shared: &Shared) {
    for _ in 0..ROUNDS {
        let mut random = thread_rng();
        let resources = Resources {
            threads: random.gen_range(0..=3),
            device: random.gen_bool(0.3).then(|| "a".to_owned()),
            ..Resources::default()
        };
        let leaves = random.gen_bool(0.3);
        let mut inside = shared.inside.lock().unwrap();
        if let Admission::Waiting(ticket) = inside
            .state
            .request(&resources, random.gen_range(0..3))
            .unwrap()
        {
            if leaves {
                // Gives others the chance to grant it before it leaves, as when a future is dropped.
                drop(inside);
                thread::yield_now();
                inside = shared.inside.lock().unwrap();
                let granted = if inside.granted.remove(&ticket) {
                    inside.state.release(&resources)
                } else {
                    inside.state.cancel(ticket)
                };
                inside.grant(granted);
                shared.changed.notify_all();
                continue;
            }
            while !inside.granted.remove(&ticket) {
                inside = shared.changed.wait(inside).unwrap();
            }
        }
        inside.enter(&resources);
        drop(inside);
        thread::yield_now();
        shared.inside.lock().unwrap().leave(&resources);
        shared.changed.notify_all();
    }
}

fn everybody_works() {
    let limits = Limits {
        threads: 3,
        memory: 0,
        network: 0,
        devices: vec!["a".to_owned()],
    };
    let mut state = LedgerState::new(limits);
    state.patience = 2;
    let shared = Arc::new(Shared {
        inside: Mutex::new(Inside {
            state,
            granted: HashSet::new(),
            threads: 0,
            devices: HashSet::new(),
        }),
        changed: Condvar::new(),
    });
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || work(&shared))
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let inside = shared.inside.lock().unwrap();
    assert!(inside.state.waiting.is_empty() && inside.granted.is_empty());
    assert_eq!(inside.state.held, Held::default(), "all is given back");
}

#[test]
fn in_any_order_everybody_gets_its_turn_and_nothing_is_taken_twice() {
    shuttle::check_random(everybody_works, SCHEDULES);
}

#[test]
fn in_the_orders_that_hide_rare_faults_too() {
    shuttle::check_pct(everybody_works, SCHEDULES, 3);
}
