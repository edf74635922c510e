//! The static-site toolkit: a bundle, a `site.toml` and some Markdown become a folder that any host can
//! serve.
//!
//! ```text
//! site.toml ─┐
//! Markdown ──┤
//! bundles ───┼─ build ─▶ site/ index.html, embed.html, web/, pkg/, bundles/NAME-DIGEST/, …
//! toolkit ───┘              └─ serve ─▶ http://127.0.0.1:PORT/
//! ```
//!
//! The folder needs no special server: every reference in it is relative, and everything comes from
//! one origin. Any folder of pages can be checked for that:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let site = tempfile::tempdir()?;
//! let page = "<!doctype html><html lang=en><title>Cells</title><img src=cell.png alt='a cell'>";
//! std::fs::write(site.path().join("index.html"), page)?;
//! let findings = cellflux_site::check::check(site.path(), &[])?;
//! assert!(findings.iter().any(|finding| finding.serious && finding.problem.contains("cell.png")));
//! # Ok(())
//! # }
//! ```

#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "HTML and CSS are read more easily whole, and a page is small"
)]

mod address;
pub mod anonymous;
pub mod archive;
pub mod build;
pub mod cache;
mod card;
pub mod check;
pub mod citations;
pub mod components;
pub mod config;
mod digests;
pub mod error;
pub mod files;
mod film;
mod finding;
pub mod fingerprint;
mod footnotes;
mod headings;
mod highlight;
mod html;
pub mod identity;
pub mod ids;
mod image_facts;
pub mod imported;
mod link_icons;
pub mod live;
pub mod markdown;
pub mod maths;
pub mod mentions;
pub mod model;
pub mod new_site;
pub mod output;
mod own_css;
mod page_check;
mod page_words;
mod pages;
mod pdf;
mod picture;
pub mod place;
mod poster;
pub mod precompute;
pub mod real_crops;
mod recorder;
pub mod references;
mod renditions;
pub mod report;
mod requested_recipe;
pub mod serve;
mod shortened;
pub mod single;
mod site_files;
pub mod source;
mod static_files;
mod storage;
mod svg;
mod text_run;
mod texts;
pub mod theme;
pub mod toolkit;
mod untaken;
pub mod verify;
mod video;
pub mod walk_request;
mod webp;
mod whole_site;
pub mod words;
mod worker_integrity;

pub use build::{Built, Options, build};
pub use config::Project;
pub use error::SiteError;
pub use report::Report;
pub use serve::Server;
pub use toolkit::Toolkit;
