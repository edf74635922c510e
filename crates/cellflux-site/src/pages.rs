//! The site's pages: templates, filled in with what a build has made.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Value, context};
use sha2::{Digest, Sha256};

use crate::components::{FALLBACK, Uses};
use crate::config::{INDEX, LinkKind, Mode, Page, Project};
use crate::error::SiteError;
use crate::fingerprint::{Named, integrity};
use crate::html::escape;
use crate::link_icons::drawing;
use crate::model::Model;
use crate::site_files::Files;
use crate::texts::Texts;
use crate::words::{Words, with_name};

/// The page's own entry points.
pub const EXPLORER: &str = "web/explorer.js";
/// The lab's element, on pages with a lab.
pub const LAB: &str = "web/lab/lab.js";
/// Lessons, on pages that have some.
pub const LESSON: &str = "web/lesson/lesson.js";
pub const PAGE: &str = "web/page.js";
/// Tabs, carousels, pictures to enlarge and the search, on pages that have some.
pub const ARTICLE: &str = "web/article/article.js";
pub const EMBED: &str = "web/embed.js";
pub const OFFLINE: &str = "web/offline.js";
/// Reports failures of the other scripts.
pub const UNSTARTED: &str = "web/unstarted.js";
pub const STYLES: &str = "web/styles/page.css";

/// What a page may load and run. The worker starts from a blob, so that it inherits this. The one inline
/// script in it is the import map, which is data.
fn policy(import_map: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{}'; style-src 'self'; \
         img-src 'self' blob: data:; font-src 'self'; media-src 'self'; connect-src 'self'; \
         worker-src 'self' blob:; base-uri 'none'; form-action 'none'",
        STANDARD.encode(Sha256::digest(import_map.as_bytes()))
    )
}

/// The digests by which a browser checks the modules that other modules import. A tag has an `integrity`
/// attribute, an `import` has none.
fn import_map<'a>(modules: impl Iterator<Item = &'a str>, site: &Files) -> String {
    let digests: serde_json::Map<String, serde_json::Value> = modules
        .map(|path| (format!("./{path}"), integrity(site.content(path)).into()))
        .collect();
    json_in_html(&serde_json::json!({ "integrity": digests }))
}

/// The style of the page for lost addresses. It needs no other file, whatever host serves it and from
/// whatever address.
const LOST: &str = ":root{color-scheme:light dark}\
    body{max-width:40rem;margin:15vh auto;padding:0 1.5rem;font:1rem/1.6 system-ui,sans-serif}\
    h1{font:600 1.6rem/1.2 Georgia,serif}";

/// A button, its address looked up.
pub(crate) struct Button {
    pub label: String,
    pub href: String,
    pub kind: LinkKind,
}

/// What the pages are made from.
pub struct Pages<'a> {
    pub project: &'a Project,
    pub own: &'a Named,
    pub theme: Option<&'a str>,
    pub icon: &'a str,
    pub notices: &'a str,
    /// Its address and its words.
    pub card: Option<&'a (String, String)>,
    pub links: &'a [Button],
    pub models: &'a [Model],
    pub recorded: &'a [(String, String)],
}

impl Pages<'_> {
    /// The toolkit's own words in the page's language, by name.
    fn words(&self) -> Value {
        Value::from(BTreeMap::from(self.project_words().entries()))
    }

    fn project_words(&self) -> Words {
        self.project.words()
    }

    /// What every page's head holds.
    fn head(&self, scripts: &[&str], site: &Files) -> Result<Value, SiteError> {
        let config = &self.project.config;
        let mut sheets = self.own.with_imports(STYLES);
        sheets.extend(self.theme);
        let mut modules = Vec::new();
        let mut entries = Vec::new();
        for script in scripts {
            let entry = self.own.of(script)?;
            entries.push(entry);
            modules.extend(
                self.own
                    .with_imports(script)
                    .into_iter()
                    .filter(|path| *path != entry),
            );
        }
        modules.sort_unstable();
        modules.dedup();
        let early = self.own.of(UNSTARTED).ok();
        let import_map = import_map(modules.iter().chain(&entries).copied(), site);
        Ok(context! {
            policy => policy(&import_map),
            import_map,
            title => config.title.get_ref(),
            description => config.description.as_str(),
            language => config.language.get_ref().as_str(),
            words => self.words(),
            version => env!("CARGO_PKG_VERSION"),
            colour_scheme => match config.theme.mode {
                Mode::Auto => "light dark",
                Mode::Light => "light",
                Mode::Dark => "dark",
            },
            icon => self.icon,
            styles => checked(&sheets, site),
            modules => checked(&modules, site),
            // Whether a script runs without waiting for others.
            scripts => entries.iter().map(|path| {
                let content = site.content(path);
                context! { href => *path, integrity => integrity(content), early => Some(*path) == early }
            }).collect::<Vec<_>>(),
        })
    }

    /// The scripts of a page with these texts.
    fn scripts(&self, uses: Uses) -> Vec<&'static str> {
        // Scripts run in their order: one that does not arrive holds up those after it, except the first,
        // which is outside that order.
        let mut scripts = vec![UNSTARTED];
        let needed = [
            (uses.explorers > 0, EXPLORER),
            (uses.labs > 0, LAB),
            (uses.lessons > 0, LESSON),
            (uses.article, ARTICLE),
            (true, PAGE),
            (self.project.config.offline, OFFLINE),
        ];
        scripts.extend(
            needed
                .iter()
                .filter(|(needed, _)| *needed)
                .map(|(_, script)| script),
        );
        scripts
    }

    /// The links to all pages; none where there is one page only.
    fn navigation(&self, here: &str) -> Vec<Value> {
        let config = &self.project.config;
        if config.pages.is_empty() {
            return Vec::new();
        }
        let first = (INDEX.to_owned(), config.title.get_ref().as_str());
        let further = config.pages.iter().map(|page| (page.file(), page.title.as_str()));
        std::iter::once(first)
            .chain(further)
            .map(|(file, title)| context! { here => file == here, file, title })
            .collect()
    }

    /// A page beside the first one.
    pub fn further(
        &self,
        page: &Page,
        texts: &Texts,
        card: Option<&(String, String)>,
        site: &Files,
    ) -> Result<String, SiteError> {
        let config = &self.project.config;
        let url = config.url.as_ref().map(|url| with_slash(url.get_ref()));
        let (address, alt) = card.map_or((None, None), |(address, alt)| (Some(address), Some(alt)));
        let description = if page.description.is_empty() {
            &config.description
        } else {
            &page.description
        };
        let values = context! {
            title => page.title.as_str(),
            description => description.as_str(),
            site_title => config.title.get_ref(),
            index => INDEX,
            url => url.as_ref().map(|url| format!("{url}{}", texts.file)),
            pages => self.navigation(&texts.file),
            card => address.map(|path| format!("{}{path}", url.as_deref().unwrap_or_default())),
            card_alt => alt.map(String::as_str),
            sections => sections(texts),
            footer => texts.footer.clone(),
            notices => self.notices,
            ..self.head(&self.scripts(texts.uses), site)?
        };
        rendered_template("further.html", values)
    }

    pub fn page(&self, texts: &Texts, site: &Files) -> Result<String, SiteError> {
        let config = &self.project.config;
        let scripts = self.scripts(texts.uses);
        let url = config.url.as_ref().map(|url| with_slash(url.get_ref()));
        let absolute = |path: &str| match &url {
            Some(url) if !crate::config::is_web_address(path) => format!("{url}{path}"),
            _ => path.to_owned(),
        };
        let mut affiliations: Vec<String> = Vec::new();
        let mut authors = Vec::new();
        for author in &config.authors {
            let mut numbers = Vec::new();
            for name in &author.affiliations {
                let known = affiliations.iter().position(|known| known == name);
                numbers.push(known.unwrap_or(affiliations.len()) + 1);
                if known.is_none() {
                    affiliations.push(name.clone());
                }
            }
            let orcid = author.orcid.as_ref();
            authors.push(context! {
                name => author.name.as_str(),
                url => author.url.as_str(),
                email => author.email.as_str(),
                write_to => with_name(self.project_words().write_to, &author.name),
                orcid => orcid.map(|orcid| context! { id => orcid.as_str(), address => orcid.address() }),
                equal => author.equal,
                numbers,
            });
        }
        let pdf = self
            .links
            .iter()
            .find(|link| link.kind == LinkKind::Pdf)
            .map(|link| absolute(&link.href));
        let links: Vec<Value> = self
            .links
            .iter()
            .map(|link| {
                context! {
                    label => link.label.as_str(),
                    href => link.href.as_str(),
                    icon => drawing(link.kind),
                }
            })
            .collect();
        let card = self.card.map(|(address, _)| absolute(address));
        let values = context! {
            url => url.clone(),
            subtitle => config.subtitle.as_str(),
            authors,
            affiliations,
            corresponding => config.authors.iter().any(|author| !author.email.as_str().is_empty()),
            teaser => texts.teaser.clone(),
            equal => config.authors.iter().any(|author| author.equal),
            venue => config.venue.as_str(),
            date => config.date.as_ref().map(|date| date.get_ref().clone()),
            doi => config.doi.as_str(),
            pdf,
            links,
            card => card.clone(),
            card_alt => self.card.map(|(_, alt)| alt.as_str()),
            summary => texts.summary.clone(),
            sections => sections(texts),
            pages => self.navigation(INDEX),
            bibtex => config.bibtex.trim(),
            footer => texts.footer.clone(),
            notices => self.notices,
            linked_data => json_in_html(&self.linked_data(url.as_deref(), card)),
            ..self.head(&scripts, site)?
        };
        rendered_template("page.html", values)
    }

    pub fn embed(&self, site: &Files) -> Result<String, SiteError> {
        let models: Vec<serde_json::Value> = self
            .models
            .iter()
            .map(|model| {
                let recorded = self.recorded.iter().find(|(name, _)| *name == model.name);
                serde_json::json!({
                    "name": model.name,
                    "src": model.manifest_address(),
                    "recorded": recorded.map(|(_, address)| address),
                })
            })
            .collect();
        let models = json_in_html(&models.into());
        let scripts: &[&str] = if self.own.of(EXPLORER).is_ok() {
            &[UNSTARTED, EMBED, EXPLORER]
        } else {
            &[UNSTARTED, EMBED]
        };
        rendered_template(
            "embed.html",
            context! { models, fallback => FALLBACK, ..self.head(scripts, site)? },
        )
    }

    pub fn lost(&self) -> Result<String, SiteError> {
        let config = &self.project.config;
        rendered_template(
            "404.html",
            context! {
                title => config.title.get_ref(),
                language => config.language.get_ref().as_str(),
                words => self.words(),
                url => config.url.as_ref().map(|url| with_slash(url.get_ref())),
                style => LOST,
                style_hash => STANDARD.encode(Sha256::digest(LOST.as_bytes())),
            },
        )
    }

    /// The paper for search engines, in the terms of schema.org.
    fn linked_data(&self, url: Option<&str>, card: Option<String>) -> serde_json::Value {
        let config = &self.project.config;
        let mut data = serde_json::json!({
            "@context": "https://schema.org",
            "@type": "ScholarlyArticle",
            "headline": config.title.get_ref(),
            "inLanguage": config.language.get_ref(),
        });
        let mut put = |name: &str, value: serde_json::Value| {
            if let Some(object) = data.as_object_mut() {
                object.insert(name.to_owned(), value);
            }
        };
        for (name, value) in [("description", &config.description), ("isPartOf", &config.venue)] {
            if !value.is_empty() {
                put(name, value.as_str().into());
            }
        }
        if let Some(date) = &config.date {
            put("datePublished", date.get_ref().as_str().into());
        }
        if let Some(url) = url {
            put("url", url.into());
        }
        if let Some(card) = card {
            put("image", card.into());
        }
        if !config.doi.as_str().is_empty() {
            put(
                "sameAs",
                format!("https://doi.org/{}", config.doi.as_str()).into(),
            );
        }
        let authors: Vec<serde_json::Value> = config
            .authors
            .iter()
            .map(|author| {
                let mut person = serde_json::json!({ "@type": "Person", "name": author.name });
                if let Some(object) = person.as_object_mut() {
                    if !author.affiliations.is_empty() {
                        object.insert("affiliation".into(), author.affiliations.clone().into());
                    }
                    if let Some(orcid) = &author.orcid {
                        object.insert("sameAs".into(), orcid.address().into());
                    }
                }
                person
            })
            .collect();
        if !authors.is_empty() {
            put("author", authors.into());
        }
        data
    }
}

/// A page's sections, for its template.
fn sections(texts: &Texts) -> Vec<Value> {
    texts
        .sections
        .iter()
        .map(|(id, title, wide, html)| {
            context! { id => id.as_str(), title => title.as_str(), wide => *wide, html => html.as_str() }
        })
        .collect()
}

/// Addresses with the digests by which a browser checks what it gets.
fn checked(paths: &[&str], site: &Files) -> Vec<Value> {
    let with_digest = |path: &&str| context! { href => *path, integrity => integrity(site.content(path)) };
    paths.iter().map(with_digest).collect()
}

fn rendered_template(name: &str, values: Value) -> Result<String, SiteError> {
    let mut environment = Environment::new();
    // Escapes as minijinja does, except slashes, so that addresses stay readable.
    environment.set_formatter(|out, _, value| {
        let text = if value.is_undefined() || value.is_none() {
            String::new()
        } else {
            value.to_string()
        };
        Ok(out.write_str(&if value.is_safe() { text } else { escape(&text) })?)
    });
    let wrong = |error: minijinja::Error| SiteError::Module {
        path: format!("templates/{name}"),
        problem: format!("{error:#}"),
    };
    for (name, text) in [
        ("head.html", include_str!("../templates/head.html")),
        ("sharing.html", include_str!("../templates/sharing.html")),
        ("page.html", include_str!("../../../index.html")),
        ("embed.html", include_str!("../templates/embed.html")),
        ("404.html", include_str!("../templates/404.html")),
        ("further.html", include_str!("../templates/further.html")),
    ] {
        environment.add_template(name, text).map_err(wrong)?;
    }
    environment
        .get_template(name)
        .and_then(|template| template.render(values))
        .map_err(wrong)
}

/// JSON that cannot end the element it stands in.
fn json_in_html(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

pub fn with_slash(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}
