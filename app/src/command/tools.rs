//! `medley tools`: what can be done, and by whom.

use medley::{Capability, Health};
use medley_orchestrator::Entry;
use serde_json::json;

use super::{
    arguments::ToolsAction,
    open,
    output::{Exit, Unusable, print, print_json},
    settings::Settings,
};

pub(super) fn run(
    settings: &Settings,
    action: Option<ToolsAction>,
    json: bool,
) -> anyhow::Result<Exit> {
    let medley = open(settings)?;
    let registry = medley.registry();
    match action {
        None if json => print_json(&registry.entries().map(describe).collect::<Vec<_>>())?,
        None => {
            let width = registry
                .entries()
                .map(|entry| entry.capability.name.len())
                .max()
                .unwrap_or(0);
            for entry in registry.entries() {
                let Capability { name, purpose, .. } = &entry.capability;
                let mark = match entry.usable_provider() {
                    Some(_) => "",
                    None => "  (cannot run here: see `medley doctor`)",
                };
                print(&format!("{name:width$}  {purpose}{mark}"))?;
            }
        }
        Some(ToolsAction::Show { name }) => {
            let entry = registry.get(&name).ok_or_else(|| {
                Unusable(format!(
                    "there is no tool `{name}`; `medley tools` lists all"
                ))
            })?;
            if json {
                print_json(&describe(entry))?;
            } else {
                print(&show(entry))?;
            }
        }
    }
    Ok(Exit::Succeeded)
}

fn describe(entry: &Entry) -> serde_json::Value {
    let providers: Vec<_> = entry
        .providers
        .iter()
        .map(|provider| json!({ "profile": provider.profile(), "health": provider.health() }))
        .collect();
    json!({ "capability": entry.capability, "providers": providers })
}

fn show(entry: &Entry) -> String {
    let capability = &entry.capability;
    let mut lines = vec![
        format!("{}@{}", capability.name, capability.version),
        format!("  {}", capability.purpose),
        String::new(),
        "takes".to_owned(),
    ];
    for parameter in &capability.parameters {
        let value_type = &parameter.value_type;
        let value_type = if parameter.required {
            value_type.to_string()
        } else {
            format!("optional<{value_type}>")
        };
        let default = match &parameter.default {
            Some(default) => format!(" (default {})", default.to_json()),
            None => String::new(),
        };
        lines.push(format!("  {}: {value_type}{default}", parameter.name));
        if !parameter.description.is_empty() {
            lines.push(format!("      {}", parameter.description));
        }
    }
    lines.push("gives".to_owned());
    for output in &capability.outputs {
        let mark = if output.optional {
            " (may be absent)"
        } else {
            ""
        };
        lines.push(format!("  {}: {}{mark}", output.name, output.value_type));
        if !output.description.is_empty() {
            lines.push(format!("      {}", output.description));
        }
    }
    lines.push("provided by".to_owned());
    for provider in &entry.providers {
        let profile = provider.profile();
        let health = match provider.health() {
            Health::Healthy => String::new(),
            Health::NeedsFetch { what } => format!(" (fetches {what} at first use)"),
            Health::Unavailable { reason, .. } => format!(" (cannot run here: {reason})"),
        };
        lines.push(format!("  {} {}{health}", profile.id, profile.revision));
    }
    lines.join("\n")
}
