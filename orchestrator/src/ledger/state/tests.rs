//! Who is granted when: by directed cases, and by rules that hold after any sequence of calls.

use proptest::prelude::*;

use super::*;

fn threads(threads: u32) -> Resources {
    Resources {
        threads,
        ..Resources::default()
    }
}

fn device(name: &str) -> Resources {
    Resources {
        device: Some(name.to_owned()),
        ..Resources::default()
    }
}

fn limits() -> Limits {
    Limits {
        threads: 4,
        memory: 8,
        network: 2,
        devices: vec!["a".to_owned(), "b".to_owned()],
    }
}

fn state() -> LedgerState {
    LedgerState::new(limits())
}

fn granted(state: &mut LedgerState, resources: &Resources, priority: u64) {
    assert_eq!(state.request(resources, priority), Ok(Admission::Granted));
}

fn waiting(state: &mut LedgerState, resources: &Resources, priority: u64) -> Ticket {
    match state.request(resources, priority) {
        Ok(Admission::Waiting(ticket)) => ticket,
        other => panic!("{other:?} instead of waiting"),
    }
}

#[test]
fn higher_priority_goes_first_and_among_equals_who_came_first() {
    let mut state = state();
    granted(&mut state, &threads(4), 0);
    let low = waiting(&mut state, &threads(2), 1);
    let high = waiting(&mut state, &threads(2), 7);
    let late = waiting(&mut state, &threads(2), 7);
    assert_eq!(state.release(&threads(4)), [high, late]);
    assert_eq!(state.release(&threads(2)), [low]);
}

#[test]
fn what_fits_may_pass_what_does_not_until_it_has_done_so_too_often() {
    let mut state = state();
    granted(&mut state, &threads(2), 0);
    let big = waiting(&mut state, &threads(4), 5);
    for _ in 0..PATIENCE {
        granted(&mut state, &threads(2), 0);
        assert_eq!(state.release(&threads(2)), []);
    }
    let small = waiting(&mut state, &threads(2), 9);
    assert!(
        !state.try_request(&threads(1)),
        "nothing passes it any more"
    );
    assert_eq!(state.release(&threads(2)), [big]);
    assert_eq!(state.release(&threads(4)), [small]);
}

#[test]
fn one_who_is_due_stops_only_those_who_take_what_it_needs() {
    let mut state = state();
    state.patience = 1;
    granted(&mut state, &device("a"), 0);
    let both = Resources {
        threads: 1,
        ..device("a")
    };
    let first = waiting(&mut state, &both, 5);
    let second = waiting(&mut state, &device("a"), 9);
    assert_eq!(state.release(&device("a")), [second], "it is ahead");
    assert_eq!(state.due, [first], "it is the oldest, and was overtaken");
    granted(&mut state, &threads(3), 0);
    granted(&mut state, &device("b"), 0);
    let _ = waiting(&mut state, &threads(1), 100);
    assert_eq!(state.release(&device("a")), [first]);
}

#[test]
fn a_stream_of_urgent_requests_keeps_nobody_waiting_for_ever() {
    let mut state = state();
    let mut urgent = Vec::new();
    for _ in 0..4 {
        granted(&mut state, &threads(1), 9);
    }
    let patient = waiting(&mut state, &threads(4), 0);
    for _ in 0..=PATIENCE {
        urgent.push(waiting(&mut state, &threads(1), 9));
    }
    let mut order = Vec::new();
    for _ in 0..4 + PATIENCE {
        order.extend(state.release(&threads(1)));
    }
    assert_eq!(order.len(), PATIENCE as usize + 1);
    assert_eq!(
        order.last(),
        Some(&patient),
        "before the last of the urgent"
    );
    assert_eq!(state.release(&threads(4)), urgent[PATIENCE as usize..]);
}

#[test]
fn who_leaves_makes_room_for_those_who_waited_behind() {
    let mut state = state();
    state.patience = 1;
    granted(&mut state, &threads(2), 0);
    let big = waiting(&mut state, &threads(4), 5);
    granted(&mut state, &threads(1), 0);
    let small = waiting(&mut state, &threads(1), 0);
    assert_eq!(state.cancel(big), [small]);
    assert_eq!(state.cancel(big), [], "it left before");
}

#[test]
fn what_can_never_fit_is_refused_at_once() {
    let mut state = state();
    assert!(state.request(&threads(5), 0).is_err());
    assert!(state.request(&device("c"), 0).is_err());
    assert!(!state.try_request(&threads(5)));
    granted(&mut state, &threads(4), 0);
}

#[test]
fn idle_sessions_are_asked_for_memory_and_devices_and_never_for_threads() {
    let mut state = state();
    let memory = |memory| Resources {
        memory,
        threads: 4,
        ..Resources::default()
    };
    granted(&mut state, &memory(6), 0);
    waiting(&mut state, &threads(1), 9);
    waiting(&mut state, &memory(2), 9);
    assert_eq!(state.wants_of_sessions(), []);
    waiting(&mut state, &memory(3), 1);
    waiting(&mut state, &memory(4), 5);
    assert_eq!(state.wants_of_sessions(), [memory(4), memory(3)]);
}

#[test]
fn ten_thousand_who_wait_are_granted_in_order() {
    let mut state = state();
    granted(&mut state, &threads(4), 0);
    let tickets: Vec<Ticket> = (0..10_000)
        .map(|index| waiting(&mut state, &threads(4), index % 7))
        .collect();
    let mut order: Vec<Ticket> = Vec::new();
    for _ in 0..tickets.len() {
        order.extend(state.release(&threads(4)));
    }
    assert_eq!(order.len(), tickets.len());
    // Nobody is overtaken more than so often, and otherwise the order is that of the queue.
    assert!(
        order.windows(2).filter(|pair| pair[0] > pair[1]).count() <= 10_000 / PATIENCE as usize
    );
}

#[derive(Debug, Clone)]
enum Call {
    Request(Resources, u64),
    Try(Resources),
    Release(prop::sample::Index),
    Cancel(prop::sample::Index),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let device = prop_oneof![
        6 => Just(None),
        1 => Just(Some("a".to_owned())),
        1 => Just(Some("b".to_owned())),
    ];
    let resources = (0..=4_u32, 0..=8_u64, device, any::<bool>());
    let resources = resources.prop_map(|(threads, memory, device, network)| Resources {
        threads,
        memory,
        device,
        network,
    });
    let index = any::<prop::sample::Index>;
    let call = prop_oneof![
        5 => (resources.clone(), 0..4_u64).prop_map(|(resources, priority)| Call::Request(resources, priority)),
        1 => resources.prop_map(Call::Try),
        4 => index().prop_map(Call::Release),
        1 => index().prop_map(Call::Cancel),
    ];
    prop::collection::vec(call, 1..300)
}

/// What the rules say, kept apart from how the state keeps to them.
struct Observer {
    state: LedgerState,
    holding: Vec<Resources>,
    /// Those who wait, with how often each was passed.
    queue: BTreeMap<Ticket, (Resources, u32)>,
}

const TEST_PATIENCE: u32 = 3;

impl Observer {
    fn new() -> Self {
        let mut state = state();
        state.patience = TEST_PATIENCE;
        Self {
            state,
            holding: Vec::new(),
            queue: BTreeMap::new(),
        }
    }

    fn call(&mut self, call: Call) -> Result<(), TestCaseError> {
        match call {
            Call::Request(resources, priority) => {
                let due = self.state.due.clone();
                match self.state.request(&resources, priority).unwrap() {
                    Admission::Granted => self.note_grant(None, priority, &resources, &due)?,
                    Admission::Waiting(ticket) => {
                        self.queue.insert(ticket, (resources, 0));
                    }
                }
            }
            Call::Try(resources) => {
                let due = self.state.due.clone();
                if self.state.try_request(&resources) {
                    self.note_grant(None, 0, &resources, &due)?;
                }
            }
            Call::Release(index) => {
                if !self.holding.is_empty() {
                    let index = index.index(self.holding.len());
                    let resources = self.holding.swap_remove(index);
                    self.state.held.remove(&resources);
                }
            }
            Call::Cancel(index) => {
                if !self.queue.is_empty() {
                    let index = index.index(self.queue.len());
                    let ticket = *self.queue.keys().nth(index).unwrap();
                    self.queue.remove(&ticket);
                    self.state.leave_queue(ticket);
                }
            }
        }
        self.fill()
    }

    /// Grants one after the other, to look at each.
    fn fill(&mut self) -> Result<(), TestCaseError> {
        loop {
            let due = self.state.due.clone();
            let Some(ticket) = self.state.grant_next() else {
                break;
            };
            let (resources, _) = self.queue.remove(&ticket).unwrap();
            self.note_grant(Some(ticket), ticket.priority.0, &resources, &due)?;
        }
        // Nobody waits who could be granted.
        let aside = self.wants(&self.state.due);
        for (ticket, (wanted, _)) in &self.queue {
            let is_due = self.state.due.contains(ticket);
            let aside: &[Resources] = if is_due { &[] } else { &aside };
            let is_first_due = self.state.due.first() == Some(ticket);
            prop_assert!(is_due && !is_first_due || !self.is_free(wanted, aside));
        }
        Ok(())
    }

    fn note_grant(
        &mut self,
        ticket: Option<Ticket>,
        priority: u64,
        granted: &Resources,
        due: &[Ticket],
    ) -> Result<(), TestCaseError> {
        prop_assert!(self.is_free(granted, &[]), "more than there is");
        let number = self.state.next_number - 1;
        let place = ticket.unwrap_or(Ticket {
            priority: Reverse(priority),
            number,
        });
        if !due.contains(&place) {
            let aside = self.wants(due);
            for wanted in &aside {
                prop_assert!(!self.conflict(granted, wanted), "one who is due was passed");
            }
            let mut passed = Vec::new();
            for (ahead, (wanted, _)) in self.queue.range(..place) {
                prop_assert!(
                    due.contains(ahead) || !self.is_free(wanted, &aside),
                    "one ahead fits"
                );
                if self.conflict(granted, wanted) {
                    passed.push(*ahead);
                }
            }
            for ahead in passed {
                let (_, times) = self.queue.get_mut(&ahead).unwrap();
                *times += 1;
                prop_assert!(*times <= TEST_PATIENCE, "passed too often");
            }
        }
        self.holding.push(granted.clone());
        Ok(())
    }

    fn wants(&self, due: &[Ticket]) -> Vec<Resources> {
        due.iter()
            .filter_map(|ticket| self.queue.get(ticket))
            .map(|(wanted, _)| wanted.clone())
            .collect()
    }

    fn is_free(&self, wanted: &Resources, aside: &[Resources]) -> bool {
        let taken: Vec<&Resources> = self.holding.iter().chain(aside).collect();
        let limits = limits();
        let threads: u32 = taken.iter().map(|each| each.threads).sum();
        let memory: u64 = taken.iter().map(|each| each.memory).sum();
        let network: u32 = taken.iter().map(|each| u32::from(each.network)).sum();
        (wanted.threads == 0 || threads + wanted.threads <= limits.threads)
            && (wanted.memory == 0 || memory + wanted.memory <= limits.memory)
            && (!wanted.network || network < limits.network)
            && (wanted.device.is_none() || taken.iter().all(|each| each.device != wanted.device))
    }

    /// Whether `other` could have something that it wants of each kind if `granted` did not take of it.
    fn conflict(&self, granted: &Resources, other: &Resources) -> bool {
        let common = Resources {
            threads: if granted.threads > 0 {
                other.threads
            } else {
                0
            },
            memory: if granted.memory > 0 { other.memory } else { 0 },
            network: granted.network && other.network,
            device: other
                .device
                .clone()
                .filter(|_| granted.device == other.device),
        };
        !self.is_free(&common, std::slice::from_ref(granted))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_rules_hold_after_any_sequence_of_calls(calls in calls()) {
        let mut observer = Observer::new();
        for call in calls {
            observer.call(call)?;
        }
        // Everybody is granted in the end.
        while let Some(resources) = observer.holding.pop() {
            observer.state.held.remove(&resources);
            observer.fill()?;
        }
        prop_assert!(observer.queue.is_empty());
        let state = observer.state;
        prop_assert_eq!(&state.held, &Held::default());
        prop_assert!(state.waiting.is_empty() && state.queues.is_empty());
        prop_assert!(state.ages.is_empty() && state.due.is_empty());
    }
}
