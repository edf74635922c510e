//! An experiment as a run sees it: which images there are, what was done to each, and which split it belongs
//! to.
//!
//! [`crate::read_experiment`] makes one.

use cellflux_image::ImageSpec;
use cellflux_image::crop::CodedCrop;

use crate::drawn_split::DrawnGroups;
use crate::entry::{Compound, Entry, Split};
use crate::error::DataError;
use crate::images::Images;
use crate::left_out::LeftOut;
use crate::pixel_size::PixelScale;
use crate::titles::Titles;

/// An experiment that has been read and checked.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub(crate) titles: Titles,
    pub(crate) spec: ImageSpec,
    pub(crate) images: Images,
    pub(crate) entries: Vec<Entry>,
    pub(crate) compounds: Vec<Compound>,
    pub(crate) batches: Vec<String>,
    pub(crate) plates: Vec<String>,
    pub(crate) wells: Vec<String>,
    pub(crate) fields: Vec<String>,
    pub(crate) ignored_rows: usize,
    pub(crate) left_out: LeftOut,
    /// What is known of the size of a pixel; nothing of drawn cells.
    pub(crate) pixel_scale: Option<PixelScale>,
    /// What a rule drew, where one draws the validation split.
    pub(crate) drawn_validation: Option<DrawnGroups>,
    pub(crate) fingerprint: String,
}

impl Experiment {
    /// The model's images.
    pub fn spec(&self) -> &ImageSpec {
        &self.spec
    }

    /// The images in the table's order; a position here is an image's number everywhere else.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The compounds in order of appearance.
    pub fn compounds(&self) -> &[Compound] {
        &self.compounds
    }

    /// The batches' names in order of appearance.
    pub fn batches(&self) -> &[String] {
        &self.batches
    }

    /// The plates' names in order of appearance; empty where the table has none.
    pub fn plates(&self) -> &[String] {
        &self.plates
    }

    /// The wells' names in order of appearance; empty where the table has none.
    pub fn wells(&self) -> &[String] {
        &self.wells
    }

    /// The fields of view in order of appearance, by the table's own name or by plate, well and site; empty
    /// where the table has neither.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Rows that were left out, by reason.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Whether a program draws the images (`[data.synthetic]`), so that no cell was imaged. Drawn images that
    /// were written as files are read as any others: nothing in them says so.
    pub fn drawn(&self) -> bool {
        matches!(self.images, Images::Synthetic(_))
    }

    /// A hash of everything that the packed cache depends on: the images' names, lengths and times, their
    /// meaning, and the model's size, channels and coding.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Decodes or draws one image: coded bytes `[C, H, W]`.
    ///
    /// # Errors
    /// [`DataError`] naming the line of the image, for one that is missing or damaged, or whose size, channel
    /// count or range of numbers differs from the first image's.
    pub fn load(&self, index: usize) -> Result<Vec<u8>, DataError> {
        Ok(self.load_coded(index)?.bytes)
    }

    /// As [`Experiment::load`], with the shares of the image that are clipped.
    pub(crate) fn load_coded(&self, index: usize) -> Result<CodedCrop, DataError> {
        let entry = self.entries.get(index).ok_or_else(|| {
            DataError::config(
                "number of the image",
                index,
                format!("below {}", self.entries.len()),
            )
        })?;
        self.images.load(index, entry, &self.spec, || {
            self.titles.place(&self.titles.image, entry.line)
        })
    }

    /// Moves the images of these compounds, by name, to the split that training never sees.
    ///
    /// # Errors
    /// [`DataError::Config`] for the control and for a name that the table does not have.
    pub(crate) fn hold_out(&mut self, names: &[String]) -> Result<(), DataError> {
        for name in names {
            let found = self.compounds.iter_mut().find(|compound| compound.name == *name);
            match found {
                Some(compound) if compound.control => {
                    return Err(DataError::config(
                        "data.held_out",
                        format!("{name:?}, the control"),
                        "treatments only",
                    ));
                }
                Some(compound) => compound.held_out = true,
                None => {
                    let known: Vec<&str> = self.compounds.iter().map(|c| c.name.as_str()).take(40).collect();
                    return Err(DataError::config(
                        "data.held_out",
                        format!("{name:?}"),
                        format!(
                            "compounds of {}: {}",
                            self.titles.table.display(),
                            known.join(", ")
                        ),
                    ));
                }
            }
        }
        for entry in &mut self.entries {
            let held_out = self
                .compounds
                .get(entry.compound as usize)
                .is_some_and(|c| c.held_out);
            if held_out {
                entry.split = Split::HeldOut;
            }
        }
        Ok(())
    }

    /// Training needs treated images and controls.
    ///
    /// # Errors
    /// [`DataError::Nothing`] says which of them are not there.
    pub(crate) fn check_splits(&self) -> Result<(), DataError> {
        let count = |treated: bool, split: Option<Split>| {
            self.entries
                .iter()
                .filter(|entry| entry.treated == treated && split.is_none_or(|split| entry.split == split))
                .count()
        };
        let nothing = |column: &str, what: &str, found: String| DataError::Nothing {
            file: self.titles.table.clone(),
            column: column.to_owned(),
            what: what.to_owned(),
            found,
        };
        if count(false, None) == 0 {
            let found = format!("all {} images are treated", count(true, None));
            return Err(nothing(&self.titles.state, "no control image", found));
        }
        if count(true, None) == 0 {
            let found = format!("all {} images are controls", count(false, None));
            return Err(nothing(&self.titles.state, "no treated image", found));
        }
        if count(true, Some(Split::Train)) == 0 {
            let others: Vec<String> = Split::ALL
                .iter()
                .map(|&split| format!("{} {split}", count(true, Some(split))))
                .collect();
            let found = format!("treated images: {}", others.join(", "));
            return Err(nothing(
                &self.titles.split,
                "no treated image in the train split",
                found,
            ));
        }
        Ok(())
    }
}
