//! A walk as a figure or a film: the options of `run`, and the files, which are those that the page saves.

use std::path::{Path, PathBuf};

use anyhow::bail;
use cellflux_bundle::Manifest;
use cellflux_print::{Width, animation, png, svg};
use cellflux_session::figure_content::{Steps, sheet};
use cellflux_session::figure_map::Beside;
use cellflux_session::{Frame, PreparedWalk};
use clap::ValueEnum;

use crate::files::write;

/// Figures to write beside the numbers of a walk, or in their place.
#[derive(Clone, Debug, clap::Args)]
pub struct FigureArgs {
    /// A figure to write, as .png (300 dpi) or .svg; may be given for several.
    #[arg(long, value_name = "FILE")]
    figure: Vec<PathBuf>,
    /// Which steps a figure shows.
    #[arg(long, value_enum, default_value = "all")]
    figure_steps: FigureSteps,
    /// How wide a figure is.
    #[arg(long, value_enum, default_value = "double")]
    figure_width: FigureWidth,
    /// The walk as an animated PNG to write.
    #[arg(long, value_name = "FILE")]
    animation: Option<PathBuf>,
}

/// Which steps a figure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FigureSteps {
    /// All of them; of a walk of more than 24, 24
    All,
    /// The first, the middle and the last one
    Ends,
}

/// How wide a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FigureWidth {
    /// 180 mm, both columns of a journal
    Double,
    /// 88 mm, one column
    Single,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Svg,
}

impl FigureArgs {
    /// Refuses files of other kinds before anything is computed.
    pub fn check(&self) -> anyhow::Result<()> {
        for path in &self.figure {
            kind(path)?;
        }
        match &self.animation {
            Some(path) if kind(path)? != Kind::Png => {
                bail!("{} is no .png, which an animation is", path.display())
            }
            _ => Ok(()),
        }
    }

    /// The files that are written.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.figure.iter().chain(&self.animation)
    }

    /// Which steps figures show; `None` where no figure is written.
    pub fn steps(&self) -> Option<Steps> {
        (!self.figure.is_empty()).then_some(match self.figure_steps {
            FigureSteps::All => Steps::All,
            FigureSteps::Ends => Steps::Ends,
        })
    }

    /// Writes them; `beside` is what the map of the change needs beyond the frames.
    pub fn save(
        &self,
        manifest: &Manifest,
        walk: &PreparedWalk,
        frames: &[Frame],
        beside: &Beside,
    ) -> anyhow::Result<()> {
        let steps = self.steps().unwrap_or_default();
        let width = match self.figure_width {
            FigureWidth::Double => Width::Double,
            FigureWidth::Single => Width::Single,
        };
        for path in &self.figure {
            let sheet = sheet(manifest, walk, frames, steps, beside)?;
            match kind(path)? {
                Kind::Png => write(path, &png(&sheet, width)?)?,
                Kind::Svg => write(path, svg(&sheet, width)?.as_bytes())?,
            }
        }
        if let Some(path) = &self.animation {
            let film = sheet(manifest, walk, frames, Steps::Film, &Beside::default())?;
            write(path, &animation(&film)?)?;
        }
        Ok(())
    }
}

/// What a file is, by its name's end.
fn kind(path: &Path) -> anyhow::Result<Kind> {
    let end = path.extension().unwrap_or_default().to_ascii_lowercase();
    match end.to_str() {
        Some("png") => Ok(Kind::Png),
        Some("svg") => Ok(Kind::Svg),
        _ => bail!("{} is neither a .png nor a .svg file", path.display()),
    }
}
