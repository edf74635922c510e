//! `cellflux site`: a `site.toml`, a bundle and some Markdown become a static folder, which can be looked at and checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use cellflux_bundle::Bundle;
use cellflux_session::AnyEngine;
use cellflux_site::{Built, Options, Project, Server, Toolkit, build, toolkit};

use crate::engine::{DType, EngineArgs, EngineKind};

/// Publish models as a static web page.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    New(New),
    Build(Build),
    Serve(Serve),
}

/// Write an example: a site.toml, Markdown, and a small model. It builds at once.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cellflux site new my-paper\n  cellflux site serve my-paper --open")]
struct New {
    /// The folder to write: new or empty.
    folder: PathBuf,
}

/// Build the site: a folder that any static host can serve.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux site build my-paper\n  cellflux site build my-paper --out docs --json"
)]
struct Build {
    #[command(flatten)]
    from: From,
    /// Print the size report as JSON.
    #[arg(long)]
    json: bool,
}

/// What a site is built from, and where to.
#[derive(clap::Args)]
struct From {
    /// The folder that holds site.toml.
    #[arg(default_value = ".")]
    site: PathBuf,
    /// The folder to write: absent, empty, or written by an earlier build. `dist` beside site.toml when not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// A folder of real BBBC021 single-cell crops with its metadata.csv, offered beside the first bundle's samples.
    #[arg(long)]
    data: Option<PathBuf>,
    /// What computes pictures and trajectories.
    #[arg(long, value_enum, default_value = "candle")]
    engine: EngineKind,
    /// The page's modules and styles, in place of those that the command holds.
    #[arg(long, hide = true, requires = "pkg")]
    web: Option<PathBuf>,
    /// The WebAssembly package, in place of the one that the command holds.
    #[arg(long, hide = true, requires = "web")]
    pkg: Option<PathBuf>,
}

/// Serve a site on 127.0.0.1.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux site serve my-paper --open\n  cellflux site serve my-paper/dist --under /projects/cells/"
)]
struct Serve {
    /// The folder that holds site.toml, or a built site.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The port; any free one when not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A path that the site appears below, as on a host that keeps many.
    #[arg(long, default_value = "/")]
    under: String,
    /// Open a browser.
    #[arg(long)]
    open: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::New(options) => new(&options.folder)?,
        Command::Build(options) => {
            let (out, built) = options.from.build()?;
            told(&out, &built, options.json)?;
        }
        Command::Serve(options) => serve(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn new(folder: &Path) -> anyhow::Result<()> {
    toolkit::write_example(folder)?;
    let shown = folder.display();
    println!("{shown}: an example, ready to build");
    println!("  {shown}/site.toml    what the page says of itself, and its sections");
    println!("  {shown}/sections/    their text");
    println!("  {shown}/bundles/     the model (`cellflux import` makes one from your checkpoint)");
    println!("next: cellflux site serve {shown} --open");
    Ok(())
}

impl From {
    fn build(&self) -> anyhow::Result<(PathBuf, Built)> {
        let project = Project::read(&self.site)?;
        let out = self.out.clone().unwrap_or_else(|| project.folder.join("dist"));
        let toolkit = match (&self.web, &self.pkg) {
            (Some(web), Some(pkg)) => Toolkit::from_folders(web, pkg)?,
            _ => Toolkit::embedded()?,
        };
        let options = Options {
            out: out.clone(),
            toolkit,
            crops: self.data.clone(),
        };
        let built = build(&project, &options, &mut |bundle| load(self.engine, bundle))?;
        Ok((out, built))
    }
}

/// The engine that computes a bundle's pictures.
fn load(engine: EngineKind, bundle: &Bundle) -> Result<AnyEngine, String> {
    let arguments = EngineArgs {
        engine,
        dtype: DType::F32,
    };
    let spec = &bundle.manifest.image;
    let size = (spec.height, spec.width);
    let loading = arguments.load(&bundle.manifest.model.config, &bundle.weights, size, 1);
    pollster::block_on(loading).map_err(|error| format!("{error:#}"))
}

fn told(out: &Path, built: &Built, json: bool) -> anyhow::Result<()> {
    for advice in &built.advice {
        eprintln!("note: {advice}");
    }
    if json {
        println!(
            "{}",
            serde_json::to_string_pretty(&built.report).context("the report cannot be written")?
        );
        return Ok(());
    }
    println!("{}: {}", out.display(), built.report);
    if built.report.real_crops > 0 {
        println!("{} real crops added", built.report.real_crops);
    }
    Ok(())
}

fn serve(options: &Serve) -> anyhow::Result<()> {
    let server = Server::bind(&options.folder, options.port, &options.under)?;
    let url = server.url();
    println!("serving {} at {url} (Ctrl-C ends)", options.folder.display());
    if options.open
        && let Err(error) = open::that_detached(&url)
    {
        // The address is on the screen already.
        eprintln!("no browser could be opened ({error}): open {url} yourself");
    }
    server.run()?;
    Ok(())
}
