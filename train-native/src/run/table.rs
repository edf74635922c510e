//! The run's log as a table, for spreadsheets and data frames: the lines of `log.jsonl`, a row each.

use serde_json::Value;

/// File name of the table in a run's folder.
pub const TABLE: &str = "log.csv";

/// Titles, and where a line of the log has the value. A cell is empty where it has none.
const COLUMNS: [(&str, &str); 30] = [
    ("kind", "/kind"),
    ("step", "/step"),
    ("seconds", "/seconds"),
    ("loss", "/loss"),
    ("zero", "/zero"),
    ("loss_before", "/before"),
    ("gradient_norm", "/gradient_norm"),
    ("rate", "/rate"),
    ("loss_scale", "/loss_scale"),
    ("images_per_second", "/images_per_second"),
    ("waiting", "/waiting"),
    ("pairs", "/pairs"),
    ("loss_t_0.1", "/by_time/0"),
    ("loss_t_0.3", "/by_time/1"),
    ("loss_t_0.5", "/by_time/2"),
    ("loss_t_0.7", "/by_time/3"),
    ("loss_t_0.9", "/by_time/4"),
    ("shuffled_gap", "/condition/shuffled_gap"),
    ("velocity_distance", "/condition/velocity_distance"),
    ("exchanged", "/condition/exchanged"),
    ("other_batch_gap", "/condition/other_batch_gap"),
    ("kid", "/generated/kid"),
    ("gap_closed", "/generated/gap_closed"),
    ("ends_apart", "/generated/ends_apart"),
    ("generated_cells", "/generated/cells"),
    ("difference_to_step", "/difference/step"),
    ("difference", "/difference/mean"),
    ("difference_low", "/difference/low"),
    ("difference_high", "/difference/high"),
    ("difference_pairs", "/difference/pairs"),
];

/// The first line.
pub(super) fn header() -> String {
    line(&COLUMNS.map(|(title, _)| title.to_owned()))
}

/// The row of a line of the log.
pub(super) fn row(of: &Value) -> String {
    line(&COLUMNS.map(|(_, place)| match of.pointer(place) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }))
}

/// Words and numbers of this program: none needs quotes.
fn line(cells: &[String; COLUMNS.len()]) -> String {
    let mut line = cells.join(",");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::TIMES;

    #[test]
    fn a_row_has_the_numbers_of_its_line_below_their_titles_and_nothing_elsewhere() {
        let of = serde_json::json!({
            "kind": "validation", "step": 7, "loss": 0.25, "by_time": [0.1, 0.2, 0.3, 0.4, 0.5],
            "condition": { "shuffled_gap": -0.5 }, "unknown": 3, "seconds": null,
        });
        let (header, row) = (header(), row(&of));
        let cells: Vec<(&str, &str)> = header.trim().split(',').zip(row.trim_end().split(',')).collect();
        assert_eq!(cells.len(), COLUMNS.len());
        let filled: Vec<_> = cells.into_iter().filter(|(_, cell)| !cell.is_empty()).collect();
        let expected = [
            ("kind", "validation"),
            ("step", "7"),
            ("loss", "0.25"),
            ("loss_t_0.1", "0.1"),
            ("loss_t_0.3", "0.2"),
            ("loss_t_0.5", "0.3"),
            ("loss_t_0.7", "0.4"),
            ("loss_t_0.9", "0.5"),
            ("shuffled_gap", "-0.5"),
        ];
        assert_eq!(filled, expected);
    }

    #[test]
    fn the_columns_by_time_are_those_of_the_validation() {
        for t in TIMES {
            let title = format!("loss_t_{t}");
            assert!(COLUMNS.iter().any(|(own, _)| *own == title), "{title}");
        }
    }
}
