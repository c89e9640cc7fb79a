//! A graph for Graphviz.

use super::{
    PicturedStep,
    label::{COLOURS, lines, status_class},
    outline::Outline,
};

pub(super) fn draw(steps: &[PicturedStep]) -> String {
    let outline = Outline::of(steps);
    let mut drawing = String::from(
        "digraph plan {\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n",
    );
    for (index, step) in steps.iter().enumerate() {
        let label: Vec<String> = lines(step).iter().map(|line| escape(line)).collect();
        let (fill, line) = colours(step);
        let class = status_class(step.status);
        let width = if outline.is_critical(index) { 3 } else { 1 };
        drawing += &format!(
            "  n{index} [label=\"{}\", class=\"{class}\", fillcolor=\"{fill}\", color=\"{line}\", penwidth={width}];\n",
            label.join("\\n")
        );
    }
    for (from, to, critical) in outline.edges() {
        let style = if critical {
            " [color=\"#c62828\", penwidth=3]"
        } else {
            ""
        };
        drawing += &format!("  n{from} -> n{to}{style};\n");
    }
    drawing + "}\n"
}

fn colours(step: &PicturedStep) -> (&'static str, &'static str) {
    let found = COLOURS.iter().find(|(status, ..)| *status == step.status);
    found.map_or(("white", "black"), |(_, fill, line)| (fill, line))
}

/// Besides quotes: Graphviz reads HTML entities and its own `\N` in labels.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
