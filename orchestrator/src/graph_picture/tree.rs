//! The tree for a terminal.
//!
//! A step stands under the last of its parents and names the others, so that reading from the top every step comes after
//! all that it waits for. A finished run has its times on the left: in columns whose width no label can change.

use std::{collections::VecDeque, fmt::Write};

use super::{
    PicturedStep,
    label::{facts, human_time, plain, reason, title},
    outline::Outline,
};
use crate::StepStatus;

/// Beyond this depth a branch goes on at the margin, or a long chain would draw a triangle.
const DEPTH_LIMIT: usize = 16;

/// How many names of a long row are shown before and behind the gap.
const NAMES: usize = 4;

/// Cells of the bar that shows when a step ran.
const BAR: usize = 20;

pub(super) fn draw(steps: &[PicturedStep]) -> String {
    if steps.is_empty() {
        return "no steps\n".to_owned();
    }
    let outline = Outline::of(steps);
    let gutter = Gutter::of(steps, &outline);
    let mut drawing = String::new();
    for line in arrange(&outline) {
        gutter.draw(line.step, &mut drawing);
        drawing.push_str(&line.branch);
        drawing.push_str(&describe(steps, &outline, &line));
        drawing.push('\n');
    }
    drawing + &conclusion(steps, &outline.critical)
}

/// A step where the tree has it.
struct Line {
    step: usize,
    /// What leads to it: `│  └─ `.
    branch: String,
    /// The parent that it hangs on, if any.
    under: Option<usize>,
}

/// A step whose parents all stand above it already.
struct Place {
    step: usize,
    under: Option<usize>,
    depth: usize,
    is_last: bool,
}

/// Puts every step under the parent that comes last.
fn arrange(outline: &Outline) -> Vec<Line> {
    let mut waits: Vec<usize> = outline.parents.iter().map(Vec::len).collect();
    let mut placed = vec![false; waits.len()];
    let mut lines = Vec::with_capacity(waits.len());
    let free = (0..waits.len()).filter(|&step| outline.parents[step].is_empty());
    // The second pass takes in steps that wait for each other, which no valid plan has.
    for root in free.chain(0..waits.len()) {
        let mut margin = VecDeque::from([root]);
        while let Some(root) = margin.pop_front() {
            if !placed[root] {
                let lines = &mut lines;
                grow(root, outline, &mut waits, &mut placed, &mut margin, lines);
            }
        }
    }
    lines
}

/// Draws all that hangs on `root`; what is too deep is left for the margin.
fn grow(
    root: usize,
    outline: &Outline,
    waits: &mut [usize],
    placed: &mut [bool],
    margin: &mut VecDeque<usize>,
    lines: &mut Vec<Line>,
) {
    // Whether the branch at each depth goes on below.
    let mut goes_on: Vec<bool> = Vec::new();
    let mut open = vec![Place {
        step: root,
        under: None,
        depth: 0,
        is_last: true,
    }];
    while let Some(place) = open.pop() {
        placed[place.step] = true;
        goes_on.truncate(place.depth.saturating_sub(1));
        lines.push(Line {
            step: place.step,
            branch: branch(&goes_on, &place),
            under: place.under,
        });
        if place.depth > 0 {
            goes_on.push(!place.is_last);
        }
        let mut hanging = Vec::new();
        for &child in &outline.children[place.step] {
            waits[child] = waits[child].saturating_sub(1);
            if waits[child] == 0 && !placed[child] {
                hanging.push(child);
            }
        }
        if place.depth + 1 == DEPTH_LIMIT {
            margin.extend(hanging);
            continue;
        }
        let last = hanging.last().copied();
        open.extend(hanging.into_iter().rev().map(|step| Place {
            step,
            under: Some(place.step),
            depth: place.depth + 1,
            is_last: Some(step) == last,
        }));
    }
}

fn branch(goes_on: &[bool], place: &Place) -> String {
    if place.depth == 0 {
        return String::new();
    }
    let trunks = goes_on.iter().map(|&on| if on { "│  " } else { "   " });
    let end = if place.is_last { "└─ " } else { "├─ " };
    trunks.chain([end]).collect()
}

fn describe(steps: &[PicturedStep], outline: &Outline, line: &Line) -> String {
    let step = &steps[line.step];
    let mut parts = vec![title(step)];
    let others: Vec<usize> = outline.parents[line.step]
        .iter()
        .copied()
        .filter(|&parent| Some(parent) != line.under)
        .collect();
    if !others.is_empty() {
        parts.push(format!("← {}", row(steps, &others, ", ")));
    }
    parts.push(plain(&step.arguments));
    let facts = facts(step);
    if !facts.is_empty() {
        parts.push(format!("({})", facts.join(", ")));
    }
    parts.extend(reason(step).map(|why| format!("— {why}")));
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

/// The names of steps, with a gap in the middle of a long row.
fn row(steps: &[PicturedStep], row: &[usize], between: &str) -> String {
    let name = |&step: &usize| plain(&steps[step].id);
    if row.len() <= 2 * NAMES + 1 {
        return row.iter().map(name).collect::<Vec<_>>().join(between);
    }
    let gap = format!("({} more)", row.len() - 2 * NAMES);
    let head = row[..NAMES].iter().map(name);
    let tail = row[row.len() - NAMES..].iter().map(name);
    let names: Vec<String> = head.chain([gap]).chain(tail).collect();
    names.join(between)
}

/// The line that says what decided when the run ended.
fn conclusion(steps: &[PicturedStep], path: &[usize]) -> String {
    let (Some(&first), Some(&last)) = (path.first(), path.last()) else {
        return String::new();
    };
    let total = steps[last].end() - steps[first].start();
    let worked: f64 = path.iter().map(|&step| steps[step].duration()).sum();
    let names = row(steps, path, " → ");
    let mut line = format!("* critical path: {names}, {}", human_time(total));
    // Steps that had their inputs and no room are a finding; microseconds between steps are not.
    if total - worked > total / 20.0 {
        line += &format!(", {} of it waiting", human_time(total - worked));
    }
    line + "\n"
}

/// The columns left of the tree of a finished run: mark, time, bar, critical or not.
struct Gutter<'a> {
    steps: &'a [PicturedStep],
    outline: &'a Outline,
    /// Empty for a plan that has not run.
    times: Vec<String>,
    time_width: usize,
    /// When the last step ended, in milliseconds.
    end: f64,
}

impl<'a> Gutter<'a> {
    fn of(steps: &'a [PicturedStep], outline: &'a Outline) -> Self {
        let has_run = steps.iter().any(|step| step.status.is_some());
        let time = |step: &PicturedStep| {
            if step.ran() {
                human_time(step.duration())
            } else {
                String::new()
            }
        };
        let times: Vec<String> = if has_run {
            steps.iter().map(time).collect()
        } else {
            Vec::new()
        };
        let ran = steps.iter().filter(|step| step.ran());
        Self {
            steps,
            outline,
            time_width: times
                .iter()
                .map(|time| time.chars().count())
                .max()
                .unwrap_or(0),
            times,
            end: ran.map(PicturedStep::end).fold(0.0, f64::max),
        }
    }

    fn draw(&self, step: usize, drawing: &mut String) {
        let Some(time) = self.times.get(step) else {
            return;
        };
        let mark = mark(self.steps[step].status);
        let width = self.time_width;
        let bar = self.bar(&self.steps[step]);
        let critical = if self.outline.is_critical(step) {
            '*'
        } else {
            ' '
        };
        // Writing to a string cannot fail.
        let _ = write!(drawing, "{mark} {time:>width$} {bar} {critical} ");
    }

    fn bar(&self, step: &PicturedStep) -> String {
        if !step.ran() || self.end <= 0.0 {
            return "·".repeat(BAR);
        }
        let from = cell(step.start() / self.end, f64::floor).min(BAR - 1);
        let to = cell(step.end() / self.end, f64::ceil).clamp(from + 1, BAR);
        let (before, during) = ("·".repeat(from), "█".repeat(to - from));
        before + &during + &"·".repeat(BAR - to)
    }
}

/// The cell of a part of the run; the part is between 0 and 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a bar has twenty cells"
)]
fn cell(part: f64, round: fn(f64) -> f64) -> usize {
    round(part * BAR as f64) as usize
}

const fn mark(status: Option<StepStatus>) -> char {
    match status {
        None => ' ',
        Some(StepStatus::Done) => '✓',
        Some(StepStatus::Cached) => '=',
        Some(StepStatus::Failed) => '✗',
        Some(StepStatus::Skipped) => '-',
        Some(StepStatus::Cancelled) => '!',
        Some(StepStatus::Waiting) => '?',
    }
}
