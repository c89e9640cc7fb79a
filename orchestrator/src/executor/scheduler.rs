//! Decides what starts when: a synchronous state machine, signals in and commands out.
//!
//! No clock, no tasks, no randomness: the same signals in the same order give the same commands.

use std::{cmp::Reverse, collections::BinaryHeap};

/// What happened to the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// A started step ended.
    Finished { step: usize, success: bool },
    /// Nothing more is to start.
    Cancel,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Start a step; all that it waits for succeeded.
    Start(usize),
    /// A step will never run because another gave nothing.
    Skip { step: usize, because: usize },
    /// A step will never run because the run was stopped.
    Cancel(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Ready,
    Started,
    Settled,
}

#[derive(Debug)]
struct Node {
    state: State,
    /// How many steps it still waits for.
    waits: usize,
    dependents: Vec<usize>,
    /// Steps on the longest path from here to an end.
    remaining: usize,
}

/// The state of every step of one run.
#[derive(Debug)]
pub(super) struct Scheduler {
    nodes: Vec<Node>,
    /// Longest remaining path first, then the order of the plan.
    ready: BinaryHeap<(usize, Reverse<usize>)>,
    in_flight: usize,
    limit: usize,
    cancelled: bool,
}

impl Scheduler {
    /// `dependencies[step]` are the steps that `step` waits for; they are acyclic.
    pub(super) fn new(dependencies: &[Vec<usize>], limit: usize) -> Self {
        let mut nodes: Vec<Node> = dependencies
            .iter()
            .map(|waits| Node {
                state: State::Waiting,
                waits: waits.len(),
                dependents: Vec::new(),
                remaining: 1,
            })
            .collect();
        for (step, waits) in dependencies.iter().enumerate() {
            for &wait in waits {
                nodes[wait].dependents.push(step);
            }
        }
        let mut scheduler = Self {
            nodes,
            ready: BinaryHeap::new(),
            in_flight: 0,
            limit,
            cancelled: false,
        };
        scheduler.measure_paths(dependencies);
        scheduler
    }

    /// Walks from the ends to the beginnings, a step after all of its dependents.
    fn measure_paths(&mut self, dependencies: &[Vec<usize>]) {
        let mut open: Vec<usize> = self
            .nodes
            .iter()
            .map(|node| node.dependents.len())
            .collect();
        let mut ends: Vec<usize> = (0..self.nodes.len())
            .filter(|&step| open[step] == 0)
            .collect();
        while let Some(step) = ends.pop() {
            let through = self.nodes[step].remaining + 1;
            for &wait in &dependencies[step] {
                self.nodes[wait].remaining = self.nodes[wait].remaining.max(through);
                open[wait] -= 1;
                if open[wait] == 0 {
                    ends.push(wait);
                }
            }
        }
    }

    /// The first commands.
    pub(super) fn start(&mut self) -> Vec<Command> {
        for step in 0..self.nodes.len() {
            if self.nodes[step].waits == 0 && self.nodes[step].state == State::Waiting {
                self.make_ready(step);
            }
        }
        self.fill()
    }

    /// Takes note of what happened, and says what follows.
    pub(super) fn signal(&mut self, signal: Signal) -> Vec<Command> {
        match signal {
            Signal::Finished { step, success } => {
                self.nodes[step].state = State::Settled;
                self.in_flight -= 1;
                let mut commands = Vec::new();
                if success {
                    self.release(step);
                } else if !self.cancelled {
                    self.skip_dependents(step, &mut commands);
                }
                commands.extend(self.fill());
                commands
            }
            Signal::Cancel => self.cancel(),
        }
    }

    /// Whether nothing more will start.
    pub(super) const fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    fn make_ready(&mut self, step: usize) {
        self.nodes[step].state = State::Ready;
        self.ready.push((self.nodes[step].remaining, Reverse(step)));
    }

    fn release(&mut self, step: usize) {
        for dependent in self.nodes[step].dependents.clone() {
            let node = &mut self.nodes[dependent];
            node.waits -= 1;
            if node.waits == 0 && node.state == State::Waiting {
                self.make_ready(dependent);
            }
        }
    }

    fn skip_dependents(&mut self, failed: usize, commands: &mut Vec<Command>) {
        let mut causes = vec![failed];
        while let Some(because) = causes.pop() {
            for step in self.nodes[because].dependents.clone() {
                if self.nodes[step].state == State::Waiting {
                    self.nodes[step].state = State::Settled;
                    commands.push(Command::Skip { step, because });
                    causes.push(step);
                }
            }
        }
    }

    fn fill(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        while !self.cancelled && self.in_flight < self.limit {
            let Some((_, Reverse(step))) = self.ready.pop() else {
                break;
            };
            self.nodes[step].state = State::Started;
            self.in_flight += 1;
            commands.push(Command::Start(step));
        }
        commands
    }

    fn cancel(&mut self) -> Vec<Command> {
        self.cancelled = true;
        self.ready.clear();
        let mut commands = Vec::new();
        for (step, node) in self.nodes.iter_mut().enumerate() {
            if matches!(node.state, State::Waiting | State::Ready) {
                node.state = State::Settled;
                commands.push(Command::Cancel(step));
            }
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(step: usize, success: bool) -> Signal {
        Signal::Finished { step, success }
    }

    #[test]
    fn a_step_starts_the_moment_its_inputs_are_there() {
        // 0 → 2, 1 → 3, {2, 3} → 4
        let mut scheduler =
            Scheduler::new(&[vec![], vec![], vec![0], vec![1], vec![2, 3]], usize::MAX);
        assert_eq!(scheduler.start(), [Command::Start(0), Command::Start(1)]);
        assert_eq!(
            scheduler.signal(finished(0, true)),
            [Command::Start(2)],
            "step 2 does not wait for step 1"
        );
        assert_eq!(scheduler.signal(finished(2, true)), []);
        assert_eq!(scheduler.signal(finished(1, true)), [Command::Start(3)]);
        assert_eq!(scheduler.signal(finished(3, true)), [Command::Start(4)]);
    }

    #[test]
    fn a_failure_skips_its_dependents_and_nothing_else() {
        let mut scheduler =
            Scheduler::new(&[vec![], vec![], vec![0], vec![2], vec![1]], usize::MAX);
        scheduler.start();
        assert_eq!(
            scheduler.signal(finished(0, false)),
            [
                Command::Skip {
                    step: 2,
                    because: 0
                },
                Command::Skip {
                    step: 3,
                    because: 2
                }
            ]
        );
        assert_eq!(scheduler.signal(finished(1, true)), [Command::Start(4)]);
    }

    #[test]
    fn the_longest_remaining_path_goes_first_under_a_limit() {
        // 0 alone; 1 → 2 → 3.
        let mut scheduler = Scheduler::new(&[vec![], vec![], vec![1], vec![2]], 1);
        assert_eq!(scheduler.start(), [Command::Start(1)]);
        assert_eq!(scheduler.signal(finished(1, true)), [Command::Start(2)]);
        assert_eq!(scheduler.signal(finished(2, true)), [Command::Start(0)]);
    }

    #[test]
    fn after_a_cancel_nothing_starts() {
        let mut scheduler = Scheduler::new(&[vec![], vec![0], vec![]], 1);
        assert_eq!(scheduler.start(), [Command::Start(0)]);
        assert_eq!(
            scheduler.signal(Signal::Cancel),
            [Command::Cancel(1), Command::Cancel(2)]
        );
        assert_eq!(scheduler.signal(finished(0, true)), []);
    }
}
