//! Tables as rows of cells, for plans that take something out of them.

use crate::Value;

/// The cells of a table, row by row, its headings too if it has any; rows may differ in length.
///
/// `mime` says what parts cells: a tab in `text/tab-separated-values`, a comma elsewhere (RFC 4180), or a semicolon where the
/// first line has one and no comma, as spreadsheets write where a comma stands in numbers. Cells are text, so that nothing is
/// lost of what looks like a number.
///
/// # Errors
/// When it is not UTF-8.
pub fn table_rows(content: &[u8], mime: &str) -> Result<Vec<Vec<String>>, csv::Error> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let delimiter = match mime {
        "text/tab-separated-values" => b'\t',
        _ if has_semicolons(content) => b';',
        _ => b',',
    };
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(content)
        .into_deserialize()
        .collect()
}

fn has_semicolons(content: &[u8]) -> bool {
    let mut lines = content.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    first.contains(&b';') && !first.contains(&b',')
}

/// The cells below a heading; a row that ends before it has an empty one.
#[must_use]
pub fn table_column(rows: &[Vec<String>], heading: &str) -> Option<Value> {
    let (headings, rows) = rows.split_first()?;
    let at = headings.iter().position(|each| each.trim() == heading)?;
    let cells = rows.iter().map(|row| row.get(at).cloned());
    let cells = cells.map(|cell| Value::String(cell.unwrap_or_default()));
    Some(Value::List(cells.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_apart_by_what_the_file_is() {
        let rows = table_rows("\u{feff}a,\"b, c\"\n1\n".as_bytes(), "text/csv").unwrap();
        assert_eq!(rows, [vec!["a", "b, c"], vec!["1"]]);
        let rows = table_rows(b"a, b\tc\n", "text/tab-separated-values").unwrap();
        assert_eq!(rows, [["a, b", "c"]]);
        let rows = table_rows(b"a;b\n1,5;2\n", "text/csv").unwrap();
        assert_eq!(rows, [["a", "b"], ["1,5", "2"]]);
        let rows = table_rows(b"a,b;c\n1;2,3\n", "text/csv").unwrap();
        assert_eq!(rows, [["a", "b;c"], ["1;2", "3"]]);
        assert!(table_rows(b"", "text/csv").unwrap().is_empty());
        assert!(table_rows(b"\xff\xfe", "text/csv").is_err());
    }

    #[test]
    fn a_column_is_what_stands_below_its_heading() {
        let rows = table_rows(b"item, price\ntea,2.50\nmilk\n", "text/csv").unwrap();
        let prices = table_column(&rows, "price").unwrap();
        assert_eq!(
            prices,
            Value::List(vec!["2.50".into(), String::new().into()])
        );
        assert!(table_column(&rows, "colour").is_none());
        assert!(table_column(&[], "item").is_none());
    }
}
