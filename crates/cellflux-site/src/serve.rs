//! Serving a site on this machine, to look at it before it is published.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
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
    /// Takes a port of 127.0.0.1 for the site in `folder`; 0 takes any free one. The site appears below the
    /// path `under` (`/` for none), as it will on a host with many sites.
    ///
    /// # Errors
    /// [`SiteError::Missing`] without an `index.html`, [`SiteError::Under`] for something that is not a path,
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

    /// Builds the site again whenever one of its sources changes, and makes open pages reload.
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
                let folder = self.folder.canonicalize()?;
                axum::serve(listener, router(&folder, &self.under, self.live)).await
            })
            .map_err(SiteError::io(&self.folder))
    }
}

/// Files with the MIME types of their extensions (module scripts and WebAssembly need theirs), never cached:
/// the next reload shows a rebuilt site.
fn router(folder: &Path, under: &str, live: Option<Arc<Live>>) -> Router {
    let fresh =
        SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let files = ServeDir::new(folder);
    let site = match live {
        None => Router::new().fallback_service(files),
        Some(live) => {
            let (pages, shown) = (folder.to_owned(), live.clone());
            live::routes(live, folder)
                .fallback_service(files)
                .layer(middleware::from_fn(move |request: Request, next: Next| {
                    let (pages, shown) = (pages.clone(), shown.clone());
                    async move {
                        match shown.further(&pages, request.uri().path()) {
                            Some(page) => page,
                            None => next.run(request).await,
                        }
                    }
                }))
        }
    };
    let router = match under {
        "/" => site,
        under => Router::new().nest_service(under, site),
    };
    let (folder, under) = (folder.to_owned(), under.to_owned());
    router
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let (folder, under) = (folder.clone(), under.clone());
            async move {
                match refusal(&request, &folder, &under) {
                    Some(refusal) => refusal.into_response(),
                    None => next.run(request).await,
                }
            }
        }))
        .layer(fresh)
}

/// Why a request is refused. A page of another site may point its name at this machine (DNS rebinding) and
/// could then read unpublished pages; a link out of the folder would serve what no host will get; two slashes
/// begin another host's address.
fn refusal(request: &Request, folder: &Path, under: &str) -> Option<(StatusCode, &'static str)> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if !host.is_none_or(is_this_machine) {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "This preview answers to 127.0.0.1 and localhost only.\n",
        ));
    }
    let path = request.uri().path();
    if path.contains("//") {
        return Some((StatusCode::NOT_FOUND, "There is no such file.\n"));
    }
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else {
        return Some((StatusCode::NOT_FOUND, "There is no such file.\n"));
    };
    let inside = decoded
        .strip_prefix(under)
        .unwrap_or(decoded.trim_start_matches('/'));
    // The file service answers for what does not exist.
    let leads_out = folder
        .join(inside.trim_start_matches('/'))
        .canonicalize()
        .is_ok_and(|real| !real.starts_with(folder));
    leads_out.then_some((
        StatusCode::NOT_FOUND,
        "A link out of the site's folder is not followed.\n",
    ))
}

/// Whether a `Host` header names this machine, with any port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
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
