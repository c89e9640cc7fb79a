//! What was lost from the store is made again by the step that made it, and whoever needs it waits meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    call::{Ended, key_of},
    running::Running,
};
use crate::{Digest, EventKind, Record, StepError, StepReport, StepStatus, Value};

/// Steps that make again what was lost, and the nodes that wait for it.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    waiting: BTreeMap<usize, Vec<usize>>,
    /// What is lost again right after it was made is not made a third time.
    tried: BTreeSet<usize>,
}

impl Running<'_> {
    /// Whether a failure is a lost artifact that a step of this run can make again; then it is being made.
    pub(super) fn make_again(&mut self, node: usize, report: &StepReport) -> bool {
        let Some(lost) = report
            .error
            .as_ref()
            .and_then(|error| error.artifact.clone())
        else {
            return false;
        };
        let Some(maker) = (0..self.nodes.len()).find(|&candidate| self.made(candidate, &lost))
        else {
            return false;
        };
        let Some(step) = self.nodes[maker].step.clone() else {
            return false;
        };
        if let Some(waiting) = self.repairs.waiting.get_mut(&maker) {
            waiting.push(node);
            return true;
        }
        if step.has_effects() || !self.repairs.tried.insert(maker) {
            return false;
        }
        self.context.events.emit(EventKind::Log {
            message: format!(
                "artifact {lost} is lost or damaged; {} makes it again",
                step.id
            ),
        });
        self.repairs.waiting.insert(maker, vec![node]);
        self.spawn_again(maker, step);
        true
    }

    /// A step has made again, or could not make, what was lost.
    pub(super) fn repaired(&mut self, maker: usize, ended: Ended) {
        // After a cancel nothing starts, and whoever waited has been told.
        if self.scheduler.is_cancelled() {
            return;
        }
        let Ended::Settled(again) = ended else {
            return;
        };
        // What the maker itself needs may be lost too.
        if again.status == StepStatus::Failed && self.make_again(maker, &again) {
            return;
        }
        let same = again.status.is_success() && self.outputs_of(maker) == Some(&again.outputs);
        if !same {
            self.give_up(maker);
            return;
        }
        for node in self.repairs.waiting.remove(&maker).unwrap_or_default() {
            if !self.scheduler.is_settled(node) {
                let commands = self.scheduler.resumed(node);
                self.obey(commands);
            } else if let Some(step) = self.nodes[node].step.clone() {
                self.spawn_again(node, step);
            }
        }
    }

    fn give_up(&mut self, maker: usize) {
        for node in self.repairs.waiting.remove(&maker).unwrap_or_default() {
            if self.scheduler.is_settled(node) {
                self.give_up(node);
                continue;
            }
            let error = StepError::new(
                "artifact_lost",
                "an artifact that it needs was lost from the store and could not be made again",
                Some("run the request again"),
            );
            let report = StepReport {
                error: Some(error),
                ..self.blank(node, StepStatus::Failed)
            };
            self.settle(node, report);
            let commands = self.scheduler.finished(node, false);
            self.obey(commands);
        }
    }

    /// Whether a call of this node made the artifact; what a step gathered from its items was made by them.
    fn made(&self, node: usize, lost: &Digest) -> bool {
        let is_call = self.nodes[node].child.is_some()
            || self.nodes[node]
                .step
                .as_ref()
                .is_some_and(|step| step.for_each.is_none());
        is_call
            && self.outputs_of(node).is_some_and(|outputs| {
                let mut artifacts = outputs.values().flat_map(Value::artifacts);
                artifacts.any(|artifact| artifact.id == *lost)
            })
    }

    fn outputs_of(&self, node: usize) -> Option<&Record> {
        let node = &self.nodes[node];
        match (&node.step, node.child) {
            (Some(step), Some((parent, item))) => {
                let key = key_of(&step.id, Some(item));
                let parent = self.nodes[parent].report.as_ref()?;
                let child = parent.children.iter().find(|child| child.id == key)?;
                Some(&child.outputs)
            }
            _ => Some(&node.report.as_ref()?.outputs),
        }
    }
}
