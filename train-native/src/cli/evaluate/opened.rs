//! What is evaluated: a run or a bundle, with the cells of its data.

use anyhow::bail;
use cellflux_data::{Experiment, PackedCache, read_experiment};
use cellflux_train::config::{Config, DeviceChoice};
use cellflux_train::evaluate::Subject;
use cellflux_train::material::Material;
use cellflux_train::run::{CHECKPOINTS, checkpoint, open};

use super::Args;
use crate::cli::progress;

/// What is evaluated, on what.
pub struct Opened {
    /// The network.
    pub subject: Subject,
    /// Its data.
    pub experiment: Experiment,
    /// The data's images.
    pub cache: PackedCache,
}

/// Opens what the command line names, a run's weights on `device`.
pub fn opened(args: &Args, device: DeviceChoice) -> anyhow::Result<Opened> {
    let subject = &args.subject;
    let is_bundle = subject.join(cellflux_bundle::files::MANIFEST).is_file();
    if is_bundle {
        let Some(path) = &args.config else {
            bail!(
                "{} is a bundle, expected --config with the config of the data it is measured on",
                subject.display()
            )
        };
        let config = Config::read(path, &args.settings)?;
        let subject = Subject::of_bundle(subject)?;
        let experiment = read_experiment(&config.data)?;
        subject.accepts(&experiment)?;
        let folder = config.run.cache_folder();
        let cache = PackedCache::open_with(&experiment, &folder, progress("images packed"))?;
        return Ok(Opened {
            subject,
            experiment,
            cache,
        });
    }
    if args.config.is_some() {
        bail!(
            "{} holds no manifest.json, so it is taken for a run, which has its own config: leave --config \
             out",
            subject.display()
        );
    }
    let material: Material = open(subject, &args.settings, progress("images packed"))?;
    let checkpoints = subject.join(CHECKPOINTS);
    let device = device.open()?;
    let (_, read) = checkpoint::load(&checkpoints, args.checkpoint.as_deref(), &device)?;
    let subject = Subject::of_run(&material, &read)?;
    let cache = PackedCache::open_with(
        &material.experiment,
        &material.config.run.cache_folder(),
        progress("images packed"),
    )?;
    Ok(Opened {
        subject,
        experiment: material.experiment,
        cache,
    })
}
