//! HuggingGPT's list of tasks: `{"task", "id", "dep", "args"}`, with `<GENERATED>-k` for the result of task `k`.

use serde_json::Value as Json;

use super::{arguments, drafting::Drafting, references};

/// Reads one task.
pub(super) fn task(json: Json, drafting: &mut Drafting<'_>) {
    let number = drafting.steps.len();
    let Json::Object(mut task) = json else {
        drafting.malformed(
            format!("task {number} is not an object"),
            r#"a task has "task", "id", "dep" and "args""#,
        );
        return;
    };
    let Some(Json::String(tool)) = task.shift_remove("task") else {
        drafting.malformed(
            format!("task {number} does not say which task it is"),
            r#"give it "task", the name of a tool"#,
        );
        return;
    };
    let id = drafting.id(task.get("id"), number);
    let written = ["args", "arguments"]
        .into_iter()
        .find_map(|key| task.shift_remove(key));
    let arguments = arguments::of_json(written.unwrap_or_default(), &mut drafting.repairs)
        .into_iter()
        .map(|(name, value)| (name, references::from_tags(value)))
        .collect();
    let dependencies = dependencies(task.get("dep"));
    let step = drafting.add(id, &tool, arguments);
    let taken = references::roots(step);
    step.after = dependencies;
    step.after.retain(|dependency| !taken.contains(dependency));
}

/// The tasks that must end before; -1 stands for none.
fn dependencies(written: Option<&Json>) -> Vec<String> {
    let written = match written {
        Some(Json::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let mut dependencies: Vec<String> = Vec::new();
    for each in written {
        let name = each
            .as_str()
            .map_or_else(|| each.to_string(), str::to_owned);
        let is_name = !name.starts_with('-') && !name.is_empty() && !each.is_null();
        let id = references::legal_id(&name);
        if is_name && dependencies.last() != Some(&id) {
            dependencies.push(id);
        }
    }
    dependencies
}
