//! What became of the fields: numbers and reasons.

use std::collections::BTreeMap;

use cellflux_image::coding::Clipped;
use serde::Serialize;

/// Why a nucleus gave no crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rejected {
    /// The crop would leave the field.
    Border,
    /// Too small, or its outline too ragged.
    Debris,
    /// Too large: several that could not be separated.
    Clump,
    /// Out of focus.
    Blurred,
}

/// What became of the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CropsReport {
    /// Fields that were cut.
    pub fields: usize,
    /// Fields left out because a file is missing.
    pub missing_fields: usize,
    /// Fields left out because a file cannot be decoded: for each which file of which line, and why.
    pub damaged_fields: Vec<String>,
    /// Nuclei found.
    pub nuclei: usize,
    /// Crops written.
    pub crops: usize,
    /// Crops of which nothing states the size of a pixel.
    pub without_scale: usize,
    /// The shares of the crops' source pixels that are cut off at either end.
    pub clipped: Clipped,
    /// Nuclei that gave none, by reason.
    pub rejected: BTreeMap<Rejected, usize>,
    /// For each plate and channel the darkest and brightest illumination, where 1 is the mean, and the number
    /// of fields it was estimated from.
    pub illumination: BTreeMap<String, (f64, f64, usize)>,
}

impl std::fmt::Display for CropsReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} fields, {} nuclei, {} crops",
            self.fields, self.nuclei, self.crops
        )?;
        if self.missing_fields > 0 {
            writeln!(
                f,
                "  {} fields left out: a channel's file is missing",
                self.missing_fields
            )?;
        }
        if !self.damaged_fields.is_empty() {
            writeln!(
                f,
                "  {} fields left out: a channel's file cannot be decoded",
                self.damaged_fields.len()
            )?;
            for why in &self.damaged_fields {
                writeln!(f, "    {why}")?;
            }
        }
        for (reason, count) in &self.rejected {
            let words = match reason {
                Rejected::Border => "crop would leave the field",
                Rejected::Debris => "debris: too small or ragged",
                Rejected::Clump => "too large: several in one",
                Rejected::Blurred => "out of focus",
            };
            writeln!(f, "  {count:>6} left out: {words}")?;
        }
        if self.without_scale > 0 {
            writeln!(
                f,
                "  {} crops whose pixels have no known size: neither table nor files state it, and \
                image.pixel_size_um does not",
                self.without_scale
            )?;
        }
        writeln!(
            f,
            "  {:.3} % of the crops' pixels clipped as darker than black, {:.3} % as brighter than full \
            scale",
            100.0 * self.clipped.dark,
            100.0 * self.clipped.bright
        )?;
        for (name, (low, high, fields)) in &self.illumination {
            writeln!(
                f,
                "  illumination of {name}: {low:.2} to {high:.2} of its mean, from {fields} fields"
            )?;
        }
        Ok(())
    }
}
