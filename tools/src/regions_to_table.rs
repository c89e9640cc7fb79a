//! `regions_to_table`: puts the lines that were read from a receipt, a form or a table into rows and columns.
//!
//! Which lines stand beside each other is found by reading order, so that a page may lie at an angle; what the columns are
//! is found here.

mod columns;

use async_trait::async_trait;
use medley_orchestrator::{
    About, CallContext, Facts, Kind, Region, TableArtifact, Tool, ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::columns::Columns;
use crate::{
    ocr::{Line, is_wide, rows_across},
    pictures::Places,
};

/// The tool `regions_to_table`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RegionsToTable;

/// What should become a table.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The text regions of a receipt, a form or a table, as OCR gives them.
    pub regions: Places,
}

/// The table.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The table as CSV in UTF-8, for a spreadsheet. A cell that a spreadsheet would compute begins with an apostrophe.
    pub table: TableArtifact,
    /// The rows from the top down, each a list of as many cells as there are columns; an empty cell is an empty string.
    pub rows: Vec<Vec<String>>,
}

#[async_trait]
impl Tool for RegionsToTable {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new(
            "regions_to_table",
            "Makes a table with rows and columns of the text that was read from a receipt, a form or a table",
        )
        .phrases(&[
            "turn the receipt into a table",
            "make a table of the items and prices",
            "extract the table from the picture",
            "convert the table in the image to CSV",
            "make a spreadsheet of the invoice",
            "put the form into rows and columns",
        ])
        .computes(1, 64 << 20)
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let regions = input.regions.read(context).await?.items;
        let (rows, content) = context
            .compute(move || {
                let rows = table(&regions);
                let content = csv(&rows)?;
                Ok((rows, content))
            })
            .await?;
        let facts = Facts::default();
        let table = context
            .write(Kind::Table, "text/csv", facts, content)
            .await?;
        Ok(Output {
            table: table.into(),
            rows,
        })
    }
}

/// The cells, row by row, all rows of the same length. Text of another direction than most comes after the rest.
fn table(regions: &[Region]) -> Vec<Vec<String>> {
    let lines: Vec<Line<'_>> = regions.iter().filter_map(line).collect();
    let mut table: Vec<Vec<String>> = Vec::new();
    for rows in rows_across(&lines) {
        let columns = Columns::of(&rows);
        for row in rows {
            let mut cells = vec![String::new(); columns.count()];
            for piece in row {
                let text = lines.get(piece.index).map_or("", |line| line.text);
                if let Some(cell) = cells.get_mut(columns.holding(&piece)) {
                    append(cell, text);
                }
            }
            table.push(cells);
        }
    }
    let widest = table.iter().map(Vec::len).max().unwrap_or(0);
    for row in &mut table {
        row.resize(widest, String::new());
    }
    table
}

/// A region that says something, with its four corners.
fn line(region: &Region) -> Option<Line<'_>> {
    let text = region.text.as_deref().map(str::trim)?;
    if text.is_empty() || is_rule(text) {
        return None;
    }
    let [x, y, width, height] = region.bounds;
    let (right, bottom) = (x + width, y + height);
    let upright = [[x, y], [right, y], [right, bottom], [x, bottom]];
    let corners = region
        .polygon
        .as_deref()
        .and_then(|points| points.try_into().ok());
    Some(Line {
        polygon: corners.unwrap_or(upright),
        text,
    })
}

/// Whether it is a line drawn with characters, as receipts have them between their parts.
fn is_rule(text: &str) -> bool {
    text.chars().count() > 2 && text.chars().all(|each| "-–—=_*~.· ".contains(each))
}

fn append(cell: &mut String, text: &str) {
    let one_word =
        cell.chars().next_back().is_some_and(is_wide) && text.chars().next().is_some_and(is_wide);
    if !cell.is_empty() && !one_word {
        cell.push(' ');
    }
    cell.push_str(text);
}

fn csv(rows: &[Vec<String>]) -> Result<Vec<u8>, ToolError> {
    let failed = |error: csv::Error| {
        ToolError::permanent("table_failed", "the table cannot be written").caused_by(error)
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| {
            if is_formula(cell) {
                format!("'{cell}")
            } else {
                cell.clone()
            }
        });
        writer.write_record(cells).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|error| failed(error.into_error().into()))
}

/// Whether a spreadsheet would compute the cell: what a picture says must not run on the computer of who opens it.
fn is_formula(cell: &str) -> bool {
    match cell.chars().next() {
        Some('=' | '@') => true,
        Some('+' | '-') => cell
            .chars()
            .any(|each| each.is_alphabetic() || "(!|=@".contains(each)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
