//! A Mermaid flow chart.
//!
//! Nodes are called `n0`, `n1` and so on: a step may be called `end`, which is a word of Mermaid's own.

use std::fmt::Write;

use super::{
    PicturedStep,
    label::{COLOURS, lines, status_class},
    outline::Outline,
};

/// The most edges that Mermaid draws unless its `maxEdges` says otherwise.
const EDGE_LIMIT: usize = 500;

pub(super) fn draw(steps: &[PicturedStep]) -> String {
    let outline = Outline::of(steps);
    let mut drawing = String::from("flowchart TD\n");
    let edges = outline.parents.iter().map(Vec::len).sum::<usize>();
    if edges > EDGE_LIMIT {
        drawing +=
            &format!("  %% {edges} edges: set maxEdges and maxTextSize of Mermaid to draw them\n");
    }
    for (index, step) in steps.iter().enumerate() {
        let label: Vec<String> = lines(step).iter().map(|line| escape(line)).collect();
        let class = status_class(step.status);
        drawing += &format!("  n{index}[\"{}\"]:::{class}\n", label.join("<br/>"));
    }
    for (from, to, critical) in outline.edges() {
        let arrow = if critical { "==>" } else { "-->" };
        drawing += &format!("  n{from} {arrow} n{to}\n");
    }
    for (status, fill, line) in COLOURS {
        if steps.iter().any(|step| step.status == status) {
            let class = status_class(status);
            drawing += &format!("  classDef {class} fill:{fill},stroke:{line},color:#000\n");
        }
    }
    if !outline.critical.is_empty() {
        let names: Vec<String> = outline
            .critical
            .iter()
            .map(|step| format!("n{step}"))
            .collect();
        drawing += "  classDef critical stroke-width:3px\n";
        drawing += &format!("  class {} critical\n", names.join(","));
    }
    drawing
}

/// Everything but letters, digits and a few harmless characters as the entity that Mermaid reads.
///
/// Not only quotes: a label also may not hold Markdown, HTML, or what looks like a `style` line.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for each in text.chars() {
        if each.is_alphanumeric() || " .,/-=$_()+…".contains(each) {
            escaped.push(each);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "#{};", u32::from(each));
        }
    }
    escaped
}
