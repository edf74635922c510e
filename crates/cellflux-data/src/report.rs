//! What was read, in numbers, for a look before anything runs.

use std::collections::BTreeMap;
use std::fmt;

use cellflux_image::coding::Clipped;
use serde::Serialize;

use crate::cache::{ChannelValues, PackedCache};
use crate::drawn_split::DrawnGroups;
use crate::entry::Split;
use crate::experiment::Experiment;
use crate::left_out::LeftOut;
use crate::pairing::{Pairing, PairingCounts};
use crate::pixel_size::PixelScale;

/// What was read: images, compounds, batches, controls per batch, channels and, once decoded, the values'
/// range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The table.
    pub table: String,
    /// Images in all.
    pub images: usize,
    /// Rows that the configuration leaves out.
    pub ignored_rows: usize,
    /// Rows that are left out for another reason.
    #[serde(skip_serializing_if = "LeftOut::is_empty")]
    pub left_out: LeftOut,
    /// The groups that became validation, where a rule drew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn_validation: Option<DrawnGroups>,
    /// Channels in order.
    pub channels: Vec<String>,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// What is known of the size of a pixel; absent for drawn cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_scale: Option<PixelScale>,
    /// Images by split.
    pub splits: BTreeMap<Split, Images>,
    /// Compounds in order of appearance.
    pub compounds: Vec<CompoundReport>,
    /// Batches in order of appearance.
    pub batches: Vec<BatchReport>,
    /// What pairing made of every split; empty before.
    pub pairing: BTreeMap<Split, PairingCounts>,
    /// The values' range; empty before the images are decoded.
    pub values: Vec<ChannelValues>,
    /// The shares of the images' source pixels that are cut off at either end; unknown before the images are
    /// decoded.
    pub clipped: Option<Clipped>,
}

/// Treated images and controls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Images {
    /// Treated images.
    pub treated: usize,
    /// Controls.
    pub control: usize,
}

/// A compound's images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompoundReport {
    /// Its name.
    pub name: String,
    /// Its images, controls included.
    pub images: usize,
    /// Different doses.
    pub doses: usize,
    /// Whether it is the control.
    pub control: bool,
    /// Whether training never sees it.
    pub held_out: bool,
}

/// A batch's images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchReport {
    /// Its name.
    pub name: String,
    /// Its images by split.
    pub splits: BTreeMap<Split, Images>,
}

impl Images {
    fn add(&mut self, treated: bool) {
        if treated {
            self.treated += 1;
        } else {
            self.control += 1;
        }
    }
}

impl Report {
    /// What was read, in numbers.
    pub fn of(experiment: &Experiment) -> Self {
        let spec = experiment.spec();
        let mut compounds: Vec<CompoundReport> = experiment
            .compounds()
            .iter()
            .map(|compound| CompoundReport {
                name: compound.name.clone(),
                images: 0,
                doses: 0,
                control: compound.control,
                held_out: compound.held_out,
            })
            .collect();
        let mut batches: Vec<BatchReport> = experiment
            .batches()
            .iter()
            .map(|name| BatchReport {
                name: name.clone(),
                splits: BTreeMap::new(),
            })
            .collect();
        let mut splits: BTreeMap<Split, Images> = BTreeMap::new();
        let mut doses = std::collections::HashSet::new();
        for entry in experiment.entries() {
            splits.entry(entry.split).or_default().add(entry.treated);
            if let Some(batch) = batches.get_mut(entry.batch as usize) {
                batch.splits.entry(entry.split).or_default().add(entry.treated);
            }
            if let Some(compound) = compounds.get_mut(entry.compound as usize) {
                compound.images += 1;
                let dose = entry.dose_um.map(f64::to_bits);
                compound.doses += usize::from(doses.insert((entry.compound, dose)));
            }
        }
        Self {
            table: experiment.titles.table.display().to_string(),
            images: experiment.entries().len(),
            ignored_rows: experiment.ignored_rows,
            left_out: experiment.left_out.clone(),
            drawn_validation: experiment.drawn_validation.clone(),
            channels: spec.channels.iter().map(|channel| channel.name.clone()).collect(),
            height: spec.height,
            width: spec.width,
            pixel_scale: experiment.pixel_scale.clone(),
            splits,
            compounds,
            batches,
            pairing: BTreeMap::new(),
            values: Vec::new(),
            clipped: None,
        }
    }

    /// Adds what pairing made of the splits.
    #[must_use]
    pub fn with_pairing(mut self, pairing: &Pairing) -> Self {
        self.pairing = Split::ALL
            .iter()
            .filter(|split| self.splits.contains_key(split))
            .map(|&split| (split, pairing.counts(split).clone()))
            .collect();
        self
    }

    /// Adds the values' range.
    #[must_use]
    pub fn with_values(mut self, cache: &PackedCache) -> Self {
        self.values = cache.values().to_vec();
        self.clipped = Some(cache.clipped());
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let controls = self.compounds.iter().filter(|compound| compound.control).count();
        let held_out = self.compounds.iter().filter(|compound| compound.held_out).count();
        writeln!(
            f,
            "{}: {} images of {} x {} px in {} channels ({})",
            self.table,
            self.images,
            self.width,
            self.height,
            self.channels.len(),
            self.channels.join(", ")
        )?;
        writeln!(
            f,
            "  {} compounds and {controls} control{}, {held_out} held out; {} batches",
            self.compounds.len() - controls,
            if controls == 1 { "" } else { "s" },
            self.batches.len()
        )?;
        if let Some(scale) = &self.pixel_scale {
            write!(f, "{scale}")?;
        }
        if self.ignored_rows > 0 {
            writeln!(f, "  {} rows left out by their split or state", self.ignored_rows)?;
        }
        write!(f, "{}", self.left_out)?;
        if let Some(drawn) = &self.drawn_validation {
            let DrawnGroups {
                by, taken, groups, ..
            } = drawn;
            write!(f, "  validation drawn by {by}: {taken} of {groups} groups")?;
            if drawn.in_one_group > 0 {
                write!(
                    f,
                    "; {} compounds have one group only and stay whole",
                    drawn.in_one_group
                )?;
            }
            writeln!(f)?;
        }
        for (split, images) in &self.splits {
            write!(
                f,
                "  {split:<11} {:>8} treated {:>8} control",
                images.treated, images.control
            )?;
            if let Some(counts) = self.pairing.get(split) {
                write!(f, " {:>8} samples", counts.samples)?;
                if counts.without_control > 0 {
                    write!(
                        f,
                        "; {} in {} batches without a control of their own",
                        counts.without_control, counts.batches_without_control
                    )?;
                }
                if counts.without_vector > 0 {
                    write!(
                        f,
                        "; {} left out: compound without a vector",
                        counts.without_vector
                    )?;
                }
            }
            writeln!(f)?;
        }
        controls_per_batch(f, &self.batches)?;
        for values in &self.values {
            writeln!(
                f,
                "  {:<11} coded values {} to {}, mean {:.1}, {:.3} % saturated",
                values.channel,
                values.min,
                values.max,
                values.mean,
                100.0 * values.saturated
            )?;
        }
        if let Some(Clipped { dark, bright }) = self.clipped {
            writeln!(
                f,
                "  clipped     {:.3} % of the pixels darker than black, {:.3} % brighter than full scale",
                100.0 * dark,
                100.0 * bright
            )?;
        }
        Ok(())
    }
}

/// The batches one by one where they are few, their range where they are many.
fn controls_per_batch(f: &mut fmt::Formatter<'_>, batches: &[BatchReport]) -> fmt::Result {
    const SHOWN: usize = 24;
    let total = |batch: &BatchReport| {
        batch
            .splits
            .values()
            .fold(Images::default(), |sum, images| Images {
                treated: sum.treated + images.treated,
                control: sum.control + images.control,
            })
    };
    for batch in batches.iter().take(SHOWN) {
        let images = total(batch);
        writeln!(
            f,
            "  batch {:<14} {:>8} treated {:>8} control",
            batch.name, images.treated, images.control
        )?;
    }
    if let Some(rest) = batches.get(SHOWN..).filter(|rest| !rest.is_empty()) {
        let counts = || rest.iter().map(|batch| total(batch).control);
        let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        writeln!(
            f,
            "  and {} more batches with {least} to {most} controls each",
            rest.len()
        )?;
    }
    Ok(())
}
