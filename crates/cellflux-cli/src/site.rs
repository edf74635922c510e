//! `cellflux site`: a `site.toml`, a bundle and some Markdown become a static folder, which can be looked at
//! and checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use cellflux_site::anonymous;
use cellflux_site::check::{self as site_check, Finding};
use cellflux_site::components::ANSWERS;
use cellflux_site::imported;
use cellflux_site::new_site::{self, TEMPLATES};
use cellflux_site::{Built, Options, Project, Server, SiteError, Toolkit, archive, build, config, single};
use cellflux_terminal::shell::quoted;
use clap::builder::PossibleValuesParser;

use crate::engine::{EngineKind, open_for_pictures};

/// Bytes in the unit in which sizes are told.
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Writes a file whole or not at all.
fn write_whole(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let name = file.file_name().with_context(cannot)?.to_string_lossy();
    let beside = file.with_file_name(format!(".{name}.part"));
    let written = std::fs::write(&beside, content).and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        // A full disk needs the room of what was begun.
        let _ = std::fs::remove_file(&beside);
    }
    written.with_context(cannot)
}

/// Publish models as a static web page.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    New(New),
    ImportTemplate(ImportTemplate),
    Build(Build),
    Serve(Serve),
    Check(Check),
}

/// Write a new site: a site.toml, Markdown, a small model, and what GitHub and GitLab need to build and
/// publish it. It builds at once.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux site new my-paper\n  cellflux site serve my-paper --open\n  \
    cellflux site new my-course --template lab-course"
)]
struct New {
    /// The folder to write: new or empty.
    folder: PathBuf,
    /// What kind of page it is.
    #[arg(long, default_value = TEMPLATES[0], value_parser = PossibleValuesParser::new(TEMPLATES))]
    template: String,
    /// The address of the archive of this command with which GitHub and GitLab build the page; that of the
    /// release when not given.
    #[arg(long)]
    archive: Option<String>,
}

/// Begin a new site with what a page of the Nerfies or the Academic project page template says.
///
/// Title, authors, links, abstract and BibTeX are taken over; what was not taken is named.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  cellflux site import-template index.html --out my-paper")]
struct ImportTemplate {
    /// The saved page, or the folder that holds its index.html.
    page: PathBuf,
    /// The folder to write: new or empty.
    #[arg(long)]
    out: PathBuf,
    /// The address of the archive of this command with which GitHub and GitLab build the page; that of the
    /// release when not given.
    #[arg(long)]
    archive: Option<String>,
}

/// Build the site: a folder that any static host can serve.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux site build my-paper\n  cellflux site build my-paper --out docs \
        --json\n  \
        cellflux site build my-paper --single my-paper.html"
)]
struct Build {
    #[command(flatten)]
    from: From,
    /// Print the size report as JSON.
    #[arg(long)]
    json: bool,
    /// Write this one HTML file, with everything inside, in place of a folder: it opens from a disk.
    #[arg(long, value_name = "FILE.html", conflicts_with = "out")]
    single: Option<PathBuf>,
    /// Also write the site as an archive to deposit, with .zenodo.json, CITATION.cff and RO-Crate metadata.
    #[arg(long, value_name = "FILE.zip", conflicts_with = "single")]
    zenodo: Option<PathBuf>,
    /// Write the one file also where it is larger than mail and learning platforms usually take.
    #[arg(long, requires = "single")]
    force: bool,
}

/// What a site is built from, and where to.
#[derive(Clone, clap::Args)]
struct From {
    /// The folder that holds site.toml; for `serve` also a built site.
    #[arg(default_value = ".")]
    site: PathBuf,
    /// The folder to write: absent, empty, or written by an earlier build, whose other files stay. `dist`
    /// beside site.toml when not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// A folder of real BBBC021 single-cell crops with its metadata.csv, offered beside the first bundle's
    /// samples.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The address that the page will have, in place of `url` in site.toml.
    #[arg(long)]
    url: Option<String>,
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

/// Build the site aside and say what is wrong with it: links, sizes, licences, bundles, words for pictures.
///
/// Exits 1 when something should be put right before it is published.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  cellflux site check my-paper --json\n  \
        cellflux site check my-paper --anonymous")]
struct Check {
    #[command(flatten)]
    from: From,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Also search the whole site for every name that its sources hold: of authors, affiliations, addresses,
    /// the git repository. Done without asking where site.toml says `anonymous = true`.
    #[arg(long)]
    anonymous: bool,
}

/// Serve a site on 127.0.0.1; one that has a site.toml is built again, and shown again, when its files
/// change.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux site serve my-paper --open\n  cellflux site serve my-paper/dist \
        --under /projects/cells/"
)]
struct Serve {
    // The folder may also be a built site.
    #[command(flatten)]
    from: From,
    /// The port; any free one when not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A path below which the site appears, as on a host that serves many sites.
    #[arg(long, default_value = "/")]
    under: String,
    /// Open a browser.
    #[arg(long)]
    open: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::New(options) => new(options)?,
        Command::ImportTemplate(options) => import_template(options)?,
        Command::Build(Build {
            from,
            single: Some(file),
            force,
            ..
        }) => write_single(from, file, *force)?,
        Command::Build(options) => {
            let (out, built) = options.from.build()?;
            told(&out, &built, options.json)?;
            if let Some(file) = &options.zenodo {
                let archive = archive::archive(&options.from.project()?, &out)?;
                write_whole(file, &archive)?;
                eprintln!(
                    "{}: {:.1} MiB to deposit",
                    file.display(),
                    mebibytes(archive.len())
                );
            }
            if let Some(key) = &built.answer_key {
                let file = write_answers(&out, key)?;
                eprintln!("answers to the lessons, for teachers: {}", file.display());
            }
        }
        Command::Serve(options) => serve(options)?,
        Command::Check(options) => return check(options),
    }
    Ok(ExitCode::SUCCESS)
}

fn new(options: &New) -> anyhow::Result<()> {
    let archive = options.archive.clone().or_else(new_site::archive);
    let folder = &options.folder;
    new_site::write(folder, &options.template, archive.as_deref())?;
    let shown = folder.display();
    println!("{shown}: a page ({}), ready to build", options.template);
    println!("  {shown}/site.toml    what the page says of itself, and its sections");
    println!("  {shown}/sections/    their text");
    println!("  {shown}/bundles/     the model (`cellflux import` makes one from your checkpoint)");
    println!("  {shown}/.github/, .gitlab-ci.yml    build and publish it at every push");
    if archive.is_none() {
        println!(
            "this command was not built for a release: write the address of an archive of it into the first \
             lines of both"
        );
    }
    println!("next: cellflux site serve {} --open", quoted(folder));
    Ok(())
}

fn import_template(options: &ImportTemplate) -> anyhow::Result<()> {
    let page = imported::read(&options.page)?;
    let archive = options.archive.clone().or_else(new_site::archive);
    new_site::write_imported(&options.out, &page, archive.as_deref())?;
    for left in &page.left {
        eprintln!("not taken: {left}");
    }
    println!(
        "{}: {:?}, authors: {}, links: {}",
        options.out.display(),
        page.title,
        page.authors.len(),
        page.links.len()
    );
    println!("next: cellflux site serve {} --open", quoted(&options.out));
    Ok(())
}

impl From {
    /// What `site.toml` says, and the command beside it.
    fn project(&self) -> Result<Project, SiteError> {
        let mut project = Project::read(&self.site)?;
        if let Some(address) = &self.url {
            project.set_url(address)?;
        }
        Ok(project)
    }

    fn build(&self) -> anyhow::Result<(PathBuf, Built)> {
        let project = self.project()?;
        let out = self.out.clone().unwrap_or_else(|| project.folder.join("dist"));
        let built = self.build_into(&project, out.clone())?;
        Ok((out, built))
    }

    fn build_into(&self, project: &Project, out: PathBuf) -> Result<Built, SiteError> {
        let toolkit = match (&self.web, &self.pkg) {
            (Some(web), Some(pkg)) => Toolkit::from_folders(web, pkg)?,
            _ => Toolkit::embedded()?,
        };
        let options = Options {
            out,
            toolkit,
            crops: self.data.clone(),
            tell: |what| eprintln!("{what} ..."),
        };
        build(project, &options, &mut |bundle| {
            open_for_pictures(self.engine, bundle)
        })
    }
}

/// Builds the site aside and writes it as one file, whole or not at all.
fn write_single(from: &From, file: &Path, force: bool) -> anyhow::Result<()> {
    let project = from.project()?;
    single::is_one_page(&project)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let site = folder.path().join("site");
    let built = from.build_into(&project, site.clone())?;
    for advice in built.advice.iter().chain(&single::left_out(&project)) {
        eprintln!("note: {advice}");
    }
    let html = single::single(&site)?;
    let size = format!("{:.1} MiB", mebibytes(html.len()));
    if html.len() > single::LIMIT && !force {
        anyhow::bail!(
            "{}: would be {size}, expected at most {:.0} MiB, which mail and learning platforms usually \
            take: \
            store the weights in fewer bytes (`dtype` in site.toml), or write it all the same with --force",
            file.display(),
            mebibytes(single::LIMIT)
        );
    }
    write_whole(file, html.as_bytes())?;
    println!("{}: one file, {size}, which opens from a disk", file.display());
    Ok(())
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

/// Writes the answer key beside the site, where no visitor of the site finds it.
fn write_answers(out: &Path, key: &str) -> anyhow::Result<PathBuf> {
    let out = std::path::absolute(out).context("cannot resolve the folder of the site")?;
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let file = out.with_file_name(format!("{name}.answers.md"));
    let before = match std::fs::read(&file) {
        Ok(before) => before,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => ANSWERS.into(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    if !before.starts_with(ANSWERS.as_bytes()) {
        anyhow::bail!(
            "{}: expected an answer key of an earlier build; move the file away",
            file.display()
        );
    }
    std::fs::write(&file, key).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Builds into a temporary folder, so that a check changes nothing.
fn check(options: &Check) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let findings = findings(options, &folder.path().join("site"))?;
    if options.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&findings).context("the findings cannot be written")?
        );
    } else {
        for finding in &findings {
            let kind = if finding.serious { "wrong" } else { "note" };
            println!("{kind}: {}: {}", finding.place, finding.problem);
        }
    }
    let wrong = findings.iter().filter(|finding| finding.serious).count();
    eprintln!("{wrong} wrong, {} to note", findings.len() - wrong);
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is wrong with a site that is built into `out`, or what keeps it from being built.
fn findings(options: &Check, out: &Path) -> Result<Vec<Finding>, SiteError> {
    let from = &options.from;
    let built = from
        .project()
        .and_then(|project| Ok((from.build_into(&project, out.to_owned())?, project)));
    let (built, project) = match built {
        Ok(built) => built,
        Err(error @ (SiteError::At { .. } | SiteError::Several { .. })) => {
            return Ok(error.each().iter().map(Finding::of).collect());
        }
        Err(error) => return Err(error),
    };
    let mut findings = site_check::check_up_to(out, &built.links_inside, built.largest_file)?;
    let advice = built.advice.iter().map(|advice| {
        let (place, problem) = advice.split_once(": ").unwrap_or((config::FILE, advice));
        Finding {
            place: place.to_owned(),
            problem: problem.to_owned(),
            serious: false,
        }
    });
    findings.extend(advice);
    if options.anonymous || project.config.anonymous {
        findings.extend(names_in(&project, out, from.out.as_deref())?);
    }
    Ok(findings)
}

/// Where a site says whose it is. What is published is the folder of `site build`, and git keeps the names of
/// everybody who committed to it.
fn names_in(project: &Project, out: &Path, published: Option<&Path>) -> Result<Vec<Finding>, SiteError> {
    let mut findings = anonymous::search(out, &anonymous::identifying(project)?)?;
    let serious = |place: String, problem: &str| Finding {
        place,
        problem: problem.to_owned(),
        serious: true,
    };
    if !project.config.anonymous {
        findings.push(serious(
            config::FILE.to_owned(),
            "does not say `anonymous = true`, expected it for a page without names",
        ));
    }
    let published = published.map_or_else(|| project.folder.join("dist"), Path::to_owned);
    for (name, problem) in [
        (
            ".git",
            "names everybody who committed, expected a folder to publish without it",
        ),
        (
            "CNAME",
            "names the site's host, expected a folder to publish without it: build again, or remove it",
        ),
    ] {
        let file = published.join(name);
        if file.exists() {
            findings.push(serious(file.display().to_string(), problem));
        }
    }
    Ok(findings)
}

fn serve(options: &Serve) -> anyhow::Result<()> {
    let from = &options.from;
    let source = from.site.join(config::FILE).is_file() || from.site.is_file();
    let (folder, live) = if source {
        let (out, built) = from.build()?;
        told(&out, &built, false)?;
        (out.clone(), Some((out, built)))
    } else {
        (from.site.clone(), None)
    };
    let mut server = Server::bind(&folder, options.port, &options.under)?;
    if let Some((out, built)) = live {
        let from = from.clone();
        let rebuild = move || {
            let project = from.project()?;
            Ok(from.build_into(&project, out.clone())?.sources)
        };
        server = server.rebuilding(built.sources, Box::new(rebuild))?;
    }
    let url = server.url();
    println!("serving {} at {url} (Ctrl-C ends)", folder.display());
    if options.open
        && let Err(error) = open::that_detached(&url)
    {
        // The address is on the screen already.
        eprintln!("no browser could be opened ({error}): open {url} yourself");
    }
    server.run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_key_lies_beside_the_site_and_replaces_only_another_one() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("dist");
        let file = write_answers(&out, &format!("{ANSWERS}one")).unwrap();
        assert_eq!(file, home.path().join("dist.answers.md"));
        write_answers(&out, &format!("{ANSWERS}two")).unwrap();
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("two"));
        std::fs::write(&file, "my notes").unwrap();
        let error = write_answers(&out, ANSWERS).unwrap_err().to_string();
        assert!(
            error.contains("dist.answers.md") && error.contains("move the file away"),
            "{error}"
        );
    }
}
