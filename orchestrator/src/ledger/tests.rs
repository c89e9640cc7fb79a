//! Waiting, leaving and making room, as tasks do it.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::{FutureExt, poll};

use super::*;

fn ledger() -> Ledger {
    Ledger::new(Limits {
        threads: 2,
        memory: 100,
        network: 1,
        devices: vec!["cuda:0".to_owned()],
    })
}

fn threads(threads: u32) -> Resources {
    Resources {
        threads,
        ..Resources::default()
    }
}

fn memory(memory: u64) -> Resources {
    Resources {
        memory,
        ..Resources::default()
    }
}

#[tokio::test]
async fn who_does_not_fit_waits_until_something_is_given_back() {
    let ledger = ledger();
    let first = ledger.admit(&threads(2), 0).await.unwrap();
    let wanted = threads(1);
    let mut second = Box::pin(ledger.admit(&wanted, 0));
    assert!(poll!(second.as_mut()).is_pending());
    assert!(ledger.try_lease(&wanted).is_none());
    drop(first);
    let second = second.await.unwrap();
    assert_eq!(second.resources(), &wanted);
    assert!(ledger.try_lease(&threads(2)).is_none());
    assert!(ledger.try_lease(&threads(1)).is_some());
}

#[tokio::test]
async fn a_wait_that_is_dropped_takes_nothing_and_stands_in_nobodys_way() {
    let ledger = ledger();
    let first = ledger.admit(&threads(2), 0).await.unwrap();
    let (wanted, two) = (threads(1), threads(2));
    let mut leaves_early = Box::pin(ledger.admit(&two, 9));
    let mut leaves_late = Box::pin(ledger.admit(&two, 5));
    let mut stays = Box::pin(ledger.admit(&wanted, 0));
    assert!(poll!(leaves_early.as_mut()).is_pending());
    assert!(poll!(leaves_late.as_mut()).is_pending());
    assert!(poll!(stays.as_mut()).is_pending());
    drop(leaves_early);
    // This grants the second, which does not look again.
    drop(first);
    assert!(poll!(stays.as_mut()).is_pending());
    drop(leaves_late);
    let stays = stays.now_or_never().unwrap().unwrap();
    drop(stays);
    assert!(ledger.try_lease(&two).is_some(), "all is given back");
    assert!(ledger.queue().places.is_empty());
}

#[tokio::test]
async fn nothing_is_granted_without_a_look_and_too_much_is_refused() {
    let ledger = ledger();
    let _all = ledger.try_lease(&threads(2)).unwrap();
    let locked = ledger.queue();
    assert!(
        ledger
            .admit(&Resources::default(), 0)
            .now_or_never()
            .unwrap()
            .is_ok()
    );
    drop(locked);
    let unfit = ledger
        .admit(&memory(101), 0)
        .now_or_never()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        unfit,
        Unfit::Memory {
            wanted: 101,
            limit: 100
        }
    );
    assert!(ledger.try_lease(&memory(101)).is_none());
}

#[test]
fn what_can_never_fit_says_why_and_the_way_out() {
    let limits = Limits {
        network: 0,
        memory: 3 << 29,
        ..ledger().limits().clone()
    };
    let unfit = |resources: Resources| {
        let unfit = limits.fits(&resources).unwrap_err();
        (unfit.to_string(), unfit.hint())
    };
    let (message, hint) = unfit(memory(5 << 40));
    assert_eq!(
        message,
        "it needs 5 TiB of memory, and the limit is 1.5 GiB"
    );
    assert!(hint.contains("limit of memory"));
    let (message, hint) = unfit(threads(3));
    assert_eq!(message, "it needs 3 threads, and the limit is 2");
    assert!(hint.contains("limit of threads"));
    let (message, hint) = unfit(Resources {
        network: true,
        ..Resources::default()
    });
    assert!(message.contains("network") && hint.contains("network calls"));
    let (message, hint) = unfit(Resources {
        device: Some("cuda:1".to_owned()),
        ..Resources::default()
    });
    assert!(message.contains("cuda:1") && hint.contains("cuda:0"));
    assert_eq!(limits.fits(&Resources::default()), Ok(()));
    assert_eq!(Limits::unlimited().fits(&memory(u64::MAX)), Ok(()));
    let (huge, least) = (u64::MAX, 1023);
    let shown = Unfit::Memory {
        wanted: huge,
        limit: least,
    }
    .to_string();
    assert_eq!(
        shown,
        "it needs 15.9 EiB of memory, and the limit is 1023 bytes"
    );
}

#[test]
fn resources_and_limits_are_data() {
    let resources: Resources =
        serde_json::from_str(r#"{"threads": 2, "device": "cuda:0"}"#).unwrap();
    assert_eq!(
        (resources.threads, resources.memory, resources.network),
        (2, 0, false)
    );
    let json = serde_json::to_string(&Limits::of_machine()).unwrap();
    let limits: Limits = serde_json::from_str(&json).unwrap();
    assert!(limits.threads >= 1 && limits.memory > 0 && limits.network > 0);
}

#[tokio::test]
async fn one_ledger_can_take_all_that_it_has_at_once() {
    let ledger = Ledger::new(Limits::unlimited());
    let all = Resources {
        threads: u32::MAX,
        memory: u64::MAX,
        device: None,
        network: true,
    };
    let lease = ledger.admit(&all, u64::MAX).await.unwrap();
    assert!(ledger.try_lease(&memory(1)).is_none());
    drop(lease);
    assert!(ledger.try_lease(&all).is_some());
}

/// Sessions of 40 bytes, some of them idle.
struct Sessions {
    idle: Mutex<Vec<Lease>>,
    asked: AtomicU32,
}

impl Evict for Sessions {
    fn evict(&self, wanted: &Resources) -> bool {
        assert!(wanted.memory > 0);
        self.asked.fetch_add(1, Ordering::Relaxed);
        let lease = self.idle.lock().unwrap().pop();
        lease.is_some()
    }
}

#[tokio::test]
async fn who_waits_for_memory_evicts_idle_sessions_until_there_is_enough() {
    let ledger = ledger();
    let load = || ledger.try_lease(&memory(40)).unwrap();
    let sessions = Arc::new(Sessions {
        idle: Mutex::new(vec![load(), load()]),
        asked: AtomicU32::new(0),
    });
    ledger.idle_hook(Arc::downgrade(&sessions) as Weak<dyn Evict>);
    let small = ledger
        .admit(&memory(50), 0)
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(sessions.idle.lock().unwrap().len(), 1, "one was enough");
    drop(small);
    let busy = sessions.idle.lock().unwrap().pop().unwrap();
    let wanted = memory(100);
    let mut waits = Box::pin(ledger.admit(&wanted, 0));
    assert!(poll!(waits.as_mut()).is_pending(), "no session is idle");
    // The session turns idle.
    sessions.idle.lock().unwrap().push(busy);
    ledger.reclaim();
    assert!(poll!(waits.as_mut()).is_ready());
    let asked = sessions.asked.load(Ordering::Relaxed);
    let _threads = ledger.try_lease(&threads(2)).unwrap();
    let one = threads(1);
    let mut waits = Box::pin(ledger.admit(&one, 0));
    assert!(poll!(waits.as_mut()).is_pending());
    assert_eq!(
        sessions.asked.load(Ordering::Relaxed),
        asked,
        "threads are not theirs to give"
    );
}

#[test]
fn one_that_always_says_yes_does_not_stop_the_ledger() {
    struct Boaster(AtomicU32);
    impl Evict for Boaster {
        fn evict(&self, _: &Resources) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            true
        }
    }
    let ledger = ledger();
    let boaster = Arc::new(Boaster(AtomicU32::new(0)));
    ledger.idle_hook(Arc::downgrade(&boaster) as Weak<dyn Evict>);
    let _all = ledger.try_lease(&memory(100)).unwrap();
    assert!(ledger.admit(&memory(1), 0).now_or_never().is_none());
    let asked = boaster.0.load(Ordering::Relaxed);
    assert!((1..=EVICTIONS as u32 + 1).contains(&asked), "{asked}");
    let gone = Arc::downgrade(&boaster);
    drop(boaster);
    assert!(gone.upgrade().is_none(), "the ledger keeps nobody alive");
    assert!(ledger.admit(&memory(1), 0).now_or_never().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_never_take_more_than_there_is_and_all_come_to_an_end() {
    let ledger = ledger();
    let in_use = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..500_u32)
        .map(|index| {
            let (ledger, in_use) = (ledger.clone(), Arc::clone(&in_use));
            tokio::spawn(async move {
                let wanted = threads(1 + index % 2);
                let admission = ledger.admit(&wanted, u64::from(index % 5));
                if index % 7 == 0 {
                    // Leaves the queue as soon as it has entered it.
                    drop(admission.now_or_never());
                    return;
                }
                let lease = admission.await.unwrap();
                let used = in_use.fetch_add(wanted.threads, Ordering::SeqCst) + wanted.threads;
                assert!(used <= 2);
                tokio::task::yield_now().await;
                in_use.fetch_sub(wanted.threads, Ordering::SeqCst);
                drop(lease);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(ledger.try_lease(&threads(2)).is_some());
    assert!(ledger.queue().places.is_empty());
}
