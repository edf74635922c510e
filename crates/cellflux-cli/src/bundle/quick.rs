//! Quick weights, for those who make bundles: added to one, with what walks under them are off by.

use anyhow::Context;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Bundle, Packed};
use cellflux_session::comparison::storage;

use crate::engine::{EngineKind, open_for_pictures};

/// Adds int8 weights to a bundle, in shards of at most `limit` bytes, and says what they weigh and how far
/// walks under them are off, where the bundle has a control to walk from. They are published however far that
/// is: a page names them, and changes to the full ones.
pub fn add(packed: &mut Packed, limit: usize) -> anyhow::Result<()> {
    packed
        .add_quick(WeightDtype::Int8, limit)
        .context("the quick weights cannot be added")?;
    let bytes: u64 = packed
        .manifest
        .quick_files()
        .iter()
        .map(|entry| entry.bytes)
        .sum();
    println!("quick weights: {bytes} bytes as int8");
    let Some(quick) = packed.published_quick()? else {
        return Ok(());
    };
    let full = packed.published()?;
    if full.manifest.gallery.controls.is_empty() {
        eprintln!(
            "note: how far walks under the quick weights are off was not measured: the bundle has no control"
        );
        return Ok(());
    }
    let mut engines = |bundle: &Bundle| open_for_pictures(EngineKind::Candle, bundle);
    let measuring = storage::error(&full, &quick, &packed.files, &mut engines);
    let error = pollster::block_on(measuring).map_err(anyhow::Error::msg)?;
    println!(
        "under them the velocity is {:.2e} off, a ten-step trajectory {:.2e} (relative)",
        error.velocity, error.trajectory
    );
    Ok(())
}
