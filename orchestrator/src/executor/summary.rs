//! What the steps of a run come to, as a whole.

use crate::{
    Answer, Expression, OnError, Record, RunStatus, Step, StepError, StepReport, StepStatus, Value,
};

/// The report of a step that went over a list, from those of its items in order.
pub(super) fn report_of_items(
    step: &Step,
    blank: StepReport,
    children: Vec<StepReport>,
    cancelled: bool,
) -> StepReport {
    let failed = children
        .iter()
        .filter(|child| child.status == StepStatus::Failed)
        .count();
    let first = children.iter().map(|child| child.started_ms);
    let started_ms = first.fold(blank.started_ms, f64::min);
    let mut report = StepReport {
        started_ms,
        ms: blank.started_ms - started_ms,
        attempts: children.iter().map(|child| child.attempts).sum(),
        provider: children.iter().find_map(|child| child.provider.clone()),
        ..blank
    };
    let omits = step
        .for_each
        .as_ref()
        .is_some_and(|for_each| for_each.on_error == OnError::Omit);
    if cancelled {
        report.status = StepStatus::Cancelled;
    } else if failed > 0 && !omits {
        report.status = StepStatus::Failed;
        report.error = Some(items_failed(failed, &children));
    } else {
        report.outputs = lists_of(step, &children);
        let calls = || children.iter().filter(|child| child.status.is_success());
        if calls().count() > 0 && calls().all(|child| child.status == StepStatus::Cached) {
            report.status = StepStatus::Cached;
        }
    }
    report.children = children;
    report
}

fn items_failed(failed: usize, children: &[StepReport]) -> StepError {
    let first = children
        .iter()
        .find_map(|child| Some((&child.id, child.error.as_ref()?)));
    let message = match first {
        Some((id, error)) => format!(
            "{failed} of {} items failed, the first at {id}: {}",
            children.len(),
            error.message
        ),
        None => format!("{failed} of {} items failed", children.len()),
    };
    StepError::new(
        "items_failed",
        message,
        Some("set `on_error` to `omit` to go on without them"),
    )
}

/// For each output a list of what the items gave; items that gave nothing are left out.
fn lists_of(step: &Step, children: &[StepReport]) -> Record {
    step.outputs
        .iter()
        .map(|output| {
            let given = children
                .iter()
                .filter_map(|child| child.outputs.get(&output.name).cloned());
            (output.name.clone(), Value::List(given.collect()))
        })
        .collect()
}

/// A part of the answer, with the step that made it.
pub(super) fn answer_of(value: Value, expression: &Expression, steps: &[StepReport]) -> Answer {
    let source = match expression {
        Expression::Reference(reference) => steps.iter().find(|step| step.id == reference.root),
        _ => None,
    };
    Answer {
        step: source.map(|step| step.id.clone()),
        tool: source.map(|step| step.tool.clone()),
        value,
    }
}

/// Whether a part of the answer is missing because a condition did not hold.
pub(super) fn is_untaken(expression: &Expression, steps: &[StepReport]) -> bool {
    expression.references().iter().any(|reference| {
        steps
            .iter()
            .any(|step| step.id == reference.root && step.is_not_taken())
    })
}

/// Whether a part of an answer refers to a step that gave nothing.
pub(super) fn needs_failed(expression: &Expression, steps: &[StepReport]) -> bool {
    expression.references().iter().any(|reference| {
        steps
            .iter()
            .any(|step| step.id == reference.root && !step.status.is_success())
    })
}

/// What the steps and the answer come to; a run that did every step and cannot give all of its answer is partial.
pub(super) fn overall(steps: &[StepReport], answers: usize, missing: usize) -> RunStatus {
    let any = |status| steps.iter().any(|step| step.status == status);
    let well = |step: &StepReport| step.status.is_success() || step.is_not_taken();
    let done = steps.iter().filter(|step| step.status.is_success()).count();
    if any(StepStatus::Cancelled) {
        RunStatus::Cancelled
    } else if any(StepStatus::Waiting) {
        RunStatus::Waiting
    } else if missing == 0 && steps.iter().all(well) {
        RunStatus::Succeeded
    } else if done == 0 || answers == 0 {
        RunStatus::Failed
    } else {
        RunStatus::Partial
    }
}
