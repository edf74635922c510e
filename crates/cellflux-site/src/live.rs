//! Live reload: the site is built again when an author saves a file, and open pages show it.
//!
//! Served pages, and only those, hold a small script that asks twice per second which build this is. A build
//! that fails leaves the last good site in view, below what is wrong with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::SiteError;

/// Builds the site; returns the files it was made from.
pub type Rebuild = Box<dyn FnMut() -> Result<Vec<PathBuf>, SiteError> + Send>;

/// Editors save in several writes; a build waits until they have finished.
const SETTLED: Duration = Duration::from_millis(120);

const SCRIPT: &str = include_str!("../templates/live.js");

/// Which build is shown, and what went wrong with the newest.
#[derive(Debug, Default)]
pub struct Live {
    build: AtomicU64,
    trouble: Mutex<String>,
}

impl Live {
    /// Watches files and builds on every change, on a thread of its own until the process ends.
    ///
    /// # Errors
    /// [`SiteError::Io`] when the system watches no files.
    pub fn watch(sources: Vec<PathBuf>, rebuild: Rebuild) -> Result<Arc<Self>, SiteError> {
        let (changed, changes) = channel();
        let failed =
            |error: notify::Error| SiteError::io(Path::new("watching files"))(std::io::Error::other(error));
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is an event too, and a build reads all of them.
            if event
                .is_ok_and(|event| !event.kind.is_access() && event.paths.iter().any(|path| is_source(path)))
            {
                // The other end lives as long as the process.
                let _ = changed.send(());
            }
        })
        .map_err(failed)?;
        let live = Arc::new(Self::default());
        let mut watched = Watched {
            watcher,
            paths: Vec::new(),
        };
        watched.add(sources);
        let shown = live.clone();
        std::thread::spawn(move || shown.build_on(&changes, &mut watched, rebuild));
        Ok(live)
    }

    fn build_on(&self, changes: &Receiver<()>, watched: &mut Watched, mut rebuild: Rebuild) {
        while changes.recv().is_ok() {
            while changes.recv_timeout(SETTLED).is_ok() {}
            let trouble = match rebuild() {
                Ok(sources) => {
                    eprintln!("built again");
                    watched.add(sources);
                    String::new()
                }
                Err(error) => {
                    eprintln!("cellflux: {error}");
                    error.to_string()
                }
            };
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
            self.build.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A page with the script, which is told the page's build: the next build may be finished before the
    /// script first asks.
    fn page(&self, file: &Path) -> axum::response::Response {
        // Read before the page: at worst this is the older of two builds, which costs a reload.
        let build = self.build.load(Ordering::SeqCst);
        let script = format!("<script type=\"module\" src=\"@live.js?build={build}\"></script></head>");
        match fs::read_to_string(file) {
            Ok(html) => Html(html.replacen("</head>", &script, 1)).into_response(),
            Err(error) => (axum::http::StatusCode::NOT_FOUND, error.to_string()).into_response(),
        }
    }

    /// A page beside the first one, by its path; nothing for what is not such a page.
    pub fn further(&self, folder: &Path, path: &str) -> Option<axum::response::Response> {
        let name = path.trim_start_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let page = name
            .strip_suffix(".html")
            .is_some_and(|stem| stem.chars().all(plain));
        let file = folder.join(name);
        (page && file.is_file()).then(|| self.page(&file))
    }

    fn state(&self) -> String {
        let trouble = self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        serde_json::json!({ "build": self.build.load(Ordering::SeqCst), "trouble": trouble }).to_string()
    }
}

/// Not what a build itself writes beside the sources: the site's folder, which has no extension, and hidden
/// ones.
fn is_source(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some()
}

/// The folders of the sources: editors replace files, which ends the watching of a file itself.
struct Watched {
    watcher: RecommendedWatcher,
    paths: Vec<PathBuf>,
}

impl Watched {
    fn add(&mut self, sources: Vec<PathBuf>) {
        for source in sources {
            let folder = match source.parent() {
                _ if source.is_dir() => source,
                Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
                _ => PathBuf::from("."),
            };
            // A folder that cannot be watched is still built from.
            if !self.paths.contains(&folder)
                && self.watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok()
            {
                self.paths.push(folder);
            }
        }
    }
}

/// The pages with the script in them, the script, and what it asks for.
pub fn routes(live: Arc<Live>, folder: &Path) -> Router {
    let page = |name: &'static str| {
        let (file, live) = (folder.join(name), live.clone());
        get(move || {
            let (file, live) = (file.clone(), live.clone());
            async move { live.page(&file) }
        })
    };
    Router::new()
        .route("/", page("index.html"))
        .route("/index.html", page("index.html"))
        .route("/embed.html", page("embed.html"))
        .route(
            "/@live.js",
            get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }),
        )
        .route(
            "/@live",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], live.state()) }),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_file_is_built_and_a_failed_build_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.toml");
        fs::write(&file, "good").unwrap();
        let (read, sources) = (file.clone(), vec![file.clone()]);
        let rebuild = move || match fs::read_to_string(&read) {
            Ok(text) if text == "good again" => Ok(vec![read.clone()]),
            _ => Err(SiteError::NoPackage),
        };
        let live = Live::watch(sources, Box::new(rebuild)).unwrap();
        let wait_for = |expected: &dyn Fn(&str) -> bool| {
            for _ in 0..600 {
                if expected(&live.state()) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            panic!("{}", live.state());
        };
        assert!(live.state().contains("\"build\":0"));
        fs::write(&file, "bad").unwrap();
        wait_for(&|state| state.contains("cargo xtask install"));
        fs::write(&file, "good again").unwrap();
        wait_for(&|state| state.contains("\"trouble\":\"\"") && !state.contains("\"build\":0"));
    }
}
