//! `cellflux site`: a bundle becomes a static folder, and the folder can be looked at.

use std::path::PathBuf;
use std::process::ExitCode;

use cellflux_site::{Parts, Server, assemble};

/// Publish a bundle as a static web page.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Write a folder that any static host can serve.
    Build(Build),
    /// Serve such a folder on 127.0.0.1.
    Serve(Serve),
}

#[derive(clap::Args)]
struct Build {
    /// Bundle folders; the page opens the first.
    #[arg(required = true)]
    bundles: Vec<PathBuf>,
    /// The folder to write: absent, empty, or written by an earlier build.
    #[arg(long, default_value = "dist")]
    out: PathBuf,
    /// The page, with one `<cellflux-explorer src="…">`.
    #[arg(long, default_value = "index.html")]
    page: PathBuf,
    /// The page's modules and styles.
    #[arg(long, default_value = "web")]
    web: PathBuf,
    /// The WebAssembly package, built by `cargo xtask pkg`.
    #[arg(long, default_value = "pkg")]
    pkg: PathBuf,
    /// A folder of real BBBC021 single-cell crops with its metadata.csv, offered beside the bundle's samples.
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Serve {
    /// The site's folder.
    #[arg(default_value = "dist")]
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

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Build(options) => build(options)?,
        Command::Serve(options) => serve(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn build(options: &Build) -> anyhow::Result<()> {
    let parts = Parts {
        bundles: options.bundles.clone(),
        page: options.page.clone(),
        web: options.web.clone(),
        pkg: options.pkg.clone(),
        real_crops: options.data.clone(),
    };
    let site = assemble(&parts, &options.out)?;
    let crops = match site.real_crops {
        0 => String::new(),
        count => format!(", {count} real crops among them"),
    };
    println!(
        "{}: {} files, {:.1} MB{crops}",
        options.out.display(),
        site.files,
        site.bytes as f64 / 1e6
    );
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
