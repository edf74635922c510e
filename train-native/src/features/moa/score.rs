//! How well a classifier recognises cells from which it did not learn.

use serde::{Deserialize, Serialize};

/// A classifier's answers for cells whose class is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The mean of the classes' recalls, over the classes that have cells here. Guessing gives 1 divided by
    /// their number.
    pub balanced_accuracy: f64,
    /// The share of cells that were recognised.
    pub accuracy: f64,
    /// Cells, all classes together.
    pub cells: usize,
    /// Each class.
    pub classes: Vec<ClassScore>,
}

/// The answers for one class's cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// The class.
    pub class: String,
    /// Its cells.
    pub cells: usize,
    /// The share of them that was recognised; none without cells.
    pub recall: Option<f64>,
    /// How many of its cells were assigned to each class, in the classes' order.
    pub said: Vec<usize>,
}

impl Score {
    /// The score of `(true class, assigned class)` pairs.
    pub fn of(names: &[String], pairs: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut said = vec![vec![0usize; names.len()]; names.len()];
        for (class, found) in pairs {
            let count = said
                .get_mut(class as usize)
                .and_then(|row| row.get_mut(found as usize));
            if let Some(count) = count {
                *count += 1;
            }
        }
        let classes: Vec<ClassScore> = names
            .iter()
            .zip(said)
            .enumerate()
            .map(|(class, (name, said))| {
                let cells: usize = said.iter().sum();
                let right = said.get(class).copied().unwrap_or_default();
                ClassScore {
                    class: name.clone(),
                    cells,
                    recall: (cells > 0).then(|| right as f64 / cells as f64),
                    said,
                }
            })
            .collect();
        let recalls: Vec<f64> = classes.iter().filter_map(|class| class.recall).collect();
        let cells = classes.iter().map(|class| class.cells).sum::<usize>();
        let right: f64 = classes
            .iter()
            .filter_map(|class| Some(class.recall? * class.cells as f64))
            .sum();
        Self {
            balanced_accuracy: recalls.iter().sum::<f64>() / recalls.len().max(1) as f64,
            accuracy: right / cells.max(1) as f64,
            cells,
            classes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_counts_alike_and_one_without_cells_does_not_count() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let mut pairs = vec![(0, 0); 9];
        pairs.extend([(0, 1), (1, 1), (1, 2)]);
        let score = Score::of(&names, pairs);
        // Nine of ten, one of two, and no cell of c.
        assert!((score.balanced_accuracy - 0.7).abs() < 1e-12);
        assert!((score.accuracy - 10.0 / 12.0).abs() < 1e-12);
        assert_eq!(score.cells, 12);
        assert_eq!(score.classes[0].said, [9, 1, 0]);
        assert_eq!(score.classes[2].recall, None);
    }
}
