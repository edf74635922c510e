//! The words of charts, so that a page can have them in its own language.

use cellflux_bundle::evaluation::Nature;

use crate::Estimate;
use crate::numbers::percent;

/// Words and sentences of charts; `{}` stands for a name or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels<'a> {
    /// What the chart of conditions shows.
    pub gap_closed: &'a str,
    /// The place of 0 on its axis.
    pub copy_of_control: &'a str,
    /// The place of 1.
    pub whole_change: &'a str,
    /// What a hollow dot is.
    pub never_seen: &'a str,
    /// Where only some of many conditions are drawn: how many, of how many.
    pub first_of: &'a str,
    /// An interval: its ends.
    pub between: &'a str,
    /// Heads the rows of all conditions together.
    pub all_conditions: &'a str,
    /// The data's controls.
    pub control: &'a str,
    /// The data's cells under a compound: real ones, or drawn.
    pub real_treated: &'a str,
    /// Cells that the model made.
    pub made: &'a str,
    /// What the matrices show.
    pub modes_of_action: &'a str,
    /// A figure of a matrix: the mean of the classes' own accuracies.
    pub balanced_accuracy: &'a str,
    /// What the plane shows.
    pub batches: &'a str,
    /// Of the variance along an axis.
    pub explained: &'a str,
    /// What a point of the plane is: below how many cells.
    pub points: &'a str,
    /// How many names a plane has no room for.
    pub names_left_out: &'a str,
    /// What the chart of nuclei shows.
    pub nuclear_area: &'a str,
    /// What the chart of distances shows, in which space.
    pub distances: &'a str,
    /// What the band across distances is: the name of the set of the data's own cells.
    pub floor: &'a str,
    /// A measure.
    pub frechet: &'a str,
    /// A measure.
    pub kid: &'a str,
    /// A measure.
    pub kid_by_condition: &'a str,
    /// A measure.
    pub precision: &'a str,
    /// A measure.
    pub recall: &'a str,
    /// A measure.
    pub density: &'a str,
    /// A measure.
    pub coverage: &'a str,
    /// A measure.
    pub energy: &'a str,
}

impl Labels<'static> {
    /// In English, beside real cells.
    pub const ENGLISH: Self = Self {
        gap_closed: "Share of the measured change made",
        copy_of_control: "a copy of the control",
        whole_change: "all of the change",
        never_seen: "hollow: never seen in training",
        first_of: "The {} with the largest share of {}; all are in the data",
        between: "{} to {}",
        all_conditions: "The mean of these conditions",
        control: "Control",
        real_treated: "Real, treated",
        made: "Generated",
        modes_of_action: "Modes of action as a classifier sees them: rows are the true ones with their n \
            cells, columns what the classifier says, in % of the row",
        balanced_accuracy: "Balanced accuracy",
        batches: "Batches in the plane of most variance; an ellipse is one standard deviation",
        explained: "of the variance",
        points: "A point is the mean of a batch of fewer than {} cells, or of at most 2 different \
            pictures; its spread is not drawn",
        names_left_out: "Names without room, left out: {}",
        nuclear_area: "Mean nuclear area in pixels",
        distances: "Distances to real treated cells in the space {}",
        floor: "Band: {}",
        frechet: "Fréchet distance",
        kid: "Kernel distance",
        kid_by_condition: "Kernel distance by compound",
        precision: "Precision",
        recall: "Recall",
        density: "Density",
        coverage: "Coverage",
        energy: "Energy distance",
    };

    /// In English, beside cells that a program drew.
    pub const OF_DRAWN: Self = Self {
        real_treated: "Drawn, treated",
        distances: "Distances to drawn treated cells in the space {}",
        ..Self::ENGLISH
    };

    /// In English, beside cells of this nature.
    pub const fn english(nature: Nature) -> Self {
        match nature {
            Nature::Real => Self::ENGLISH,
            Nature::Drawn => Self::OF_DRAWN,
        }
    }
}

impl Labels<'_> {
    /// An interval in words, its ends written by `number`.
    pub fn interval(&self, estimate: Estimate, number: fn(f64) -> String) -> String {
        filled(self.between, &[&number(estimate.low), &number(estimate.high)])
    }

    /// The interval of a share in percents without their sign: `48 to 71`.
    pub fn interval_of_share(&self, estimate: Estimate) -> String {
        self.interval(estimate, |share| percent(share).trim_end_matches(" %").to_owned())
    }

    /// A share with its interval, the sign for percent once: `62 % (48 to 71)`.
    pub(crate) fn share(&self, estimate: Estimate) -> String {
        format!(
            "{} ({})",
            percent(estimate.value),
            self.interval_of_share(estimate)
        )
    }

    /// A figure with its interval in words.
    pub(crate) fn estimate(&self, estimate: Estimate, number: fn(f64) -> String) -> String {
        format!("{} ({})", number(estimate.value), self.interval(estimate, number))
    }
}

/// A sentence with names in place of its `{}`, in their order.
pub(crate) fn filled(sentence: &str, names: &[&str]) -> String {
    let mut parts = sentence.split("{}");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for (part, name) in parts.zip(names.iter().copied().chain(std::iter::repeat(""))) {
        text.push_str(name);
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_their_places_and_a_name_with_braces_stays_as_it_is() {
        assert_eq!(filled("{} of {}", &["{}", "b"]), "{} of b");
        assert_eq!(filled("none", &["a"]), "none");
    }
}
