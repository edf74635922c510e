//! Which measures there are for crops with given channels.

use super::channels::Channels;
use super::column::{Column, Unit};
use super::{cell, correlation, granularity, intensity, laplacian, nuclei, radial, texture};

/// A measure: its name, its unit, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Such as `tubulin.mean`, `actin-tubulin.correlation` or `nucleus.area`; no other measure of the same
    /// channels has this name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Who defined it.
    pub source: &'static str,
}

impl Measure {
    fn of(name: String, column: Column) -> Self {
        let Column {
            unit, about, source, ..
        } = column;
        Self {
            name,
            unit,
            about,
            source,
        }
    }
}

/// What [`super::measure`] measures of crops with these channels, in its order: each channel's own measures,
/// then pairs of channels, then, where a channel shows DNA, the nucleus and the cell.
pub fn catalogue(channels: &Channels) -> Vec<Measure> {
    let mut measures = Vec::new();
    for slug in channels.slugs() {
        let mut own = Vec::new();
        own.extend(intensity::COLUMNS);
        own.extend(laplacian::COLUMNS);
        own.extend(texture::COLUMNS);
        own.extend(granularity::COLUMNS);
        if channels.nuclei().is_some() {
            own.extend(radial::COLUMNS);
        }
        measures.extend(
            own.into_iter()
                .map(|column| Measure::of(format!("{slug}.{}", column.name), column)),
        );
    }
    for (position, one) in channels.slugs().iter().enumerate() {
        for other in channels.slugs().iter().skip(position + 1) {
            let name = format!("{one}-{other}.{}", correlation::COLUMN.name);
            measures.push(Measure::of(name, correlation::COLUMN));
        }
    }
    if channels.nuclei().is_some() {
        let whole = |column: Column| Measure::of(column.name.to_owned(), column);
        measures.extend(nuclei::COLUMNS.map(whole));
        if channels.cell().is_some() {
            measures.extend(cell::COLUMNS.map(whole));
        }
    }
    measures
}
