//! Every chart of an evaluation.

use cellflux_bundle::Evaluation;

use crate::{Figure, Labels, batches, confusion, distances, gap_closed, nuclear_area};

/// A chart with its name.
#[derive(Debug)]
pub struct Chart {
    /// A name for a file, without its ending: lower-case letters, digits and `-`.
    pub name: String,
    /// What it shows.
    pub figure: Figure,
}

/// Every chart that an evaluation has figures for: the gap closed, distances space by space, modes of action,
/// batches, nuclear area.
pub fn charts(evaluation: &Evaluation, labels: &Labels<'_>) -> Vec<Chart> {
    let Evaluation {
        rows,
        conditions,
        spaces,
        modes_of_action,
        batches: plane,
        ..
    } = evaluation;
    let of_spaces = (1..).zip(spaces).map(|(number, space)| {
        let name = format!("distances-{}", in_a_file_name(&space.name, number));
        (name, distances(rows, space, labels))
    });
    let modes = modes_of_action.as_ref();
    let plane = plane.as_ref();
    std::iter::once(("gap-closed".to_owned(), gap_closed(conditions, rows, labels)))
        .chain(of_spaces)
        .chain([
            (
                "modes-of-action".to_owned(),
                modes.and_then(|modes| confusion(modes, labels)),
            ),
            (
                "batches".to_owned(),
                plane.and_then(|plane| batches(plane, labels)),
            ),
            ("nuclear-area".to_owned(), nuclear_area(conditions, labels)),
        ])
        .filter_map(|(name, figure)| {
            Some(Chart {
                name,
                figure: figure?,
            })
        })
        .collect()
}

/// A space's name where a file can have it; its number in place of any other.
fn in_a_file_name(space: &str, number: usize) -> String {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if !space.is_empty() && space.len() <= 40 && space.chars().all(plain) {
        space.to_owned()
    } else {
        format!("space{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_names_no_other_folder_and_no_hidden_file() {
        assert_eq!(in_a_file_name("moa", 2), "moa");
        for odd in ["../moa", "", "a b", "µ", "C:moa", &"a".repeat(41)] {
            assert_eq!(in_a_file_name(odd, 2), "space2", "{odd}");
        }
    }
}
