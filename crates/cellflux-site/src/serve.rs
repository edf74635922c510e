//! Serving a site on this machine, to look at it before it is published.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::error::SiteError;
use crate::live::{self, Live, Rebuild};

/// A server that has its port and waits to run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    folder: PathBuf,
    under: String,
    live: Option<Arc<Live>>,
}

impl Server {
    /// Takes a port of 127.0.0.1 for the site in `folder`; 0 takes any free one. The site appears below the path
    /// `under` (`/` for none), as it will on a host that keeps many sites.
    ///
    /// # Errors
    /// [`SiteError::Missing`] without an `index.html`, [`SiteError::Under`] for a path that is none,
    /// [`SiteError::Port`] for one in use.
    pub fn bind(folder: &Path, port: u16, under: &str) -> Result<Self, SiteError> {
        if !folder.join("index.html").is_file() {
            return Err(SiteError::Missing {
                path: folder.into(),
                expected: "a site with an index.html",
            });
        }
        let under = normalised(under)?;
        let taken = |reason| SiteError::Port { port, reason };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(taken)?;
        listener.set_nonblocking(true).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        Ok(Self {
            listener,
            address,
            folder: folder.to_owned(),
            under,
            live: None,
        })
    }

    /// Builds the site anew whenever one of its sources changes, and has open pages reload.
    ///
    /// # Errors
    /// [`SiteError::Io`] when the system watches no files.
    pub fn rebuilding(mut self, sources: Vec<PathBuf>, rebuild: Rebuild) -> Result<Self, SiteError> {
        self.live = Some(Live::watch(sources, rebuild)?);
        Ok(self)
    }

    /// The site's address, ending in `/`.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.under)
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// [`SiteError::Io`] when the system takes the port away.
    pub fn run(self) -> Result<(), SiteError> {
        let failed = |error| SiteError::io(&self.folder)(error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        runtime
            .block_on(async {
                let listener = tokio::net::TcpListener::from_std(self.listener)?;
                axum::serve(listener, router(&self.folder, &self.under, self.live)).await
            })
            .map_err(SiteError::io(&self.folder))
    }
}

/// Files with the MIME types of their extensions (module scripts and WebAssembly need theirs), never cached: a
/// rebuilt site shows on the next reload.
fn router(folder: &Path, under: &str, live: Option<Arc<Live>>) -> Router {
    let fresh =
        SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let files = ServeDir::new(folder);
    let site = match live {
        None => Router::new().fallback_service(files),
        Some(live) => live::routes(live, folder).fallback_service(files),
    };
    let router = match under {
        "/" => site,
        under => Router::new().nest_service(under, site),
    };
    router.layer(fresh)
}

/// `demo`, `/demo` and `/demo/` are `/demo/`.
fn normalised(under: &str) -> Result<String, SiteError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let inner = under.trim_matches('/');
    if !inner.chars().all(plain)
        || inner.split('/').any(|part| matches!(part, "." | ".."))
        || inner.contains("//")
    {
        return Err(SiteError::Under { found: under.into() });
    }
    Ok(if inner.is_empty() {
        "/".into()
    } else {
        format!("/{inner}/")
    })
}
