//! Files that list a whole site: the sitemap, and the service worker that keeps it.

use std::collections::BTreeMap;

use crate::config::{Page, Project};
use crate::fingerprint::digest;
use crate::html::escape;
use crate::pages::with_slash;
use crate::site_files::Files;

/// Every page's address, for search engines.
pub(crate) fn sitemap(url: &str, project: &Project) -> String {
    let further = project.config.pages.iter().map(Page::file);
    let pages: Vec<String> = std::iter::once(String::new())
        .chain(further)
        .map(|page| format!("  <url><loc>{}</loc></url>", escape(&(with_slash(url) + &page))))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset \
        xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{}\n</urlset>\n",
        pages.join("\n")
    )
}

/// The service worker: what it keeps, then what it does.
pub(crate) fn service_worker(site: &Files, project: &Project) -> String {
    let of_a_visit = |path: &String| {
        let bundled = path.starts_with("bundles/") && !path.ends_with("/manifest.json");
        // A file whose name holds no digest would become outdated; pages are fetched again each time.
        let stale = path.starts_with('.')
            || path.ends_with(".d.ts")
            || ["404.html", "explorer.js", "sitemap.xml"].contains(&path.as_str());
        !bundled && !stale
    };
    let kept: BTreeMap<&String, String> = site
        .files
        .iter()
        .filter(|(path, _)| of_a_visit(path))
        .map(|(path, content)| (path, cellflux_bundle::files::digest(content)))
        .collect();
    let list = serde_json::to_string(&kept).unwrap_or_else(|_| "{}".into());
    // Pages are fetched again each time; the script names those that every site has.
    let further = project
        .config
        .pages
        .iter()
        .map(|page| format!(", '{}'", page.file()));
    let further: String = further.collect();
    let script = include_str!("../templates/service_worker.js");
    let script = script.replacen("'embed.html']", &format!("'embed.html'{further}]"), 1);
    format!(
        "const VERSION = \"{}\";\nconst FILES = {list};\n\n{script}",
        digest(list.as_bytes())
    )
}
