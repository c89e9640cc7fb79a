//! `medley cache`: results that may be used again.

use medley::Removed;
use medley_models::readable_bytes;
use serde_json::json;

use super::{
    arguments::CacheAction,
    open,
    output::{Exit, print, print_json},
    settings::Settings,
};

pub(super) async fn run(settings: &Settings, action: CacheAction) -> anyhow::Result<Exit> {
    let medley = open(settings)?;
    let records = medley.records();
    match action {
        CacheAction::Info { json } => {
            let usage = records.cache_usage().await?;
            let limit = records.cache_limit();
            if json {
                print_json(&json!({
                    "results": usage.entries, "bytes": usage.bytes, "limit_bytes": limit,
                }))?;
            } else {
                print(&format!(
                    "{} results, {} of at most {}",
                    usage.entries,
                    readable_bytes(usage.bytes),
                    readable_bytes(limit)
                ))?;
            }
        }
        CacheAction::Clear => say(records.clear().await?)?,
        CacheAction::Prune { limit } => {
            let limit = limit.unwrap_or_else(|| records.cache_limit());
            say(records.prune(limit).await?)?;
        }
    }
    Ok(Exit::Succeeded)
}

fn say(removed: Removed) -> anyhow::Result<()> {
    print(&format!(
        "{} results forgotten, {} files with {} removed",
        removed.results,
        removed.files,
        readable_bytes(removed.bytes)
    ))
}
