//! Shows what is going on: bars on a terminal, plain lines elsewhere, nothing if quiet.
//!
//! Everything here goes to standard error.

use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use medley::{AssetEvent, AssetStage, Event, EventKind, StepStatus};
use medley_models::readable_bytes;

use super::{arguments::Verbosity, terminal::harmless};

/// All bars of the process, so that they do not draw over each other.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Shows steps while they run.
pub(super) struct StepProgress {
    verbosity: Verbosity,
    bars: HashMap<String, ProgressBar>,
}

impl StepProgress {
    pub(super) fn new(verbosity: Verbosity) -> Self {
        Self {
            verbosity,
            bars: HashMap::new(),
        }
    }

    pub(super) fn show(&mut self, event: &Event) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match &event.kind {
            EventKind::StepStarted { step, tool } if on_terminal() => {
                let bar = BARS.add(ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {prefix} {wide_msg}"));
                bar.set_prefix(tool.clone());
                bar.enable_steady_tick(Duration::from_millis(100));
                self.bars.insert(step.clone(), bar);
            }
            EventKind::StepProgress {
                step,
                fraction,
                message,
            } => {
                if let Some(bar) = self.bars.get(step) {
                    let message = harmless(message);
                    bar.set_message(match fraction {
                        Some(fraction) => format!("{message} {:.0} %", fraction * 100.0),
                        None => message.into_owned(),
                    });
                }
            }
            EventKind::StepFinished {
                step,
                tool,
                status,
                ms,
                ..
            } => {
                if let Some(bar) = self.bars.remove(step) {
                    bar.finish_and_clear();
                    BARS.remove(&bar);
                }
                if self.verbosity > Verbosity::Normal {
                    say(&format!("{step} {tool}: {} in {ms:.0} ms", word(*status)));
                }
            }
            EventKind::Log { message } => say(message),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self) {
        for (_, bar) in self.bars.drain() {
            bar.finish_and_clear();
        }
    }
}

const fn word(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Done => "done",
        StepStatus::Cached => "cached",
        StepStatus::Failed => "failed",
        StepStatus::Skipped => "skipped",
        StepStatus::Cancelled => "cancelled",
        StepStatus::Waiting => "waiting",
    }
}

fn say(line: &str) {
    let _ = BARS.println(harmless(line));
    if !on_terminal() {
        aside!("{line}");
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Shows fetches. They are said even where steps are not: a download should surprise nobody.
pub(super) fn asset_observer(verbosity: Verbosity) -> medley_models::assets::AssetObserver {
    let bars: Mutex<HashMap<String, ProgressBar>> = Mutex::default();
    Arc::new(move |event: AssetEvent| {
        if verbosity == Verbosity::Quiet {
            return;
        }
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        show_asset(&event, &mut bars);
    })
}

fn show_asset(event: &AssetEvent, bars: &mut HashMap<String, ProgressBar>) {
    let asset = &event.asset;
    match &event.stage {
        AssetStage::Waiting => say(&format!("waiting for another process to fetch {asset}")),
        AssetStage::Refetching { why } => say(&format!("fetching {asset} again: {why}")),
        AssetStage::Started { bytes_total } => {
            let size = readable_bytes(*bytes_total);
            if on_terminal() {
                let bar = BARS.add(ProgressBar::new(*bytes_total));
                bar.set_style(style(
                    "fetching {prefix} [{bar:30}] {bytes}/{total_bytes} {wide_msg}",
                ));
                bar.set_prefix(asset.clone());
                bars.insert(asset.clone(), bar);
            } else {
                say(&format!("fetching {asset} ({size})"));
            }
        }
        AssetStage::Downloading { bytes, .. } => {
            if let Some(bar) = bars.get(asset) {
                bar.set_position(*bytes);
            }
        }
        AssetStage::Verifying => {
            if let Some(bar) = bars.get(asset) {
                bar.set_message("verifying");
            }
        }
        AssetStage::Unpacking => {
            if let Some(bar) = bars.get(asset) {
                bar.set_message("unpacking");
            }
        }
        AssetStage::Ready => {
            if let Some(bar) = bars.remove(asset) {
                bar.finish_and_clear();
                BARS.remove(&bar);
            }
            say(&format!("fetched {asset}"));
        }
        _ => {}
    }
}
