//! A synthetic experiment as files: images and a table that any trainer reads, and the truth beside them.

use std::fs;
use std::path::Path;

use cellflux_image::synthetic::{Batch, Effects};
use cellflux_image::{ImageSpec, coded_png};
use rayon::prelude::*;

use super::{CONTROL, Design, Truth, image_path, plate_name};
use crate::entry::Split;
use crate::error::DataError;
use crate::layout::TITLES;
use crate::table::TableWriter;

/// Images that are drawn before they are written.
const CHUNK: usize = 512;

/// Titles of the truth: what the renderer was told.
const TRUTH: [&str; 18] = [
    "path",
    "seed",
    "nuclear_size",
    "fragmentation",
    "microtubules",
    "bundling",
    "actin_fibres",
    "ruffling",
    "cell_size",
    "rounding",
    "gain_actin",
    "gain_tubulin",
    "gain_dna",
    "background_actin",
    "background_tubulin",
    "background_dna",
    "density",
    "defocus",
];

/// Writes a synthetic experiment into a new folder: `images/`, `metadata.csv` for the folder layout, and
/// `truth.csv` with every image's effects and plate. `progress` is called with the images done and their
/// number.
///
/// # Errors
/// [`DataError::File`] for a folder that is there already (nothing is overwritten) or cannot be written,
/// [`DataError::Picture`] where the renderer refuses.
pub fn write_synthetic(
    design: &Design,
    spec: &ImageSpec,
    out: &Path,
    progress: impl Fn(usize, usize),
) -> Result<(), DataError> {
    fs::create_dir(out).map_err(DataError::file(out, "cannot be made"))?;
    let mut table = TableWriter::create(out.join("metadata.csv"), &TITLES)?;
    let mut truth = TableWriter::create(out.join("truth.csv"), &TRUTH)?;
    let images = design.config().images;
    let mut done = 0;
    while done < images {
        let numbers = done..images.min(done + CHUNK);
        let drawn: Vec<Result<(), DataError>> = numbers
            .clone()
            .into_par_iter()
            .map(|index| {
                let file = out.join(image_path(index));
                if let Some(folder) = file.parent() {
                    fs::create_dir_all(folder).map_err(DataError::file(folder, "cannot be made"))?;
                }
                let png = coded_png::write(spec, &design.render(index, spec)?)?;
                fs::write(&file, png).map_err(DataError::file(&file, "cannot be written"))
            })
            .collect();
        drawn.into_iter().collect::<Result<(), _>>()?;
        for index in numbers {
            let known = design.truth(index);
            table.row(&table_row(design, index, &known))?;
            truth.row(&truth_row(index, &known))?;
        }
        done = images.min(done + CHUNK);
        progress(done, images);
    }
    table.finish()?;
    truth.finish()
}

fn table_row(design: &Design, index: usize, truth: &Truth) -> Vec<String> {
    let compound = truth
        .treatment
        .and_then(|(compound, _)| design.config().compounds.get(compound));
    let split = match truth.split {
        Split::Validation => "val",
        Split::Train | Split::Test | Split::HeldOut => "train",
    };
    vec![
        image_path(index),
        format!("{index:06}"),
        split.into(),
        if truth.treatment.is_some() { "1" } else { "0" }.into(),
        compound.map_or_else(|| CONTROL.into(), |compound| compound.name.clone()),
        truth.treatment.map_or(0.0, |(_, dose)| dose).to_string(),
        String::new(),
        compound
            .and_then(|compound| compound.smiles.clone())
            .unwrap_or_default(),
        plate_name(truth.batch),
    ]
}

fn truth_row(index: usize, truth: &Truth) -> Vec<String> {
    let Effects {
        nuclear_size,
        fragmentation,
        microtubules,
        bundling,
        actin_fibres,
        ruffling,
        cell_size,
        rounding,
    } = truth.cell.effects;
    let Batch {
        gain,
        background,
        density,
        defocus,
    } = truth.cell.batch;
    let effects = [
        nuclear_size,
        fragmentation,
        microtubules,
        bundling,
        actin_fibres,
        ruffling,
        cell_size,
        rounding,
    ];
    let numbers = effects
        .into_iter()
        .chain(gain)
        .chain(background)
        .chain([density, defocus]);
    [image_path(index), truth.cell.seed.to_string()]
        .into_iter()
        .chain(numbers.map(|number| number.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;
    use crate::fixtures::{packed, spec, synthetic, synthetic_config};

    #[test]
    fn the_experiment_written_as_files_is_the_one_in_the_cache() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("cells");
        let config = synthetic(40);
        let design = Design::new(&synthetic_config(40), &spec()).unwrap();
        write_synthetic(&design, &spec(), &out, |_, _| {}).unwrap();
        let mut folder = config.clone();
        folder.source = Source::Folder {
            table: out.join("metadata.csv"),
            images: None,
        };
        let (straight, cache, _) = packed(&config, &dir.path().join("a"));
        let (read, files, _) = packed(&folder, &dir.path().join("b"));
        assert_eq!(read.batches(), straight.batches());
        for index in 0..40 {
            assert_eq!(files.image(index), cache.image(index));
            let (one, other) = (&read.entries()[index], &straight.entries()[index]);
            assert_eq!(
                (one.split, one.treated, one.dose_um, one.batch),
                (other.split, other.treated, other.dose_um, other.batch)
            );
            assert_eq!(
                read.compounds()[one.compound as usize].name,
                straight.compounds()[other.compound as usize].name
            );
        }
        let truth = fs::read_to_string(out.join("truth.csv")).unwrap();
        assert_eq!(truth.lines().count(), 41);
        let nuclear_size: f64 = truth
            .lines()
            .nth(2)
            .unwrap()
            .split(',')
            .nth(2)
            .unwrap()
            .parse()
            .unwrap();
        let (compound, dose) = design.truth(1).treatment.unwrap();
        assert!((nuclear_size - design.effects(compound, dose).nuclear_size).abs() < 1e-12);
        // What is there is not overwritten.
        let again = write_synthetic(&design, &spec(), &out, |_, _| {})
            .unwrap_err()
            .to_string();
        assert!(again.contains("cells: cannot be made: "), "{again}");
    }
}
