//! The static-site toolkit: a bundle becomes a folder that any host can serve.
//!
//! ```text
//! index.html ─┐
//! web/ ───────┤
//! pkg/ ───────┼─ assemble ─▶ site/ index.html, web/, pkg/, bundles/NAME/ ─ serve ─▶ http://127.0.0.1:PORT/
//! bundle/ ────┤
//! real crops ─┘ (optional)
//! ```
//!
//! The folder needs no server of its own kind: every reference in it is relative and everything comes from one origin.

pub mod assemble;
pub mod error;
pub mod output;
pub mod page;
pub mod real_crops;
pub mod serve;

pub use assemble::{Parts, Site, assemble};
pub use error::SiteError;
pub use serve::Server;
