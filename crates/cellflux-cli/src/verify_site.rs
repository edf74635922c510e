//! `cellflux verify-site`: whether a published site is what was built, and whether its walk comes out again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use cellflux_site::SiteError;
use cellflux_site::check::Finding;
use cellflux_site::verify::{Folder, Published, Verified, address_of, verify};
use ureq::Agent;

use crate::engine::{EngineKind, open_for_pictures};

/// Bytes of the largest file that is taken from a server: the most that `largest_file_mib` allows.
const LARGEST: u64 = 2048 << 20;

/// How long a file may take, and how long the answer to whether a link leads somewhere.
const FOR_FILES: Duration = Duration::from_mins(10);
const FOR_LINKS: Duration = Duration::from_mins(1);

/// Verify a published site: every file against the list that the build wrote, every link, and a recorded walk
/// against the same walk computed here.
///
/// Exits 1 when something is wrong with the site, 2 when it could not be looked at.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  cellflux verify-site https://name.github.io/page/\n  \
        cellflux verify-site my-paper/dist --offline"
)]
pub struct Args {
    /// The site's address, or its folder.
    site: String,
    /// What computes the walk.
    #[arg(long, value_enum, default_value = "candle")]
    engine: EngineKind,
    /// Do not ask other sites whether the links to them still lead somewhere.
    #[arg(long)]
    offline: bool,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut site: Box<dyn Published> = if is_address(&args.site) {
        Box::new(Server {
            agent: agent(FOR_FILES),
            root: root(&args.site),
        })
    } else {
        Box::new(Folder(PathBuf::from(&args.site)))
    };
    let mut verified = verify(site.as_mut(), &mut |bundle| {
        open_for_pictures(args.engine, bundle)
    })?;
    if !args.offline {
        let agent = agent(FOR_LINKS);
        let links: Vec<Finding> = verified
            .outside
            .iter()
            .filter_map(|address| dead(&agent, address))
            .collect();
        verified.findings.extend(links);
    }
    tell(&verified, args)?;
    let is_well = !verified.findings.iter().any(|finding| finding.serious);
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What asks servers.
fn agent(patience: Duration) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .build()
        .into()
}

fn is_address(site: &str) -> bool {
    site.starts_with("https://") || site.starts_with("http://")
}

/// The address of a site, with a slash at its end, from that of any of its pages.
fn root(page: &str) -> String {
    let page = page.split(['?', '#']).next().unwrap_or(page);
    let is_file = |name: &str| {
        Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "html")
    };
    let folder = match page.rsplit_once('/') {
        Some((folder, name)) if is_file(name) => folder,
        _ => page,
    };
    format!("{}/", folder.trim_end_matches('/'))
}

fn tell(verified: &Verified, args: &Args) -> anyhow::Result<()> {
    if args.json {
        let findings = serde_json::to_string_pretty(&verified.findings);
        println!("{}", findings.context("the findings cannot be written")?);
        return Ok(());
    }
    for finding in &verified.findings {
        let kind = if finding.serious { "wrong" } else { "note" };
        println!("{kind}: {}: {}", finding.place, finding.problem);
    }
    println!("{} files looked at", verified.files);
    if let Some(walk) = verified.walk.as_ref().filter(|walk| walk.is_same()) {
        println!(
            "the walk {} computed anew: its pictures are at most {} of 255 apart from the recorded ones",
            walk.link, walk.apart
        );
    }
    let (count, asked) = (verified.outside.len(), if args.offline { "not " } else { "" });
    println!("{count} links to other sites, {asked}asked");
    Ok(())
}

/// A site on a server.
struct Server {
    agent: Agent,
    /// Ends in a slash.
    root: String,
}

impl Published for Server {
    fn file(&mut self, path: &str) -> Result<Option<Vec<u8>>, SiteError> {
        let wrong = |problem: String| SiteError::Part {
            path: path.to_owned(),
            problem,
        };
        let address = format!("{}{}", self.root, address_of(path));
        let mut response = self
            .agent
            .get(&address)
            .call()
            .map_err(|error| wrong(format!("{address}: {error}")))?;
        match response.status().as_u16() {
            200 => {
                let content = response.body_mut().with_config().limit(LARGEST).read_to_vec();
                content
                    .map(Some)
                    .map_err(|error| wrong(format!("{address}: {error}")))
            }
            404 | 410 => Ok(None),
            status => Err(wrong(format!("the server answered {status}, expected the file"))),
        }
    }
}

/// What is wrong with a link to another site; nothing where it leads somewhere.
fn dead(agent: &Agent, address: &str) -> Option<Finding> {
    let (problem, serious) = match agent.get(address).call() {
        Ok(response) => match response.status().as_u16() {
            200..=399 => return None,
            status @ (404 | 410) => (
                format!("the server answered {status}: the link leads nowhere"),
                true,
            ),
            // Many servers turn programs away.
            status => (
                format!("the server answered {status}; look at it in a browser"),
                false,
            ),
        },
        Err(error) => (format!("could not be asked ({error})"), false),
    };
    Some(Finding {
        place: address.to_owned(),
        problem,
        serious,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_any_page_leads_to_its_site() {
        for page in [
            "https://a.example/b",
            "https://a.example/b/",
            "https://a.example/b/index.html",
            "https://a.example/b/supplement.html?x=1#data",
        ] {
            assert_eq!(root(page), "https://a.example/b/", "{page}");
        }
        assert_eq!(root("https://a.example"), "https://a.example/");
    }
}
