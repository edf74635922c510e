//! Generated cells as files: each is walked once and kept as a PNG, so that an evaluation goes on where it
//! was interrupted, and several processes share the work.

use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::Bundle;
use cellflux_candle::CandleEngine;
use cellflux_data::PackedCache;
use cellflux_image::coded_png;

use super::cells::Partner;
use super::pictures;
use super::real::coded_image;
use super::{EvaluateError, written};
use crate::sampling::Walk;

/// Cells walked at once.
const BATCH: usize = 16;

/// One of several processes that generate together: `index` of `count`, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// This process.
    pub index: usize,
    /// All of them.
    pub count: usize,
}

impl Shard {
    /// The only process.
    pub const WHOLE: Self = Self { index: 0, count: 1 };
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// From `i/n` with `i` from 1 to `n`, as people count.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("{text:?}, expected I/N with I from 1 to N, for example 2/4");
        let (index, count) = text.split_once('/').ok_or_else(expected)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| expected());
        let (index, count) = (number(index)?, number(count)?);
        if !(1..=count).contains(&index) {
            return Err(expected());
        }
        Ok(Self {
            index: index - 1,
            count,
        })
    }
}

/// Walks cells and keeps them.
pub struct Generator<'a> {
    bundle: &'a Bundle,
    cache: &'a PackedCache,
    engine: CandleEngine,
    walk: Walk,
    folder: PathBuf,
}

impl<'a> Generator<'a> {
    /// Cells of `bundle`'s network, walked as `walk` says from the images of `cache`, kept below `folder`.
    pub fn new(
        bundle: &'a Bundle,
        cache: &'a PackedCache,
        engine: CandleEngine,
        walk: Walk,
        folder: &Path,
    ) -> Self {
        Self {
            bundle,
            cache,
            engine,
            walk,
            folder: folder.to_owned(),
        }
    }

    /// The file of cell `number` of a set.
    pub fn file(&self, set: &str, number: usize) -> PathBuf {
        self.folder.join(set).join(file_name(number))
    }

    /// Makes a set's folder the one of these cells: goes on with pictures of the same cells.
    ///
    /// # Errors
    /// [`EvaluateError::OtherCells`] for pictures of others, [`EvaluateError::File`].
    pub fn claim(&self, set: &str, partners: &[Partner]) -> Result<(), EvaluateError> {
        pictures::claim(&self.folder.join(set), &pictures::digest(self.bundle, partners))
    }

    /// As [`Generator::claim`], but removes pictures of other cells, and gives how many there were.
    ///
    /// # Errors
    /// [`EvaluateError::File`].
    pub fn renew(&self, set: &str, partners: &[Partner]) -> Result<usize, EvaluateError> {
        pictures::renew(&self.folder.join(set), &pictures::digest(self.bundle, partners))
    }

    /// Generates the cells of a set that have no file yet and fall to this shard. Cell `number` starts with
    /// the noise of its number, in every set: two sets differ in what was exchanged and in nothing else.
    ///
    /// # Errors
    /// The network's, [`EvaluateError::OtherCells`] for a folder with pictures of other cells, and
    /// [`EvaluateError::File`] for a file that cannot be written.
    pub fn generate(
        &mut self,
        set: &str,
        partners: &[Partner],
        shard: Shard,
        progress: &dyn Fn(usize, usize),
    ) -> Result<(), EvaluateError> {
        self.claim(set, partners)?;
        let chunks = partners.chunks(BATCH).enumerate();
        for (chunk, cells) in chunks.filter(|(chunk, _)| chunk % shard.count == shard.index) {
            let first = chunk * BATCH;
            let missing = (first..first + cells.len()).any(|number| !self.file(set, number).is_file());
            if missing {
                self.walk_chunk(set, first, cells)?;
            }
            progress(first + cells.len(), partners.len());
        }
        progress(partners.len(), partners.len());
        Ok(())
    }

    fn walk_chunk(&mut self, set: &str, first: usize, cells: &[Partner]) -> Result<(), EvaluateError> {
        let manifest = &self.bundle.manifest;
        let spec = &manifest.image;
        let with_dose = manifest.conditions.dose.width() > 0;
        let mut vectors = Vec::with_capacity(cells.len());
        let mut controls = Vec::with_capacity(cells.len() * spec.len());
        for cell in cells {
            let condition = manifest.conditions.list.get(cell.condition);
            let id = condition.map_or("", |condition| &condition.id);
            let dose = with_dose.then(|| cell.dose_um.unwrap_or(0.0));
            vectors.push(self.bundle.condition(id, dose)?);
            controls.extend_from_slice(coded_image(self.cache, cell.control)?);
        }
        let frames = self
            .walk
            .walk(&mut self.engine, &vectors, (&controls, first), spec, &[1.0])?;
        for (number, frame) in (first..).zip(frames) {
            let coded = spec.to_coded(&frame.concat()).map_err(crate::TrainError::from)?;
            let png = coded_png::write(spec, &coded).map_err(crate::TrainError::from)?;
            written(&self.file(set, number), &png)?;
        }
        Ok(())
    }

    /// The coded images `[N, C, H, W]` of a set that has been generated; `None` where another shard's are
    /// still missing.
    ///
    /// # Errors
    /// [`EvaluateError::Picture`] for a file that is damaged, naming it.
    pub fn images(&self, set: &str, count: usize) -> Result<Option<Vec<u8>>, EvaluateError> {
        let files = (0..count).map(|number| self.file(set, number));
        if files.clone().any(|file| !file.is_file()) {
            return Ok(None);
        }
        read_images(&self.bundle.manifest.image, files).map(Some)
    }
}

/// The name of a generated cell's file.
pub fn file_name(number: usize) -> String {
    format!("{number:05}.png")
}

/// The paths of a set's generated cells, in their order, from the folder of the evaluation.
pub fn file_names(set: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{set}/{}", file_name(number)))
}

/// Reads coded images, laid out as the bundle's crops are, `[N, C, H, W]`.
///
/// # Errors
/// [`EvaluateError::Picture`] naming a file that is missing, damaged, or of another size or number of
/// channels.
pub fn read_images(
    spec: &cellflux_image::ImageSpec,
    files: impl Iterator<Item = PathBuf>,
) -> Result<Vec<u8>, EvaluateError> {
    let mut images = Vec::new();
    for file in files {
        let wrong = |reason: String| EvaluateError::Picture {
            file: file.clone(),
            reason,
        };
        let bytes = fs::read(&file).map_err(|error| wrong(error.to_string()))?;
        let coded = coded_png::read(spec, &file.display().to_string(), &bytes)
            .map_err(|error| wrong(error.to_string()))?;
        images.extend(coded);
    }
    Ok(images)
}
