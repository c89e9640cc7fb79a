//! Decides what starts when: a synchronous state machine, signals in and commands out.
//!
//! It knows nodes by number, what they wait for, and how long their work is expected to take. No clock, no tasks, no
//! randomness: the same signals in the same order give the same commands. Nodes may be added at any time.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Start a node; all that it waits for succeeded.
    Start(usize),
    /// Start an item of an expanded node, under a number of its own.
    StartItem {
        node: usize,
        parent: usize,
        item: usize,
    },
    /// All items of an expanded node have ended.
    Collect(usize),
    /// A node will never run because another gave nothing.
    Skip { node: usize, because: usize },
    /// A node will never run because the run was stopped.
    Cancel(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Ready,
    Started,
    /// It waits for its items.
    Expanded,
    /// It waits for something outside of the graph.
    Suspended,
    Settled {
        success: bool,
    },
}

#[derive(Debug)]
struct Node {
    state: State,
    /// How many nodes it still waits for.
    waits: usize,
    dependencies: Vec<usize>,
    dependents: Vec<usize>,
    /// The expected time of its own work.
    weight: u64,
    /// The expected time from here to the end of the longest path.
    remaining: u64,
    /// The expanded node that it is an item of, and which one.
    item_of: Option<(usize, usize)>,
}

/// The items of a node that are not started or have not ended.
#[derive(Debug)]
struct Items {
    next: usize,
    count: usize,
    in_flight: usize,
}

/// The state of every node of one run.
#[derive(Debug)]
pub(super) struct Scheduler {
    nodes: Vec<Node>,
    items: BTreeMap<usize, Items>,
    /// Longest remaining path first, then the order of the plan.
    ready: BinaryHeap<(u64, Reverse<usize>)>,
    in_flight: usize,
    limit: usize,
    /// How many items of one node may be in flight.
    item_limit: usize,
    cancelled: bool,
}

impl Scheduler {
    pub(super) const fn new(limit: usize, item_limit: usize) -> Self {
        Self {
            nodes: Vec::new(),
            items: BTreeMap::new(),
            ready: BinaryHeap::new(),
            in_flight: 0,
            limit,
            item_limit,
            cancelled: false,
        }
    }

    /// Adds nodes, given as what each waits for and how long it is expected to take; nodes of one batch may wait for
    /// later ones of it, and together they are acyclic. Their numbers follow the last one.
    pub(super) fn add(&mut self, batch: Vec<(Vec<usize>, u64)>) -> Vec<Command> {
        let first = self.nodes.len();
        for (dependencies, weight) in batch {
            self.nodes.push(Node {
                state: State::Waiting,
                waits: 0,
                dependencies,
                dependents: Vec::new(),
                weight,
                remaining: weight,
                item_of: None,
            });
        }
        let added = first..self.nodes.len();
        let mut commands = Vec::new();
        for node in added.clone() {
            for at in 0..self.nodes[node].dependencies.len() {
                let dependency = self.nodes[node].dependencies[at];
                self.nodes[dependency].dependents.push(node);
                if self.nodes[dependency].state != (State::Settled { success: true }) {
                    self.nodes[node].waits += 1;
                }
            }
        }
        self.measure_paths(added.clone());
        for node in added {
            if self.cancelled {
                self.nodes[node].state = State::Settled { success: false };
                commands.push(Command::Cancel(node));
                continue;
            }
            if self.nodes[node].state != State::Waiting {
                continue;
            }
            let failed = self.nodes[node]
                .dependencies
                .iter()
                .copied()
                .find(|&each| self.nodes[each].state == State::Settled { success: false });
            if let Some(because) = failed {
                self.skip(node, because, &mut commands);
            } else if self.nodes[node].waits == 0 {
                self.make_ready(node);
            }
        }
        self.fill(commands)
    }

    /// A started node, or one that was collected, has ended.
    pub(super) fn finished(&mut self, node: usize, success: bool) -> Vec<Command> {
        let was = std::mem::replace(&mut self.nodes[node].state, State::Settled { success });
        if was == State::Started {
            self.in_flight -= 1;
        }
        let mut commands = Vec::new();
        if let Some((parent, _)) = self.nodes[node].item_of {
            self.item_ended(parent, &mut commands);
        }
        if success {
            self.release(node);
        } else if !self.cancelled {
            self.skip_dependents(node, &mut commands);
        }
        self.fill(commands)
    }

    /// A started node goes over this many items; each becomes a node when it starts.
    pub(super) fn expanded(&mut self, node: usize, count: usize) -> Vec<Command> {
        self.nodes[node].state = State::Expanded;
        self.in_flight -= 1;
        let items = Items {
            next: 0,
            count,
            in_flight: 0,
        };
        self.items.insert(node, items);
        let mut commands = Vec::new();
        if self.cancelled || count == 0 {
            self.items.remove(&node);
            commands.push(Command::Collect(node));
        } else {
            self.ready_items(node);
        }
        self.fill(commands)
    }

    /// A started node waits for something outside of the graph, and takes no place meanwhile.
    pub(super) fn suspended(&mut self, node: usize) -> Vec<Command> {
        self.nodes[node].state = State::Suspended;
        self.in_flight -= 1;
        self.fill(Vec::new())
    }

    /// A suspended node may start again.
    pub(super) fn resumed(&mut self, node: usize) -> Vec<Command> {
        if self.nodes[node].state == State::Suspended {
            self.make_ready(node);
        }
        self.fill(Vec::new())
    }

    /// Nothing more is to start.
    pub(super) fn cancel(&mut self) -> Vec<Command> {
        self.cancelled = true;
        self.ready.clear();
        let mut commands = Vec::new();
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if !matches!(node.state, State::Waiting | State::Ready | State::Suspended) {
                continue;
            }
            let started = node.state == State::Suspended;
            node.state = State::Settled { success: false };
            if let Some((parent, _)) = node.item_of {
                if let Some(items) = self.items.get_mut(&parent) {
                    items.in_flight -= 1;
                }
                if !started {
                    continue;
                }
            }
            commands.push(Command::Cancel(number));
        }
        for items in self.items.values_mut() {
            items.next = items.count;
        }
        let idle = self.items.extract_if(.., |_, items| items.in_flight == 0);
        commands.extend(idle.map(|(node, _)| Command::Collect(node)));
        commands
    }

    /// Whether nothing more will start.
    pub(super) const fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// How many nodes there are, the next one's number.
    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The expected time from the start of a node to the end of the longest path.
    pub(super) fn remaining(&self, node: usize) -> u64 {
        self.nodes[node].remaining
    }

    /// Whether a node has come to its end.
    pub(super) fn is_settled(&self, node: usize) -> bool {
        matches!(self.nodes[node].state, State::Settled { .. })
    }

    /// Lengthens the paths that lead into new nodes. What started already keeps its place.
    fn measure_paths(&mut self, added: std::ops::Range<usize>) {
        // Within a batch, from the ends to the beginnings, each node after all of its dependents.
        let mut open: Vec<usize> = added
            .clone()
            .map(|node| self.nodes[node].dependents.len())
            .collect();
        let mut ends: Vec<usize> = added
            .clone()
            .filter(|&node| open[node - added.start] == 0)
            .collect();
        let mut older = Vec::new();
        while let Some(node) = ends.pop() {
            for at in 0..self.nodes[node].dependencies.len() {
                let dependency = self.nodes[node].dependencies[at];
                let through = self.nodes[node].remaining + self.nodes[dependency].weight;
                if !added.contains(&dependency) {
                    older.push((dependency, through));
                    continue;
                }
                let waiting = &mut self.nodes[dependency];
                waiting.remaining = waiting.remaining.max(through);
                open[dependency - added.start] -= 1;
                if open[dependency - added.start] == 0 {
                    ends.push(dependency);
                }
            }
        }
        while let Some((node, through)) = older.pop() {
            let waiting = &mut self.nodes[node];
            let to_come = matches!(waiting.state, State::Waiting | State::Ready);
            if waiting.remaining >= through || !to_come {
                continue;
            }
            waiting.remaining = through;
            if waiting.state == State::Ready {
                // Its earlier place among the ready is out of date, and passed over.
                self.ready.push((through, Reverse(node)));
            }
            for at in 0..self.nodes[node].dependencies.len() {
                let dependency = self.nodes[node].dependencies[at];
                older.push((dependency, through + self.nodes[dependency].weight));
            }
        }
    }

    fn make_ready(&mut self, node: usize) {
        self.nodes[node].state = State::Ready;
        self.ready.push((self.nodes[node].remaining, Reverse(node)));
    }

    fn release(&mut self, node: usize) {
        for at in 0..self.nodes[node].dependents.len() {
            let dependent = self.nodes[node].dependents[at];
            let waiting = &mut self.nodes[dependent];
            waiting.waits -= 1;
            if waiting.waits == 0 && waiting.state == State::Waiting {
                self.make_ready(dependent);
            }
        }
    }

    fn skip_dependents(&mut self, failed: usize, commands: &mut Vec<Command>) {
        for at in 0..self.nodes[failed].dependents.len() {
            let dependent = self.nodes[failed].dependents[at];
            self.skip(dependent, failed, commands);
        }
    }

    fn skip(&mut self, node: usize, because: usize, commands: &mut Vec<Command>) {
        let mut open = vec![(node, because)];
        while let Some((node, because)) = open.pop() {
            if self.nodes[node].state == State::Waiting {
                self.nodes[node].state = State::Settled { success: false };
                commands.push(Command::Skip { node, because });
                open.extend(self.nodes[node].dependents.iter().map(|&each| (each, node)));
            }
        }
    }

    /// Makes nodes of the next items, as many as may be in flight.
    fn ready_items(&mut self, parent: usize) {
        let remaining = self.nodes[parent].remaining;
        while let Some(items) = self.items.get_mut(&parent)
            && items.next < items.count
            && items.in_flight < self.item_limit
        {
            let item = items.next;
            items.next += 1;
            items.in_flight += 1;
            self.nodes.push(Node {
                state: State::Ready,
                waits: 0,
                dependencies: Vec::new(),
                dependents: Vec::new(),
                weight: self.nodes[parent].weight,
                remaining,
                item_of: Some((parent, item)),
            });
            self.ready.push((remaining, Reverse(self.nodes.len() - 1)));
        }
    }

    fn item_ended(&mut self, parent: usize, commands: &mut Vec<Command>) {
        let Some(items) = self.items.get_mut(&parent) else {
            return;
        };
        items.in_flight -= 1;
        if items.in_flight == 0 && items.next == items.count {
            self.items.remove(&parent);
            commands.push(Command::Collect(parent));
        } else {
            self.ready_items(parent);
        }
    }

    fn fill(&mut self, mut commands: Vec<Command>) -> Vec<Command> {
        while !self.cancelled && self.in_flight < self.limit {
            let Some((remaining, Reverse(node))) = self.ready.pop() else {
                break;
            };
            if self.nodes[node].state != State::Ready || self.nodes[node].remaining != remaining {
                continue;
            }
            self.nodes[node].state = State::Started;
            self.in_flight += 1;
            commands.push(match self.nodes[node].item_of {
                Some((parent, item)) => Command::StartItem { node, parent, item },
                None => Command::Start(node),
            });
        }
        commands
    }
}

#[cfg(test)]
mod tests;
