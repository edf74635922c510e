//! A bundle and a crop in, a strip of pictures out: the shortest example of a walk.
//!
//! ```text
//! cargo run -p cellflux-engine --example walk -- web/bundles/bbbc021-tiny taxol strip.png [crop.png]
//! ```
//!
//! The crop is a PNG of the model's size with its channels as colours; without one, the walk starts from the
//! bundle's first control.

use std::error::Error;
use std::path::Path;

use cellflux_bundle::folder;
use cellflux_engine::Network;
use cellflux_session::{Exploration, PreparedWalk, Recipe, Start, export, start_image};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    walk(&arguments)
}

/// Does what a command line asks for: BUNDLE COMPOUND STRIP.png, and a CROP.png where there is one.
///
/// # Errors
/// What is wrong with the arguments, the bundle or the crop, in a sentence.
pub fn walk(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let (bundle, compound, out, crop) = match arguments {
        [bundle, compound, out] => (bundle, compound, out, None),
        [bundle, compound, out, crop] => (bundle, compound, out, Some(crop)),
        _ => return Err("expected BUNDLE COMPOUND STRIP.png [CROP.png]".into()),
    };
    let place = Path::new(bundle);
    let bundle = folder::read(place)?;
    let manifest = &bundle.manifest;

    let condition = manifest
        .conditions
        .get(compound)
        .ok_or("the bundle has no such compound")?;
    let start = match crop {
        Some(path) => Start::Crop(start_image::decode(&manifest.image, path, &std::fs::read(path)?)?),
        None => Start::first(manifest, condition).ok_or("the bundle has no control to start from")?,
    };
    let recipe = Recipe::new(manifest, start, condition);
    let example = start_image::file(&recipe.start, manifest)?;
    let example = example
        .map(|path| folder::read_file(place, manifest, path))
        .transpose()?;

    let mut exploration = Exploration::new(PreparedWalk::new(
        recipe,
        manifest,
        &bundle.vectors,
        example.as_deref(),
    )?);
    exploration.attach_engine(Network::of(&bundle).on_cpu()?);
    pollster::block_on(exploration.finish())?;

    let recipe = exploration.walk().recipe();
    std::fs::write(out, export::strip_png(manifest, recipe, exploration.frames())?)?;
    println!(
        "{} frames of {}, generated, not measured: {out}",
        exploration.frames().len(),
        condition.name
    );
    Ok(())
}
