//! Scores as a table, beside those that were published.

use std::{fmt::Write, path::Path};

use super::metric::Scores;

/// A row of the table.
struct Row {
    name: String,
    plans: String,
    scores: [f64; 4],
}

/// A table of scores by name, each with its types of plan below.
///
/// `published` is a CSV file with a head line and the columns `model`, `node_f1`, `edge_f1`, `arg_type_f1` and
/// `arg_value_f1`; its rows come last. Published figures are over all requests of the data set, so that only figures
/// for the same mixture of types compare with them.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub fn table(scores: &[(&str, &Scores)], published: Option<&Path>) -> std::io::Result<String> {
    let mut rows = Vec::new();
    for (name, scores) in scores {
        rows.push(Row::of(name, scores));
        let by_type = scores.by_type.iter();
        rows.extend(by_type.map(|(of, scores)| Row::of(&format!("  {}", of.name()), scores)));
    }
    if let Some(path) = published {
        rows.extend(read_published(&std::fs::read_to_string(path)?)?);
    }
    Ok(render(&rows))
}

impl Row {
    fn of(name: &str, scores: &Scores) -> Self {
        Self {
            name: name.to_owned(),
            plans: scores.n.to_string(),
            scores: [
                scores.node_f1,
                scores.edge_f1,
                scores.type_f1,
                scores.value_f1,
            ],
        }
    }
}

fn read_published(text: &str) -> std::io::Result<Vec<Row>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let places: Vec<usize> = ["model", "node_f1", "edge_f1", "arg_type_f1", "arg_value_f1"]
        .into_iter()
        .map(|name| {
            let place = head.iter().position(|column| column.trim() == name);
            place.ok_or_else(|| unreadable(&format!("has no column `{name}`")))
        })
        .collect::<Result<_, _>>()?;
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |place: usize| cells.get(places[place]).map_or("", |cell| cell.trim());
            let number = |place: usize| {
                let number = cell(place).parse();
                number.map_err(|_| unreadable(&format!("has a line without a number: {line}")))
            };
            Ok(Row {
                name: cell(0).to_owned(),
                plans: "published".to_owned(),
                scores: [number(1)?, number(2)?, number(3)?, number(4)?],
            })
        })
        .collect()
}

fn unreadable(what: &str) -> std::io::Error {
    let message = format!("the file of published scores {what}; it is a table with commas");
    std::io::Error::new(std::io::ErrorKind::InvalidData, message)
}

fn render(rows: &[Row]) -> String {
    let names = rows.iter().map(|row| row.name.chars().count());
    let width = names.max().unwrap_or_default().max("planner".len());
    let mut text = format!(
        "{:<width$}  {:>9}  {:>6}  {:>6}  {:>6}  {:>6}\n",
        "planner", "plans", "node", "edge", "type", "value"
    );
    for row in rows {
        let [node, edge, of, value] = row.scores;
        // Writing into a text cannot fail.
        let _ = writeln!(
            text,
            "{:<width$}  {:>9}  {node:>6.2}  {edge:>6.2}  {of:>6.2}  {value:>6.2}",
            row.name, row.plans
        );
    }
    text
}
