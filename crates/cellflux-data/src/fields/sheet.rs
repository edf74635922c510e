//! The contact sheets of a cut: what was kept and what was left out, in the same windows.

use std::fs;
use std::path::Path;

use cellflux_image::composite::Rgba;
use cellflux_image::{ImageSpec, strip};

use super::contact_sheet::{contact_sheet, windows};
use crate::error::DataError;

/// Crops for the contact sheets: a fixed number, evenly spread however many there are in all.
#[derive(Default)]
pub(super) struct Sheet {
    kept: Spread,
    rejected: Spread,
}

/// Every n-th crop; n doubles whenever twice as many as are shown have gathered.
#[derive(Default)]
struct Spread {
    crops: Vec<Vec<u8>>,
    step: usize,
    seen: usize,
}

impl Spread {
    const SHOWN: usize = 96;

    fn add(&mut self, crop: &[u8]) {
        self.step = self.step.max(1);
        if self.seen.is_multiple_of(self.step) {
            self.crops.push(crop.to_vec());
            if self.crops.len() == 2 * Self::SHOWN {
                let mut index = 0;
                self.crops.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.step *= 2;
            }
        }
        self.seen += 1;
    }

    fn shown(&self) -> Vec<Vec<u8>> {
        let count = self.crops.len().min(Self::SHOWN);
        (0..count)
            .filter_map(|place| self.crops.get(place * self.crops.len() / count).cloned())
            .collect()
    }
}

impl Sheet {
    pub(super) fn add(&mut self, crop: &[u8], rejected: bool) {
        if rejected {
            self.rejected.add(crop);
        } else {
            self.kept.add(crop);
        }
    }

    /// Both sheets in the windows of the crops that were kept.
    pub(super) fn write(&self, out: &Path, spec: &ImageSpec) -> Result<(), DataError> {
        let kept = self.kept.shown();
        let display = windows(spec, &kept);
        for (name, crops) in [
            ("contact-sheet.png", kept),
            ("rejected.png", self.rejected.shown()),
        ] {
            if crops.is_empty() {
                continue;
            }
            let picture: Rgba = contact_sheet(spec, &crops, 12, &display)?;
            let path = out.join(name);
            fs::write(&path, strip::encode_png(&picture)?)
                .map_err(DataError::file(&path, "cannot be written"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_shows_crops_from_all_along_the_way() {
        let mut spread = Spread::default();
        for number in 0..1000u32 {
            spread.add(&number.to_le_bytes());
        }
        let shown = spread.shown();
        assert_eq!(shown.len(), Spread::SHOWN);
        let last = u32::from_le_bytes(shown[95][..4].try_into().unwrap());
        assert!(last > 900, "{last}");
        assert!(shown.is_sorted_by_key(|crop| u32::from_le_bytes(crop[..4].try_into().unwrap())));
    }
}
