//! What a built folder holds, and when none is written.

use std::fs;
use std::path::Path;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cellflux_bundle::folder;
use cellflux_site::{Options, Project, SiteError, Toolkit};
use sha2::{Digest, Sha256};

use crate::parts::{build, engine, files, project, published, read};

const EXPLORER: &str = "[[section]]\nid = \"try\"\ntext = \"\"\"\n```{explorer}\ncompound = \"taxol\"\n\
    alpha = 1.5\n```\n\"\"\"\n";

/// A name without its digest: `web/page-0123456789.js` is `web/page.js`.
fn plain(path: &str) -> String {
    path.split('/')
        .map(|part| match part.rsplit_once('-') {
            Some((stem, rest))
                if rest.len() >= 10 && rest.as_bytes()[..10].iter().all(u8::is_ascii_hexdigit) =>
            {
                format!("{stem}{}", &rest[10..])
            }
            _ => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn a_site_holds_its_pages_the_modules_they_need_and_the_bundle_under_names_of_their_content() {
    let home = project(&format!("{EXPLORER}[precompute]\ncompounds = [\"taxol\"]\n"));
    fs::write(home.path().join("bundle/notes-to-self.txt"), "not listed").unwrap();
    build(home.path()).unwrap();
    let mut found: Vec<String> = files(&home.path().join("dist"))
        .iter()
        .map(|path| plain(path))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            ".cellflux-site",
            ".nojekyll",
            "404.html",
            "bundles/bundle/conditions.safetensors",
            "bundles/bundle/manifest.json",
            "bundles/bundle/samples/synthetic-1.png",
            "bundles/bundle/weights-0001-of-0001.safetensors",
            "card.png",
            "digests.json",
            "embed.html",
            "explorer.js",
            "index.html",
            "pkg/THIRD_PARTY.txt",
            "pkg/cellflux_wasm.d.ts",
            "pkg/cellflux_wasm.js",
            "pkg/cellflux_wasm_bg.wasm",
            "recorded/bundle.json",
            "recorded/film.webp",
            "web/embed.js",
            "web/explorer.js",
            "web/icon.svg",
            "web/page.js",
            "web/parts/stage.js",
            "web/styles/page.css",
            "web/styles/tokens.css",
            "web/unstarted.js",
            "web/worker.js",
        ]
    );
    let bundle = published(home.path());
    folder::read(&bundle).unwrap();
    assert_eq!(
        fs::read(bundle.join("manifest.json")).unwrap(),
        fs::read(home.path().join("bundle/manifest.json")).unwrap(),
        "an unchanged bundle keeps its manifest byte for byte"
    );
}

#[test]
fn the_page_names_its_bundle_its_preset_and_what_was_recorded() {
    let home = project(&format!(
        "{EXPLORER}[precompute]\ncompounds = [\"taxol\"]\nalpha = 1.5\n"
    ));
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    let attribute = |name: &str| {
        page.split(&format!(" {name}=\""))
            .nth(1)
            .map(|rest| rest.split('"').next().unwrap())
    };
    let tag = page.find("<cellflux-explorer").unwrap();
    assert!(page[tag..].contains("src=\"bundles/bundle-"), "{page}");
    let preset = attribute("preset").unwrap().replace("&amp;", "&");
    assert!(
        preset.contains("&c=taxol&") && preset.contains("&a=1.5&"),
        "{preset}"
    );
    let list: serde_json::Value =
        serde_json::from_str(&read(home.path(), attribute("recorded").unwrap())).unwrap();
    assert_eq!(
        list[0]["link"], preset,
        "the explorer finds the film by its own link"
    );
    assert_eq!(list[0]["times"].as_array().unwrap().len(), 3);
}

#[test]
fn every_script_and_style_of_the_page_carries_the_digest_of_its_file() {
    let home = project(EXPLORER);
    build(home.path()).unwrap();
    for page in ["index.html", "embed.html"] {
        let page = read(home.path(), page);
        let mut seen = 0;
        for tag in page.split('<').filter(|tag| {
            tag.starts_with("script type=\"module\"")
                || tag.starts_with("link rel=\"stylesheet\"")
                || tag.starts_with("link rel=\"modulepreload\"")
        }) {
            let value = |name: &str| {
                tag.split(&format!("{name}=\""))
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap()
            };
            let address = if tag.starts_with("script") {
                value("src")
            } else {
                value("href")
            };
            let content = fs::read(home.path().join("dist").join(address)).unwrap();
            assert_eq!(
                value("integrity"),
                cellflux_site::fingerprint::integrity(&content),
                "{address}"
            );
            seen += 1;
        }
        assert!(seen >= 4, "{page}");
        assert!(
            page.contains(
                "http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; \
            script-src &#39;self&#39; &#39;wasm-unsafe-eval&#39;"
            ),
            "{page}"
        );
        assert!(
            !page.contains("style=\"") && !page.contains("<style"),
            "no inline style"
        );
    }
}

#[test]
fn every_module_that_the_page_imports_has_its_digest_in_the_import_map_which_the_policy_allows() {
    let home = project(EXPLORER);
    build(home.path()).unwrap();
    for page in ["index.html", "embed.html"] {
        let page = read(home.path(), page);
        let (before, rest) = page.split_once("<script type=\"importmap\">").unwrap();
        let (map, _) = rest.split_once("</script>").unwrap();
        assert!(
            !before.contains("modulepreload") && !before.contains("type=\"module\""),
            "a map comes before the modules that it is for"
        );
        let hash = STANDARD.encode(Sha256::digest(map.as_bytes()));
        assert!(
            page.contains(&format!(
                "&#39;wasm-unsafe-eval&#39; &#39;sha256-{hash}&#39;; style-src"
            )),
            "{page}"
        );
        let map: serde_json::Value = serde_json::from_str(map).unwrap();
        let digests = map["integrity"].as_object().unwrap();
        let mut seen = Vec::new();
        for (address, digest) in digests {
            let path = address.strip_prefix("./").unwrap();
            let content = fs::read(home.path().join("dist").join(path)).unwrap();
            let expected = cellflux_site::fingerprint::integrity(&content);
            assert_eq!(digest.as_str(), Some(expected.as_str()), "{address}");
            seen.push(plain(path));
        }
        for module in ["web/explorer.js", "web/parts/stage.js", "web/unstarted.js"] {
            assert!(seen.iter().any(|path| path == module), "{module} in {seen:?}");
        }
        let inline = page.matches("<script").count() - page.matches("<script type=\"module\" src=").count();
        assert_eq!(
            inline,
            page.matches("<script type=\"application/").count() + 1,
            "{page}"
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_the_second_time_nothing_is_computed() {
    let home = project(&format!(
        "{EXPLORER}[theme]\naccent = \"#0c6670\"\n[precompute]\ncompounds = [\"taxol\"]\n"
    ));
    let dist = home.path().join("dist");
    let content = || -> Vec<(String, Vec<u8>)> {
        files(&dist)
            .into_iter()
            .map(|path| (path.clone(), fs::read(dist.join(path)).unwrap()))
            .collect()
    };
    let computed = build(home.path()).unwrap().report.computed;
    let first = content();
    fs::remove_dir_all(home.path().join(".cellflux-cache")).unwrap();
    build(home.path()).unwrap();
    assert!(first == content(), "computed anew");
    let began = Instant::now();
    let again = build(home.path()).unwrap().report.computed;
    println!(
        "a rebuild with nothing changed took {:.3} s",
        began.elapsed().as_secs_f64()
    );
    assert!(first == content(), "kept from the build before");
    assert_eq!((computed, again), (1, 0));
}

#[test]
fn each_explorer_gets_the_recorded_walks_of_its_own_bundle() {
    let explorers = "[[section]]\nid = \"both\"\ntext = \"\"\"\n```{explorer}\n```\n\n\
        ```{explorer}\nbundle = \"other\"\n```\n\"\"\"\n";
    let home = project(&format!(
        "[[bundle]]\npath = \"other\"\n{explorers}[[precompute]]\ncompounds = [\"taxol\"]\n\
         [[precompute]]\nbundle = \"other\"\ncompounds = [\"taxol\"]\nalpha = 1.5\n\
         [[precompute]]\nbundle = \"other\"\ncompounds = [\"taxol\"]\nalpha = 1.2\n"
    ));
    let small = project("");
    fs::rename(small.path().join("bundle"), home.path().join("other")).unwrap();
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    let lists: Vec<&str> = page
        .split(" recorded=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let films = |list: &str| -> usize {
        let list: serde_json::Value = serde_json::from_str(&read(home.path(), list)).unwrap();
        list.as_array().unwrap().len()
    };
    let [first, second] = lists.as_slice() else {
        panic!("{lists:?}");
    };
    assert_eq!((films(first), films(second)), (1, 2));
}

#[test]
fn a_page_with_an_address_says_it_where_others_look_for_it() {
    let home = tempfile::tempdir().unwrap();
    let small = project("");
    fs::rename(small.path().join("bundle"), home.path().join("bundle")).unwrap();
    let text = "title = \"Cells & <flows>\"\nurl = \"https://lab.example/cells\"\nvenue = \"ICML 2025\"\n\
        date = \"2025-07\"\noffline = true\n\
                [[author]]\nname = \"Ada Example\"\naffiliations = [\"One\", \"Two\"]\n[[author]]\n\
                name = \"Bo Example\"\naffiliations = [\"Two\"]\n\
                [[link]]\nlabel = \"Paper\"\nhref = \"paper.pdf\"\nkind = \"pdf\"\n[[bundle]]\n\
                path = \"bundle\"\n[card]\ncompound = \"taxol\"\n";
    fs::write(home.path().join("site.toml"), text).unwrap();
    fs::write(home.path().join("paper.pdf"), "%PDF").unwrap();
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    for part in [
        "<title>Cells &amp; &lt;flows&gt;</title>",
        "<link rel=\"canonical\" href=\"https://lab.example/cells/\">",
        "property=\"og:image\" content=\"https://lab.example/cells/card-",
        "name=\"citation_author\" content=\"Ada Example\"",
        "name=\"citation_author_institution\" content=\"Two\"",
        "name=\"citation_publication_date\" content=\"2025/07\"",
        "name=\"citation_pdf_url\" content=\"https://lab.example/cells/files/paper-",
        "\"@type\":\"ScholarlyArticle\"",
        "<sup>1,2</sup>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(read(home.path(), "sitemap.xml").contains("<loc>https://lab.example/cells/</loc>"));
    let worker = read(home.path(), "service_worker.js");
    assert!(
        worker.contains("\"index.html\"") && !worker.contains("weights-0001"),
        "{worker}"
    );
}

#[test]
fn an_installed_command_without_the_package_says_what_to_run() {
    let home = project("");
    let (web, pkg) = (home.path().join("web"), home.path().join("pkg"));
    fs::create_dir_all(&web).unwrap();
    fs::create_dir_all(&pkg).unwrap();
    fs::write(pkg.join("package.json"), "{}").unwrap();
    let error = Toolkit::from_folders(&web, &pkg).unwrap_err();
    assert!(error.to_string().contains("cargo xtask install"), "{error}");
}

#[test]
fn the_example_is_written_once_and_builds_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("demo");
    cellflux_site::new_site::write(&folder, "paper", None).unwrap();
    let error = cellflux_site::new_site::write(&folder, "paper", None).unwrap_err();
    assert!(matches!(error, SiteError::Exists { .. }), "{error}");
    // Computing the recordings takes long, and the browser's tests do it.
    without_walks(&folder);
    let project = Project::read(&folder).unwrap();
    let options = Options {
        out: folder.join("dist"),
        toolkit: crate::parts::toolkit(),
        crops: None,
        tell: |_| {},
    };
    let began = Instant::now();
    cellflux_site::build(&project, &options, &mut engine).unwrap();
    println!(
        "the example, its walks aside, took {:.2} s",
        began.elapsed().as_secs_f64()
    );
    assert!(
        fs::read_to_string(folder.join("dist/index.html"))
            .unwrap()
            .contains("First Author")
    );
}

/// Removes from an example what the network would compute.
fn without_walks(folder: &Path) {
    for path in ["site.toml", "sections/results.md"] {
        let text = fs::read_to_string(folder.join(path)).unwrap();
        let mut kept = String::new();
        let mut skipping = false;
        for line in text.lines() {
            let starts = ["```{strip}", "```{slider}", "```{gallery}", "[precompute]"].contains(&line);
            let ends = skipping && (line == "```" || line.is_empty());
            skipping = (skipping || starts) && !ends;
            if !skipping && !ends {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        fs::write(folder.join(path), kept).unwrap();
    }
}

#[test]
fn an_author_hears_of_walks_whose_control_is_of_another_batch_or_whose_batch_is_not_known() {
    let home = project(&format!("{EXPLORER}[precompute]\ncompounds = [\"taxol\"]\n"));
    let noted = || {
        let advice = build(home.path()).unwrap().advice;
        advice
            .into_iter()
            .filter(|note| note.contains("batch"))
            .collect::<Vec<_>>()
    };
    let drawn = build(home.path()).unwrap().advice;
    assert_eq!(
        drawn
            .iter()
            .filter(|note| note.contains("synthetic-1 is drawn"))
            .count(),
        1,
        "{drawn:?}"
    );
    let path = home.path().join("bundle/manifest.json");
    let mut photographed: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    photographed["gallery"]["controls"][0]["synthetic"] = false.into();
    fs::write(&path, photographed.to_string()).unwrap();
    let unknown = noted();
    assert_eq!(
        unknown.len(),
        2,
        "the explorer's and the recorded walk: {unknown:?}"
    );
    assert!(
        unknown
            .iter()
            .all(|note| note.contains("site.toml:") && note.contains("not")),
        "{unknown:?}"
    );
    let said = |batch: &str| {
        let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        manifest["gallery"]["controls"][0]["batch"] = "Week4".into();
        for condition in manifest["conditions"]["list"].as_array_mut().unwrap() {
            condition["batches"] = serde_json::json!([batch]);
        }
        fs::write(&path, manifest.to_string()).unwrap();
    };
    said("Week1");
    let other = noted();
    assert!(
        other.len() == 2
            && other
                .iter()
                .all(|note| note.contains("Week4") && note.contains("Week1")),
        "{other:?}"
    );
    said("Week4");
    assert_eq!(noted(), Vec::<String>::new());
}
