//! The graph as JSON, for programs that draw it themselves.

use serde::Serialize;

use super::{PicturedStep, outline::Outline};

#[derive(Serialize)]
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge<'a>>,
    critical_path: Vec<&'a str>,
}

#[derive(Serialize)]
struct Node<'a> {
    #[serde(flatten)]
    step: &'a PicturedStep,
    critical: bool,
}

#[derive(Serialize)]
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    critical: bool,
}

pub(super) fn draw(steps: &[PicturedStep]) -> String {
    let outline = Outline::of(steps);
    let id = |step: usize| steps[step].id.as_str();
    let graph = Graph {
        nodes: steps
            .iter()
            .enumerate()
            .map(|(index, step)| Node {
                step,
                critical: outline.is_critical(index),
            })
            .collect(),
        edges: outline
            .edges()
            .map(|(from, to, critical)| Edge {
                from: id(from),
                to: id(to),
                critical,
            })
            .collect(),
        critical_path: outline.critical.iter().map(|&step| id(step)).collect(),
    };
    // Strings and numbers under fixed names always have a JSON form.
    serde_json::to_string_pretty(&graph).unwrap_or_default() + "\n"
}
