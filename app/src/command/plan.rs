//! `medley plan`: shows the graph that a request would become.

use medley::{DraftPlan, Plan, Planned, RunResult};

use super::{
    arguments::{PlanArguments, Verbosity},
    open,
    output::{Exit, print, print_json, report_decline},
    settings::Settings,
};

pub(super) async fn run(settings: &Settings, arguments: PlanArguments) -> anyhow::Result<Exit> {
    let medley = open(settings)?;
    let planned = medley
        .plan(arguments.request, &arguments.attachments)
        .await?;
    match planned {
        Planned::Plan { draft, plan, notes } => {
            if arguments.json {
                print_json(&draft)?;
            } else {
                print(&draw(&draft, &plan))?;
            }
            if settings.verbosity > Verbosity::Quiet {
                for note in notes {
                    eprintln!("note: {note}");
                }
            }
            Ok(Exit::Succeeded)
        }
        Planned::Declined(decline) => {
            if arguments.json {
                print_json(&RunResult::of_decline(&decline))?;
            }
            report_decline(&decline);
            Ok(Exit::Failed)
        }
    }
}

/// A line a step: what it calls, with which arguments, and what it waits for.
fn draw(draft: &DraftPlan, plan: &Plan) -> String {
    let mut lines = Vec::with_capacity(plan.len() + 1);
    let ids: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    for ((step, waits), drafted) in plan.steps().zip(plan.dependencies()).zip(&draft.steps) {
        let arguments: Vec<String> = drafted
            .args
            .iter()
            .map(|(name, value)| format!("{name}={}", argument(value)))
            .collect();
        let mut line = format!("{}  {}({})", step.id, step.capability, arguments.join(", "));
        if !waits.is_empty() {
            let names: Vec<_> = waits.into_iter().map(|index| ids[index]).collect();
            line.push_str(&format!("  after {}", names.join(", ")));
        }
        if let Some(why) = &step.why {
            line.push_str(&format!("  # {why}"));
        }
        lines.push(line);
    }
    if let Some(answer) = &draft.answer {
        let parts: Vec<String> = answer.iter().map(argument).collect();
        lines.push(format!("answer: {}", parts.join(", ")));
    }
    lines.join("\n")
}

/// References stand bare, as they do in a plan; text keeps its quotes.
fn argument(value: &serde_json::Value) -> String {
    match value.as_str() {
        Some(text) if text.starts_with('$') => text.to_owned(),
        _ => value.to_string(),
    }
}
