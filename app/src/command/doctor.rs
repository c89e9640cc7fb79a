//! `medley doctor`: what is here, what is missing, what to do.

use std::process::Command;

use medley::{AssetState, Exporter, Models, Readiness};
use serde::Serialize;

use super::{
    models::state,
    open,
    output::{Exit, print, print_json},
    settings::Settings,
};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    ok: bool,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn good(what: impl Into<String>, state: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ok: true,
            state: state.into(),
            hint: None,
        }
    }

    fn bad(what: impl Into<String>, state: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ok: false,
            state: state.into(),
            hint: Some(hint.into()),
        }
    }
}

pub(super) fn run(settings: &Settings, json: bool) -> anyhow::Result<Exit> {
    let medley = open(settings)?;
    let mut findings = vec![home(medley.models())];
    findings.extend(journal(&medley));
    let assets = assets(medley.models())?;
    if assets.iter().any(|(_, needed)| *needed) {
        findings.push(package_client(settings));
    }
    findings.extend(assets.into_iter().map(|(finding, _)| finding));
    findings.extend(tools(&medley));
    let well = findings.iter().all(|finding| finding.ok);
    if json {
        print_json(&findings)?;
    } else {
        for finding in &findings {
            let mark = if finding.ok { "ok " } else { "!! " };
            print(&format!("{mark} {:28} {}", finding.what, finding.state))?;
            if let Some(hint) = &finding.hint {
                print(&format!("      {}", hint.trim_end_matches('.')))?;
            }
        }
    }
    Ok(if well { Exit::Succeeded } else { Exit::Failed })
}

fn home(models: &Models) -> Finding {
    let root = models.home().root();
    match Exporter::new(root).check() {
        Ok(()) => Finding::good("home", root.display().to_string()),
        Err(error) => Finding::bad(
            "home",
            error.to_string(),
            "set MEDLEY_HOME to a folder that you may write to",
        ),
    }
}

/// The history of runs, if there is one.
fn journal(medley: &medley::Medley) -> Option<Finding> {
    let path = medley.models().home().journal();
    if !path.exists() {
        return None;
    }
    Some(match medley.records().journal() {
        Ok(_) => Finding::good("history of runs", path.display().to_string()),
        Err(error) => Finding::bad("history of runs", error.to_string(), error.hint),
    })
}

/// What is here of each asset, and whether it is still to be fetched.
fn assets(models: &Models) -> anyhow::Result<Vec<(Finding, bool)>> {
    let statuses = models.assets().list()?;
    Ok(statuses
        .iter()
        .map(|status| {
            let shown = state(status);
            let missing = matches!(status.readiness(), Readiness::NeedsFetch { .. });
            let finding = match (&status.state, status.readiness()) {
                (AssetState::Damaged(_), _) => Finding::bad(
                    &status.name,
                    shown,
                    format!("`medley models pull {}` fetches it again", status.name),
                ),
                (_, Readiness::Unavailable { hint, .. }) => Finding::bad(&status.name, shown, hint),
                _ => Finding::good(&status.name, shown),
            };
            (finding, missing)
        })
        .collect())
}

fn package_client(settings: &Settings) -> Finding {
    let what = "package client (pip)";
    if settings.offline {
        return Finding::bad(
            what,
            "not used, because Medley is offline",
            "unset MEDLEY_OFFLINE to let what is missing be fetched",
        );
    }
    for python in ["python3", "python"] {
        let asked = Command::new(python)
            .args(["-m", "pip", "--version"])
            .output();
        if let Ok(answer) = asked
            && answer.status.success()
        {
            let version = String::from_utf8_lossy(&answer.stdout);
            let version: Vec<&str> = version.split_whitespace().take(2).collect();
            return Finding::good(what, version.join(" "));
        }
    }
    Finding::bad(
        what,
        "not found",
        "install Python 3 with pip, or give the paths of what is missing",
    )
}

fn tools(medley: &medley::Medley) -> Vec<Finding> {
    medley
        .registry()
        .entries()
        .filter_map(|entry| {
            let name = &entry.capability.name;
            let (reason, hint) = medley.registry().unavailable(name)?;
            Some(Finding::bad(name, format!("cannot run: {reason}"), hint))
        })
        .collect()
}
