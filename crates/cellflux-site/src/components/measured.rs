//! What the components that show an evaluation share: finding it, writing its figures, and a file of them.

use cellflux_bundle::{Estimate, Evaluation};
use cellflux_figures::{Figure, digits, percent};
use serde::Deserialize;
use toml::Spanned;

use super::{Components, figure, model, scrolling};
use crate::error::SiteError;
use crate::html::escape;
use crate::model::{LEFT_OUT, Model};
use crate::place::Place;
use crate::source::SourceText;
use crate::words::Words;

/// The settings of a component that shows an evaluation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Measured {
    bundle: Option<Spanned<String>>,
    caption: Option<Spanned<String>>,
}

/// A row of a CSV file.
pub(super) type Line = Vec<String>;

impl<'a> Components<'a> {
    /// The evaluation that a component shows, and its model.
    pub(super) fn evaluated(
        &self,
        wanted: &Measured,
        settings: &SourceText,
        at: &Place,
    ) -> Result<(&'a Evaluation, &'a Model), SiteError> {
        let models = self.models;
        let model = model(models, wanted.bundle.as_ref(), settings)?;
        let Some(evaluation) = &model.manifest().evaluation else {
            let name = &model.name;
            return Err(at.wrong(if model.evaluation_left_out {
                format!("the bundle {name:?} has no evaluation here: {LEFT_OUT}")
            } else {
                format!(
                    "the bundle {name:?} has no evaluation; run `cellflux-train evaluate` and \
                     `cellflux bundle attach-evaluation`"
                )
            }));
        };
        Ok((evaluation, model))
    }

    /// A component's content with its caption, the author's or a plain one, and links to files of its
    /// figures: each by the file's name, the link's words and its lines.
    pub(super) fn measured_figure(
        &mut self,
        (class, content): (&str, &str),
        (wanted, settings): (&Measured, &SourceText),
        otherwise: &str,
        data: &[(&str, &str, Vec<Line>)],
    ) -> String {
        let said = self.words_of(wanted.caption.as_ref(), settings);
        let said = if said.is_empty() { escape(otherwise) } else { said };
        let links: Vec<String> = data
            .iter()
            .map(|(name, words, lines)| self.data_link(name, words, lines))
            .collect();
        let said = format!("{said} {}", links.join(" "));
        figure(&format!("evaluated {class}"), content, &said)
    }

    /// Writes a CSV file into the site, and gives a link to it.
    fn data_link(&mut self, name: &str, words: &str, lines: &[Line]) -> String {
        let address = self
            .files
            .add_made(&format!("files/{name}.csv"), csv(lines).into_bytes());
        format!(
            "<a class=\"data\" href=\"{}\" download>{}</a>",
            escape(&address),
            escape(words)
        )
    }
}

/// Lines as CSV (RFC 4180).
fn csv(lines: &[Line]) -> String {
    let cell = |text: &String| {
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.clone()
        }
    };
    lines
        .iter()
        .map(|line| line.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n")
        .collect()
}

/// Texts as a row of a CSV file.
pub(super) fn line<const N: usize>(cells: [&str; N]) -> Line {
    cells.map(str::to_owned).to_vec()
}

/// Figure, lower and upper end as cells of a CSV file; empty where there is none.
pub(super) fn cells(estimate: Option<Estimate>) -> [String; 3] {
    estimate.map_or_else(Default::default, |Estimate { value, low, high }| {
        [value, low, high].map(|number| number.to_string())
    })
}

/// What stands in place of a missing figure.
pub(super) const NOTHING: &str = "–";

/// An estimate as HTML: the figure, its interval in small letters.
pub(super) fn estimate(estimate: Option<Estimate>, words: &Words) -> String {
    estimate.map_or_else(
        || NOTHING.into(),
        |estimate| {
            let interval = words.labels().interval(estimate, digits);
            format!("{} <small>({interval})</small>", digits(estimate.value))
        },
    )
}

/// The same of a share, the sign for percent once: `62 % (48 to 71)`.
pub(super) fn share(estimate: Option<Estimate>, words: &Words) -> String {
    estimate.map_or_else(
        || NOTHING.into(),
        |estimate| {
            let interval = words.labels().interval_of_share(estimate);
            format!("{} <small>({interval})</small>", percent(estimate.value))
        },
    )
}

/// A chart in a box that scrolls where it is wider than the page; nothing where there is none.
pub(super) fn drawn(figure: Option<Figure>) -> String {
    figure.map_or_else(String::new, |figure| scrolling(figure.title(), &figure.inline()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_with_a_comma_or_a_quote_is_one_cell_of_its_file() {
        let text = csv(&[line(["a", "b, \"c\""]), line(["1", "2"])]);
        assert_eq!(text, "a,\"b, \"\"c\"\"\"\r\n1,2\r\n");
    }
}
