//! `medley models`: what is here of the models and libraries, and fetching the rest.

use medley::{AssetState, AssetStatus, Models};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    arguments::ModelsAction,
    output::{Exit, ResultForm, print, print_json, report, report_failure},
    settings::Settings,
};

pub(super) fn run(settings: &Settings, action: ModelsAction) -> anyhow::Result<Exit> {
    let models = Models::open(settings.models_options())?;
    match action {
        ModelsAction::List { json } => list(&models, json),
        ModelsAction::Pull { names } => pull(&models, names),
        ModelsAction::Where { name } => locate(&models, &name),
        ModelsAction::Verify { names } => verify(&models, names),
    }
}

fn list(models: &Models, json: bool) -> anyhow::Result<Exit> {
    let statuses = models.assets().list()?;
    if json {
        let described: Vec<_> = statuses.iter().map(describe).collect();
        print_json(&described)?;
        return Ok(Exit::Succeeded);
    }
    for status in statuses {
        print(&format!(
            "{:18} {:10} {:28} {}",
            status.name,
            status.version,
            state(&status),
            status.purpose
        ))?;
    }
    Ok(Exit::Succeeded)
}

fn describe(status: &AssetStatus) -> serde_json::Value {
    json!({
        "name": status.name, "version": status.version, "purpose": status.purpose,
        "licence": status.licence, "state": state(status), "directory": status.directory,
        "download_bytes": status.download_bytes, "installed_bytes": status.installed_bytes,
    })
}

/// What is here of an asset, in a few words.
pub(super) fn state(status: &AssetStatus) -> String {
    match &status.state {
        AssetState::Present => "here".to_owned(),
        AssetState::Missing => format!(
            "fetched at first use, {}",
            medley_models::readable_bytes(status.download_bytes)
        ),
        AssetState::Damaged(defect) => format!("damaged: {defect}"),
        AssetState::Named(named) => format!("at {}", named.path.display()),
        AssetState::NamedWrongly { problem, .. } => format!("not usable: {problem}"),
        AssetState::Unsupported => "not for this platform".to_owned(),
        _ => "unknown".to_owned(),
    }
}

fn pull(models: &Models, names: Vec<String>) -> anyhow::Result<Exit> {
    let names = if names.is_empty() {
        all_names(models)?
    } else {
        names
    };
    let cancel = CancellationToken::new();
    let mut exit = Exit::Succeeded;
    for name in names {
        match models.assets().pull(&name, &cancel) {
            Ok(asset) => print(&format!(
                "{} {} is at {}",
                asset.name(),
                asset.version(),
                asset.directory().display()
            ))?,
            // What is wrong with one does not keep the others from being fetched.
            Err(error) => exit = report(&error.into(), ResultForm::Text),
        }
    }
    Ok(exit)
}

fn all_names(models: &Models) -> anyhow::Result<Vec<String>> {
    let statuses = models.assets().list()?;
    Ok(statuses
        .into_iter()
        .filter(|status| status.state != AssetState::Unsupported)
        .map(|status| status.name)
        .collect())
}

fn locate(models: &Models, name: &str) -> anyhow::Result<Exit> {
    match models.assets().locate(name)? {
        Some(path) => {
            print(&path.display().to_string())?;
            Ok(Exit::Succeeded)
        }
        None => {
            report_failure(
                &format!("{name} is not here"),
                Some(&format!("`medley models pull {name}` fetches it")),
            );
            Ok(Exit::Failed)
        }
    }
}

fn verify(models: &Models, names: Vec<String>) -> anyhow::Result<Exit> {
    let only_present = names.is_empty();
    let names = if only_present {
        all_names(models)?
    } else {
        names
    };
    let mut exit = Exit::Succeeded;
    for name in names {
        let verification = models.assets().verify(&name)?;
        if verification.is_sound() {
            let compared = if verification.pinned {
                "as pinned"
            } else {
                "here, but given by path and so not pinned"
            };
            print(&format!("{name}: {compared}"))?;
        } else if verification.directory.is_none() {
            if !only_present {
                report_failure(&format!("{name} is not here"), None);
                exit = Exit::Failed;
            }
        } else {
            for defect in &verification.defects {
                report_failure(
                    &format!("{name}: {defect}"),
                    Some(&format!("`medley models pull {name}` fetches it again")),
                );
            }
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}
