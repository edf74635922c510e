//! Photographed cells for a bundle, chosen from a folder of crops with a `metadata.csv`.

use std::path::PathBuf;

use anyhow::Context;
use cellflux_bundle::{Packed, folder};
use cellflux_site::config::CropsStatement;
use cellflux_site::real_crops;

/// Which crops, and how they may be shown.
#[derive(clap::Args)]
#[allow(clippy::struct_field_names, reason = "the names of the command's options")]
pub struct Crops {
    /// A folder of single-cell crops with its metadata.csv in the columns of the BBBC021 tables; a few
    /// controls and treated cells of its plates become samples of the bundle.
    #[arg(long, requires_all = ["crops_source", "crops_licence"])]
    crops: Option<PathBuf>,
    /// Where these photographs come from and who made them.
    #[arg(long, requires = "crops")]
    crops_source: Option<String>,
    /// The licence under which they may be shown.
    #[arg(long, requires = "crops")]
    crops_licence: Option<String>,
}

impl Crops {
    /// The bundle with the chosen crops; as it is where none are asked for.
    pub fn add_to(&self, packed: Packed) -> anyhow::Result<Packed> {
        let (Some(data), Some(source), Some(licence)) =
            (&self.crops, &self.crops_source, &self.crops_licence)
        else {
            return Ok(packed);
        };
        let statement = CropsStatement {
            source: source.clone(),
            licence: licence.clone(),
            bundle: None,
        };
        // Read back as a bundle's folder is, which tells its assets from its weights.
        let home = tempfile::tempdir().context("no temporary folder")?;
        let place = home.path().join("bundle");
        folder::write(&packed, &place, false)?;
        let mut bundle = folder::read(&place)?;
        let mut assets = folder::read_assets(&place, &bundle.manifest)?;
        let chosen = real_crops::choose(data, &bundle.manifest, &statement)?;
        eprintln!(
            "{} crops of {} are samples now",
            chosen.crops.len(),
            data.display()
        );
        assets.extend(real_crops::add(chosen, &mut bundle.manifest));
        bundle
            .into_draft(assets)
            .pack()
            .context("the bundle cannot be packed with its crops")
    }
}
