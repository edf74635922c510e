//! Which cells belong together: cells of one field of view, well or plate are more alike than others.

use std::collections::BTreeMap;

use super::error::SetError;
use super::random::{choose, stream};

pub use super::unit::Unit;

/// Fields are resampled only with at least this many fields of view on each side. The percentile interval
/// takes its spread from the groups that there are: with `G` groups its variance is short by the factor
/// `(G - 1) / G`, and its tails are those of the normal distribution and not of Student's. For a mean, an
/// interval called 95 % covers 93 % at 20 groups, 90 % at 10 and 85 % at 5 (normal theory:
/// `P(|t| < 1.96 * sqrt((G - 1) / G))` with `G - 1` degrees of freedom).
pub const FEWEST_FIELDS: usize = 20;

/// Where one crop was imaged, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The plate's name.
    pub plate: Option<String>,
    /// The well's name on its plate.
    pub well: Option<String>,
    /// The field's name in its well.
    pub field: Option<String>,
}

impl Origin {
    /// What crops of one group share. Names count within the coarser unit: field 1 of two wells is two
    /// fields.
    fn label(&self, unit: Unit) -> Option<[Option<&str>; 3]> {
        let [plate, well, field] = [&self.plate, &self.well, &self.field].map(Option::as_deref);
        match unit {
            Unit::Field => field.map(|field| [plate, well, Some(field)]),
            Unit::Well => well.map(|well| [plate, Some(well), None]),
            Unit::Plate => plate.map(|plate| [Some(plate), None, None]),
            Unit::Cell => None,
        }
    }
}

/// The groups of one side's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    unit: Unit,
    of_rows: Vec<usize>,
    count: usize,
}

impl Groups {
    /// Groups of crops by where they were imaged, numbered in the order of their names, so that the order of
    /// rows changes no draw.
    ///
    /// # Errors
    ///
    /// [`SetError::NoLabel`] with the first row whose origin does not name this unit.
    pub fn by(unit: Unit, origins: &[Origin]) -> Result<Self, SetError> {
        if unit == Unit::Cell {
            return Ok(Self::cells(origins.len()));
        }
        let labelled = origins.iter().enumerate();
        let labels = labelled
            .map(|(row, origin)| origin.label(unit).ok_or(SetError::NoLabel { row, unit }))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(unit, &labels))
    }

    /// Groups of rows with equal labels, numbered in the labels' order.
    pub fn of<L: Ord>(unit: Unit, labels: &[L]) -> Self {
        let mut numbers: BTreeMap<&L, usize> = labels.iter().map(|label| (label, 0)).collect();
        for (number, place) in numbers.values_mut().enumerate() {
            *place = number;
        }
        let of_rows = labels
            .iter()
            .filter_map(|label| numbers.get(label).copied())
            .collect();
        Self {
            unit,
            of_rows,
            count: numbers.len(),
        }
    }

    /// Each row as a group of its own.
    pub fn cells(rows: usize) -> Self {
        Self {
            unit: Unit::Cell,
            of_rows: (0..rows).collect(),
            count: rows,
        }
    }

    /// What a group is.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// How many groups there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.of_rows.len()
    }

    /// The number of each row's group, from 0.
    pub fn of_rows(&self) -> &[usize] {
        &self.of_rows
    }

    /// The rows of two random halves of the groups, rising: the distance of real crops from other real crops
    /// is the floor: no generated set can be expected to come below it. The first half is smaller by one
    /// group where their number is odd.
    pub fn halves(&self, seed: u64) -> [Vec<usize>; 2] {
        let mut first = vec![false; self.count];
        for group in choose(&mut stream(seed, 0), self.count, self.count / 2) {
            if let Some(taken) = first.get_mut(group) {
                *taken = true;
            }
        }
        let in_first = |row: &usize| {
            let group = self.of_rows.get(*row);
            group
                .and_then(|&group| first.get(group))
                .copied()
                .unwrap_or(false)
        };
        (0..self.rows()).partition(in_first).into()
    }
}

/// The unit to resample, the same for all sides, by a fixed rule: the field of view where each side has at
/// least [`FEWEST_FIELDS`] of them; else the well, else the plate, where each side has at least two; else the
/// cell.
///
/// A unit is considered only where every row of every side names it. The rule looks at names and numbers of
/// groups, never at a result, so that no unit is chosen for the interval that it gives. Where fields are too
/// few, wells or plates are even fewer: show the number of groups with every interval.
///
/// ```
/// use cellflux_measure::sets::groups::{Origin, Unit, choose_unit};
///
/// let crop = |well: &str, field: usize| Origin {
///     well: Some(well.into()), field: Some(field.to_string()), ..Origin::default()
/// };
/// let many: Vec<Origin> = (0..40).map(|row| crop("B02", row / 2)).collect();
/// let few: Vec<Origin> = (0..40).map(|row| crop(if row < 20 { "C02" } else { "C03" }, 0)).collect();
/// assert_eq!(choose_unit(&[&many, &many]), Unit::Field);
/// assert_eq!(choose_unit(&[&few, &few]), Unit::Well);
/// assert_eq!(choose_unit(&[&many, &few]), Unit::Cell);
/// ```
pub fn choose_unit(sides: &[&[Origin]]) -> Unit {
    let at_least = |unit, needed| {
        sides
            .iter()
            .all(|origins| Groups::by(unit, origins).is_ok_and(|groups| groups.count() >= needed))
    };
    [(Unit::Field, FEWEST_FIELDS), (Unit::Well, 2), (Unit::Plate, 2)]
        .into_iter()
        .find(|&(unit, needed)| at_least(unit, needed))
        .map_or(Unit::Cell, |(unit, _)| unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(plate: &str, well: &str, field: &str) -> Origin {
        let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Origin {
            plate: name(plate),
            well: name(well),
            field: name(field),
        }
    }

    #[test]
    fn names_count_within_the_coarser_unit() {
        let rows = [
            origin("p1", "B02", "1"),
            origin("p1", "B03", "1"),
            origin("p2", "B02", "1"),
            origin("p1", "B02", "1"),
        ];
        let groups = |unit| Groups::by(unit, &rows).unwrap();
        assert_eq!(groups(Unit::Field).of_rows(), [0, 1, 2, 0]);
        assert_eq!(groups(Unit::Well).of_rows(), [0, 1, 2, 0]);
        assert_eq!(groups(Unit::Plate).of_rows(), [0, 0, 1, 0]);
        assert_eq!(groups(Unit::Cell).of_rows(), [0, 1, 2, 3]);
        let missing = [origin("p1", "B02", "1"), origin("p1", "", "1")];
        assert_eq!(
            Groups::by(Unit::Well, &missing),
            Err(SetError::NoLabel {
                row: 1,
                unit: Unit::Well
            })
        );
    }

    #[test]
    fn the_order_of_rows_changes_no_group_s_number() {
        let labels = ["b", "c", "a", "b"];
        let reversed: Vec<_> = labels.iter().rev().collect();
        assert_eq!(Groups::of(Unit::Well, &labels).of_rows(), [1, 2, 0, 1]);
        assert_eq!(Groups::of(Unit::Well, &reversed).of_rows(), [1, 0, 2, 1]);
    }

    #[test]
    fn fields_are_taken_from_their_least_number_on() {
        let side = |fields: usize| -> Vec<Origin> {
            (0..fields)
                .map(|field| origin(&format!("p{}", field % 3), "", &field.to_string()))
                .collect()
        };
        let (enough, short) = (side(FEWEST_FIELDS), side(FEWEST_FIELDS - 1));
        assert_eq!(choose_unit(&[&enough, &enough]), Unit::Field);
        assert_eq!(choose_unit(&[&enough, &short]), Unit::Plate);
        assert_eq!(
            choose_unit(&[&enough, &[Origin::default(), Origin::default()]]),
            Unit::Cell
        );
    }

    #[test]
    fn halves_keep_groups_whole_and_share_no_row() {
        let groups = Groups::of(Unit::Field, &[4, 4, 1, 1, 7, 7, 9, 9, 9]);
        let [first, second] = groups.halves(5);
        let number = |rows: &[usize]| -> Vec<usize> {
            let mut numbers: Vec<_> = rows.iter().map(|&row| groups.of_rows()[row]).collect();
            numbers.dedup();
            numbers
        };
        let mut all = [number(&first), number(&second)].concat();
        assert_eq!((number(&first).len(), all.len()), (2, 4));
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3]);
        assert_eq!(first.len() + second.len(), 9);
        assert!((0..20).any(|seed| groups.halves(seed)[0] != first));
    }
}
