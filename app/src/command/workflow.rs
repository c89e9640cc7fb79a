//! `medley workflow`: what workflows there are, and what is wrong with one.

use std::{fs, path::Path};

use medley::{Manifest, Medley, MedleyError, ScriptError, ScriptErrors, Workflow};
use medley_workflows::{definitions, functions};
use serde::Serialize;

use super::{
    arguments::WorkflowAction,
    open,
    output::{Exit, Unusable, print, print_json},
    settings::Settings,
};

/// What a new script begins with.
const TEMPLATE: &str = include_str!("workflow/new.rhai");

/// A workflow as it is listed.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    manifest: Manifest,
    /// Tools that it needs and that are not here.
    missing: Vec<String>,
    /// What is wrong with it besides.
    problems: Vec<String>,
}

pub(super) fn run(settings: &Settings, action: WorkflowAction) -> anyhow::Result<Exit> {
    let medley = open(settings)?;
    match action {
        WorkflowAction::List { json } => list(&medley, json),
        WorkflowAction::Show { workflow } => {
            let found = find(&medley, &workflow)?;
            print(found.program.text.trim_end())?;
            Ok(Exit::Succeeded)
        }
        WorkflowAction::Check { workflow, json } => check(&medley, &workflow, json),
        WorkflowAction::New { workflow } => begin(&medley, &workflow),
        WorkflowAction::Graph { workflow, format } => {
            let found = find(&medley, &workflow)?;
            let script = medley
                .check_script(&found.program)
                .map_err(MedleyError::from)?;
            print(script.graph().draw(format).trim_end())?;
            Ok(Exit::Succeeded)
        }
        WorkflowAction::Definitions { folder } => define(&medley, &folder),
    }
}

fn find(medley: &Medley, workflow: &str) -> Result<Workflow, MedleyError> {
    Ok(Workflow::find(workflow, &medley.workflow_folder())?)
}

fn list(medley: &Medley, json: bool) -> anyhow::Result<Exit> {
    let folder = medley.workflow_folder();
    let mut listed = Vec::new();
    for name in Workflow::all(&folder) {
        listed.push(match Workflow::find(&name, &folder) {
            Ok(workflow) => describe(medley, name, &workflow),
            Err(error) => Listed {
                manifest: Manifest {
                    name,
                    ..Manifest::default()
                },
                missing: Vec::new(),
                problems: vec![error.to_string()],
            },
        });
    }
    if json {
        print_json(&listed)?;
        return Ok(Exit::Succeeded);
    }
    let width = listed.iter().map(|each| each.manifest.name.len()).max();
    for each in &listed {
        let name = &each.manifest.name;
        let width = width.unwrap_or_default();
        print(&format!("{name:width$}  {}", each.manifest.purpose))?;
        if !each.missing.is_empty() {
            let missing = each.missing.join(", ");
            print(&format!("{:width$}  (needs {missing}, not here)", ""))?;
        }
        for problem in &each.problems {
            let first = problem.lines().next().unwrap_or_default();
            print(&format!("{:width$}  (cannot run: {first})", ""))?;
        }
    }
    Ok(Exit::Succeeded)
}

fn describe(medley: &Medley, name: String, workflow: &Workflow) -> Listed {
    let manifest = Manifest::of_text(&name, &workflow.program.text);
    let mut listed = Listed {
        manifest: manifest.unwrap_or_else(|_| Manifest {
            name,
            ..Manifest::default()
        }),
        missing: Vec::new(),
        problems: Vec::new(),
    };
    match medley.check_script(&workflow.program) {
        Ok(script) => listed.manifest = script.manifest,
        Err(ScriptErrors(errors)) => {
            let missing = listed.manifest.missing(medley.registry());
            listed.missing = missing.into_iter().map(str::to_owned).collect();
            let others = errors.iter().filter(|error| error.code != "missing_tool");
            listed.problems = others.map(ScriptError::to_string).collect();
        }
    }
    listed
}

fn check(medley: &Medley, workflow: &str, json: bool) -> anyhow::Result<Exit> {
    let found = find(medley, workflow)?;
    match medley.check_script(&found.program) {
        Ok(script) if json => {
            print_json(&serde_json::json!({"ok": true, "manifest": script.manifest}))?;
            Ok(Exit::Succeeded)
        }
        Ok(script) => {
            let calls = script.manifest.calls.join(", ");
            print(&format!(
                "{} can run; it calls {calls}",
                script.manifest.name
            ))?;
            Ok(Exit::Succeeded)
        }
        Err(ScriptErrors(errors)) => {
            if json {
                let told: Vec<_> = errors.iter().map(told).collect();
                print_json(&serde_json::json!({"ok": false, "errors": told}))?;
            } else {
                for error in &errors {
                    super::output::report_failure(&error.to_string(), error.hint.as_deref());
                }
            }
            Ok(Exit::Usage)
        }
    }
}

fn told(error: &ScriptError) -> serde_json::Value {
    let place = error.place.as_ref().map(|place| {
        serde_json::json!({
            "script": place.script,
            "line": place.line,
            "column": place.column,
            "text": place.text,
        })
    });
    serde_json::json!({
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "place": place,
    })
}

fn begin(medley: &Medley, workflow: &str) -> anyhow::Result<Exit> {
    let given = Path::new(workflow);
    let is_name = given.extension().is_none() && given.components().count() == 1;
    let path = match is_name {
        true => medley.workflow_folder().join(workflow),
        false => given.to_owned(),
    };
    let path = path.with_extension("rhai");
    let unusable = |error| Unusable(format!("cannot write {}: {error}", path.display()));
    if path.exists() {
        return Err(Unusable(format!("{} is there already", path.display())).into());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unusable)?;
    }
    fs::write(&path, TEMPLATE).map_err(unusable)?;
    print(&format!("{} is yours to change", path.display()))?;
    Ok(Exit::Succeeded)
}

fn define(medley: &Medley, folder: &Path) -> anyhow::Result<Exit> {
    let unusable = |error| Unusable(format!("cannot write to {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unusable)?;
    for (name, text) in definitions(&functions(medley.registry())) {
        fs::write(folder.join(&name), text).map_err(unusable)?;
        print(&folder.join(name).display().to_string())?;
    }
    Ok(Exit::Succeeded)
}
