//! Sheets to look at: control, generated cell, real cell and the training cell nearest to the generated one,
//! some rows for each condition.
//!
//! They show what the figures are of, and whether a network repeats its training cells.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_bundle::evaluation::Nature;
use cellflux_data::{Experiment, PackedCache};

use super::assess::treatment;
use super::cells::{Cells, Partner};
use super::nearest::Nearest;
use super::real::coded_image;
use super::{EvaluateError, written};
use crate::TrainError;
use crate::sheet::{self, SheetRow};

/// The folder of the sheets.
pub const SHEETS: &str = "sheets";

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its images.
    pub cache: &'a PackedCache,
    /// The bundle whose cells were generated.
    pub bundle: &'a Bundle,
    /// The real cells with their partners.
    pub cells: &'a Cells,
    /// Generated cells, coded `[N, C, H, W]`, row for row beside them.
    pub generated: &'a [u8],
    /// The nearest training cells, where they were looked for.
    pub nearest: Option<&'a Nearest>,
}

/// Draws `rows` cells of each condition, spread over its cells, into `sheets/ID.png` below `folder`, removes
/// sheets of an earlier run that are not drawn any more, and gives the files' names.
///
/// # Errors
/// [`EvaluateError::File`] for a file that cannot be written or removed, [`EvaluateError::Train`] for images
/// that are not the bundle's.
pub fn write(folder: &Path, shown: &Shown<'_>, rows: usize) -> Result<Vec<String>, EvaluateError> {
    let names = if rows == 0 {
        Vec::new()
    } else {
        draw(folder, shown, rows)?
    };
    let conditions = &shown.bundle.manifest.conditions.list;
    let ids = conditions.iter().map(|condition| condition.id.as_str());
    remove_others(&folder.join(SHEETS), ids, &names)?;
    Ok(names)
}

/// Removes the sheets of these conditions that are not among `names`.
fn remove_others<'a>(
    folder: &Path,
    ids: impl Iterator<Item = &'a str>,
    names: &[String],
) -> Result<(), EvaluateError> {
    for name in ids.map(sheet_name) {
        let path = folder.join(&name);
        if !names.contains(&name) && path.is_file() {
            fs::remove_file(&path).map_err(EvaluateError::file(&path))?;
        }
    }
    Ok(())
}

/// The file of a condition's sheet.
fn sheet_name(id: &str) -> String {
    format!("{id}.png")
}

fn draw(folder: &Path, shown: &Shown<'_>, rows: usize) -> Result<Vec<String>, EvaluateError> {
    let mut by_condition: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, partner) in shown.cells.partners.iter().enumerate() {
        by_condition.entry(partner.condition).or_default().push(number);
    }
    let folder = folder.join(SHEETS);
    fs::create_dir_all(&folder).map_err(EvaluateError::file(&folder))?;
    let mut names = Vec::new();
    for (condition, numbers) in by_condition {
        let Some(condition) = shown.bundle.manifest.conditions.list.get(condition) else {
            continue;
        };
        let mut drawn = vec![SheetRow {
            caption: shown.heading(),
            parts: Vec::new(),
        }];
        let step = numbers.len().div_ceil(rows).max(1);
        for &number in numbers.iter().step_by(step) {
            drawn.extend(shown.row(number)?);
        }
        let sheet = sheet::draw(&shown.bundle.manifest.image, &drawn)?;
        let name = sheet_name(&condition.id);
        written(&folder.join(&name), &sheet.png)?;
        names.push(name);
    }
    Ok(names)
}

impl Shown<'_> {
    fn heading(&self) -> String {
        let nature = Nature::of(self.experiment.drawn());
        let nearest = self.nearest.map_or("", |_| " | nearest training");
        format!("control | generated | {nature}{nearest}")
    }

    /// One cell's row; `None` for a number that is not there.
    fn row(&self, number: usize) -> Result<Option<SheetRow>, EvaluateError> {
        let spec = &self.bundle.manifest.image;
        let generated = self.generated.chunks_exact(spec.len()).nth(number);
        let (Some(partner), Some(generated)) = (self.cells.partners.get(number), generated) else {
            return Ok(None);
        };
        let mut images = vec![
            coded_image(self.cache, partner.control)?,
            generated,
            coded_image(self.cache, partner.treated)?,
        ];
        let nearest = self.nearest.and_then(|nearest| nearest.images.get(number));
        if let Some(&nearest) = nearest {
            images.push(coded_image(self.cache, nearest)?);
        }
        let parts = images
            .into_iter()
            .map(|image| Ok(vec![spec.to_model_range(image)?]))
            .collect::<Result<_, TrainError>>()?;
        let nearest = nearest.map_or_else(String::new, |&nearest| {
            format!(" | {}", treatment(self.experiment, nearest))
        });
        Ok(Some(SheetRow {
            caption: format!("{number:05} {}{nearest}", self.place(partner)),
            parts,
        }))
    }

    fn place(&self, partner: &Partner) -> String {
        let entry = self.experiment.entries().get(partner.treated as usize);
        let batch = entry.and_then(|entry| self.experiment.batches().get(entry.batch as usize));
        let dose = partner
            .dose_um
            .map_or_else(String::new, |dose| format!(" {dose} uM"));
        format!(
            "{}{dose}, {}",
            treatment(self.experiment, partner.treated),
            batch.map_or("", String::as_str)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_that_are_not_drawn_any_more_are_removed_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["taxol.png", "dmso.png", "mine.png"] {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        let drawn = ["taxol.png".to_owned()];
        remove_others(dir.path(), ["taxol", "dmso", "absent"].into_iter(), &drawn).unwrap();
        let left = |name: &str| dir.path().join(name).is_file();
        assert!(left("taxol.png") && !left("dmso.png") && left("mine.png"));
    }
}
