//! A table of figures with their intervals: in a box that scrolls, and folded where it is long, since a chart
//! stands above it.

use super::glossary::Glossary;
use super::scrolling;
use crate::html::escape;
use crate::words::{Words, with_name};

/// A table of more rows is folded.
const OPEN: usize = 3;

/// A table of figures, its headings and cells as HTML.
pub(super) struct MeasuredTable<'a> {
    /// What it holds, as text.
    pub title: &'a str,
    /// What its rows are, as text.
    pub of: &'a str,
    /// What its columns are.
    pub heads: Vec<String>,
    /// The rows' names and cells.
    pub rows: Vec<(String, Vec<String>)>,
    /// What stands below it.
    pub below: String,
}

impl MeasuredTable<'_> {
    /// The table, which says once that its brackets hold intervals of 95 %; nothing without a row.
    pub(super) fn html(&self, glossary: &Glossary, words: &Words) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let title = escape(self.title);
        let folded = self.rows.len() > OPEN;
        let interval = glossary.link("interval", words.interval);
        let brackets = with_name(&escape(words.in_brackets), &interval);
        // A folded table has its title in the line that opens it.
        let caption = if folded {
            brackets
        } else {
            format!("{title}. {brackets}")
        };
        let heads: String = self
            .heads
            .iter()
            .map(|head| format!("<th scope=\"col\" class=\"right\">{head}</th>"))
            .collect();
        let body: String = self.rows.iter().map(|(name, cells)| row(name, cells)).collect();
        let table = format!(
            "<table><caption>{caption}</caption><thead><tr><th scope=\"col\">{}</th>{heads}</tr></thead>\
             <tbody>{body}</tbody></table>",
            escape(self.of)
        );
        // A chart above it may have the title for its name.
        let name = format!("{}: {}", words.table, self.title);
        let whole = scrolling(&name, &table) + &self.below;
        if !folded {
            return whole;
        }
        format!(
            "<details class=\"folded\"><summary>{}: {title} ({} {})</summary>{whole}</details>",
            escape(words.table),
            self.rows.len(),
            escape(words.rows)
        )
    }
}

fn row(name: &str, cells: &[String]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td class=\"right\">{cell}</td>"))
        .collect();
    format!("<tr><th scope=\"row\">{name}</th>{cells}</tr>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;
    use crate::place::Place;

    fn html(rows: usize) -> String {
        let at = Place {
            path: "site.toml".into(),
            line: 1,
        };
        let words = Words::or_english("en");
        let row = || {
            (
                "taxol".to_owned(),
                vec!["62 % <small>(48 to 71)</small>".to_owned()],
            )
        };
        MeasuredTable {
            title: "Shares & more",
            of: "Cells",
            heads: vec!["Share".into()],
            rows: (0..rows).map(|_| row()).collect(),
            below: String::new(),
        }
        .html(&Glossary::new(&mut Ids::default(), &at, &words), &words)
    }

    #[test]
    fn a_long_table_is_folded_and_says_what_is_inside_and_how_many_rows() {
        let long = html(4);
        let opens = "<details class=\"folded\"><summary>Table: Shares &amp; more (4 rows)</summary>";
        assert!(long.starts_with(opens) && long.ends_with("</details>"), "{long}");
        assert!(!html(3).contains("<details"));
        assert_eq!(html(0), "");
    }

    #[test]
    fn a_table_scrolls_by_itself_under_its_name_and_names_the_interval_once() {
        for rows in [1, 4] {
            let html = html(rows);
            let region = "role=\"region\" aria-label=\"Table: Shares &amp; more\" tabindex=\"0\"><table>";
            assert!(html.contains(region), "{html}");
            assert_eq!(html.matches("95 %").count(), 1, "{html}");
        }
    }
}
