//! How nodes of a run end, and what the run comes to.

use super::{
    super::{
        call::key_of,
        scheduler::Command,
        summary::{answer_of, is_untaken, needs_failed, overall, report_of_items},
    },
    Node, Running,
};
use crate::{
    Defect, EventKind, Expression, Record, RunReport, StepError, StepReport, StepStatus, Value,
};

impl Running<'_> {
    pub(super) fn ended(&mut self, node: usize, mut report: StepReport) -> Vec<Command> {
        if self.cancel_seen() && report.status == StepStatus::Failed {
            report.status = StepStatus::Cancelled;
            report.error = None;
        }
        if report.status == StepStatus::Waiting {
            return self.wait(node, report);
        }
        if report.status == StepStatus::Failed && self.make_again(node, &report) {
            return self.scheduler.suspended(node);
        }
        let success = report.status.is_success();
        self.settle(node, report);
        self.scheduler.finished(node, success)
    }

    fn wait(&mut self, node: usize, report: StepReport) -> Vec<Command> {
        self.is_waiting = true;
        if let Some(question) = &report.question {
            self.context.events.emit(EventKind::StepWaiting {
                step: report.id.clone(),
                question: question.clone(),
            });
        }
        match self.nodes[node].child {
            Some((parent, item)) => {
                self.nodes[parent].children.insert(item, report);
            }
            None => self.nodes[node].report = Some(report),
        }
        self.scheduler.suspended(node)
    }

    /// Makes the report of a step that went over a list.
    pub(super) fn collect_items(&mut self, node: usize) -> Vec<Command> {
        let Some(step) = self.nodes[node].step.clone() else {
            return Vec::new();
        };
        let children = std::mem::take(&mut self.nodes[node].children);
        let report = report_of_items(
            &step,
            self.blank(node, StepStatus::Done),
            children.into_values().collect(),
            self.cancel_seen(),
        );
        if self.cancel_seen() {
            self.settle(node, report);
            return self.scheduler.finished(node, false);
        }
        self.spawn_record(node, report);
        Vec::new()
    }

    pub(super) fn skip(&mut self, node: usize, because: usize) {
        let cause = &self.nodes[because];
        let untaken = cause.report.as_ref().is_some_and(StepReport::is_not_taken);
        let error = match &cause.step {
            Some(step) if untaken => StepError::new(
                StepError::NEEDS_NOT_TAKEN,
                format!("it needs {}, whose condition does not hold", step.id),
                None,
            ),
            Some(step) => StepError::new(
                StepError::NEEDS_FAILED,
                format!("it needs {}, which gave nothing", step.id),
                None,
            ),
            None => StepError::new(
                "plan_incomplete",
                "the plan was cut or has defects, and steps that change the world wait for a sound one",
                Some("ask again"),
            ),
        };
        let report = StepReport {
            error: Some(error),
            ..self.blank(node, StepStatus::Skipped)
        };
        self.settle(node, report);
    }

    pub(in crate::executor) fn blank(&self, node: usize, status: StepStatus) -> StepReport {
        let Node { step, child, .. } = &self.nodes[node];
        let item = child.map(|(_, item)| item);
        StepReport {
            id: step
                .as_ref()
                .map_or_else(String::new, |step| key_of(&step.id, item)),
            tool: step
                .as_ref()
                .map_or_else(String::new, |step| step.capability.clone()),
            provider: None,
            status,
            started_ms: self.shared.began.elapsed().as_secs_f64() * 1e3,
            ms: 0.0,
            attempts: 0,
            outputs: Record::new(),
            error: None,
            question: None,
            children: Vec::new(),
            call: step.as_ref().and_then(|step| step.call),
        }
    }

    /// Takes note of how a node ended; its values are there for those that wait for it.
    pub(in crate::executor) fn settle(&mut self, node: usize, report: StepReport) {
        if self.nodes[node].step.is_none() {
            return;
        }
        for artifact in report.outputs.values().flat_map(Value::artifacts) {
            if report.children.is_empty() && report.status == StepStatus::Done {
                self.context.events.emit(EventKind::Artifact {
                    step: report.id.clone(),
                    artifact: artifact.clone(),
                });
            }
        }
        self.context.events.emit(EventKind::StepFinished {
            step: report.id.clone(),
            tool: report.tool.clone(),
            status: report.status,
            ms: report.ms,
            error: report.error.clone(),
        });
        match self.nodes[node].child {
            Some((parent, item)) => {
                self.nodes[parent].children.insert(item, report);
            }
            None => {
                if report.status.is_success() {
                    self.values.insert_step(&report.id, report.outputs.clone());
                }
                if let Some(outcomes) = &self.context.program {
                    outcomes.put(&report);
                }
                self.nodes[node].report = Some(report);
            }
        }
    }

    /// Steps whose tasks did not come back were stopped; steps behind a question wait with it.
    pub(super) fn settle_the_left_behind(&mut self) {
        let status = if self.cancel_seen() {
            StepStatus::Cancelled
        } else {
            StepStatus::Waiting
        };
        for at in 0..self.steps.len() {
            let node = self.steps[at];
            if self.nodes[node].report.is_none() {
                let mut report = self.blank(node, status);
                let children = std::mem::take(&mut self.nodes[node].children);
                report.children = children.into_values().collect();
                report.question = report
                    .children
                    .iter()
                    .find_map(|child| child.question.clone());
                if status == StepStatus::Cancelled {
                    self.settle(node, report);
                } else {
                    self.nodes[node].report = Some(report);
                }
            }
        }
    }

    /// The report, once nothing is left to do.
    pub(in crate::executor) async fn report(
        &mut self,
        answer: &[Expression],
        defects: Vec<Defect>,
    ) -> RunReport {
        let steps: Vec<StepReport> = self
            .steps
            .iter()
            .filter_map(|&node| self.nodes[node].report.take())
            .collect();
        let mut given = Vec::new();
        let mut missing = 0;
        let mut unanswered = Vec::new();
        for expression in answer {
            let values = self.values.of(&expression.references());
            match values.evaluate(expression, &*self.shared.store).await {
                Ok(value) => given.push(answer_of(value, expression, &steps)),
                Err(_) if is_untaken(expression, &steps) => {}
                Err(error) => {
                    missing += 1;
                    if !needs_failed(expression, &steps) {
                        unanswered.push(error.to_string());
                    }
                }
            }
        }
        let status = overall(&steps, given.len(), missing + defects.len());
        RunReport {
            run: self.context.run.to_owned(),
            status,
            steps,
            answer: given,
            unanswered,
            defects,
            ms: self.shared.began.elapsed().as_secs_f64() * 1e3,
        }
    }
}
