//! Tables for people and for `BENCHMARKS.md`: the same text is both.
//!
//! Input: a head and rows of cells. Output: an aligned Markdown table; the first column to the left, numbers to the right.

/// A table under construction.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Missing cells are empty, cells beyond the head are an error of the caller.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert!(cells.len() <= self.rows[0].len(), "more cells than columns");
        self.rows.push(cells);
    }

    pub(crate) fn render(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
                .max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            text.push('|');
            for (column, width) in widths.iter().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                let fill = " ".repeat(width - cell.chars().count());
                let padded = if column == 0 { format!("{cell}{fill}") } else { format!("{fill}{cell}") };
                text.push_str(&format!(" {padded} |"));
            }
            text.push('\n');
            if index == 0 {
                text.push('|');
                for (column, width) in widths.iter().enumerate() {
                    let line = "-".repeat(*width);
                    text.push_str(&if column == 0 { format!(" {line} |") } else { format!(" {}: |", &line[1..]) });
                }
                text.push('\n');
            }
        }
        text
    }
}

/// Microseconds as milliseconds, with as many digits as mean something.
pub(crate) fn milliseconds(us: u64) -> String {
    let ms = us as f64 / 1000.0;
    match us {
        0..10_000 => format!("{ms:.2}"),
        10_000..100_000 => format!("{ms:.1}"),
        _ => format!("{ms:.0}"),
    }
}

/// Bytes in the unit that leaves one to three digits before the point.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["row", "ms"]);
        table.row(vec!["cold".to_owned(), "120.5".to_owned()]);
        table.row(vec!["warm, no change".to_owned()]);
        let expected = "\
| row             |    ms |
| --------------- | ----: |
| cold            | 120.5 |
| warm, no change |       |
";
        assert_eq!(table.render(), expected);
    }

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!([0, 1_234, 56_789, 1_234_567].map(milliseconds), ["0.00", "1.23", "56.8", "1235"]);
        assert_eq!([12, 3_456, 7_890_123].map(bytes), ["12 B", "3.5 kB", "7.9 MB"]);
    }
}
