//! Drawn cells of the shipped experiment, and what a perfect network makes of them.

use cellflux_bundle::Bundle;
use cellflux_data::synthetic::Design;
use cellflux_data::{Experiment, read_experiment};
use cellflux_image::synthetic::Cell;
use cellflux_train::config::{Config, Setting};

use crate::repository::root;

fn settings(list: &[&str]) -> Vec<Setting> {
    list.iter().map(|setting| setting.parse().unwrap()).collect()
}

/// The shipped experiment of drawn cells, smaller.
pub fn experiment(images: usize) -> (Config, Experiment) {
    let images = format!("data.source.images={images}");
    let config = Config::read(
        &root().join("configs/synthetic-tiny.toml"),
        &settings(&[
            &images,
            "data.source.validation=0.5",
            "data.image.height=64",
            "data.image.width=64",
        ]),
    )
    .unwrap();
    let experiment = read_experiment(&config.data).unwrap();
    (config, experiment)
}

/// A cell of this batch that no image shows, drawn under the treatment of the image `treated`: what a perfect
/// network makes.
pub fn perfect(
    design: &Design,
    bundle: &Bundle,
    experiment: &Experiment,
    treated: u32,
    from: &mut usize,
) -> Vec<u8> {
    let entry = &experiment.entries()[treated as usize];
    let compound = entry.compound as usize - 1;
    let effects = design.effects(compound, entry.dose_um.unwrap());
    loop {
        let (plate, cell) = design.unseen(*from);
        *from += 1;
        if plate == entry.batch as usize {
            return design
                .draw(&Cell { effects, ..cell }, &bundle.manifest.image)
                .unwrap();
        }
    }
}
