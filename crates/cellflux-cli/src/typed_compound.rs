//! A compound that is typed and that no bundle has: its counts, and what is known of it.

use anyhow::{Context, bail};
use cellflux_bundle::conditions::Encoder;
use cellflux_bundle::{Bundle, Manifest};
use cellflux_chem::{MorganCounts, MorganSettings, TypedCompound, nearest};
use cellflux_session::Treatment;
use cellflux_session::picture_text::UNSEEN;

/// How many training compounds are named.
const NAMED: usize = 3;

/// Reads a structure and counts it as the bundle's encoder does.
pub fn read(smiles: &str, manifest: &Manifest) -> anyhow::Result<TypedCompound> {
    let Encoder::MorganCounts { radius, bits } = manifest.conditions.encoder else {
        bail!("this model's vectors are not made from structures, expected the id of a condition");
    };
    let settings = MorganSettings {
        radius,
        bits: u32::try_from(bits).context("the bundle's fingerprint is too long")?,
    };
    Ok(TypedCompound::read(smiles, settings)?)
}

/// What a person should know before the walk: that the network has never seen the compound and which of those
/// that it has are most like it, or which condition of the bundle it is. `treatment` is the walk's.
pub fn sentence(compound: &TypedCompound, treatment: &Treatment, bundle: &Bundle) -> anyhow::Result<String> {
    let smiles = compound.smiles();
    if let Some(same) = treatment.condition(&bundle.manifest) {
        return Ok(format!(
            "{smiles} is {} for the network: both have the same Morgan counts",
            same.name
        ));
    }
    let (mut names, mut training) = (Vec::new(), Vec::new());
    for (position, condition) in bundle.manifest.conditions.trained() {
        let Some(vector) = bundle.vectors.row(position) else {
            continue;
        };
        training.push(MorganCounts::from_dense(vector).with_context(|| condition.name.clone())?);
        names.push(condition.name.as_str());
    }
    let near = nearest(compound.counts(), &training, NAMED)?;
    let near: Vec<String> = near
        .iter()
        .filter_map(|near| Some(format!("{} {:.2}", names.get(near.index)?, near.similarity)))
        .collect();
    if near.is_empty() {
        return Ok(format!("{smiles}: {UNSEEN}"));
    }
    Ok(format!(
        "{smiles}: {UNSEEN}; nearest training compounds, by Tanimoto similarity: {}",
        near.join(", ")
    ))
}
