//! Files that are published under their own names: `CNAME`, `robots.txt`, what a host asks for.

use std::fs;

use walkdir::WalkDir;

use crate::config::Project;
use crate::digests;
use crate::error::SiteError;
use crate::files::AuthorFiles;
use crate::site_files::Files;

/// The one hidden folder that belongs to a site.
const WELL_KNOWN: &str = ".well-known";

/// The file that tells a host the site's own name.
const HOST: &str = "CNAME";

/// Files whose purpose is to say whose site it is, which an anonymous one does without.
const OF_SOMEBODY: [&str; 5] = [
    HOST,
    "CITATION.cff",
    "humans.txt",
    "security.txt",
    ".well-known/security.txt",
];

/// The files that an anonymous site leaves out, as sentences with their place.
pub(crate) fn left_out(project: &Project) -> Vec<String> {
    let Some(folder) = project
        .config
        .static_files
        .as_ref()
        .filter(|_| project.config.anonymous)
    else {
        return Vec::new();
    };
    let at = project.source.place(folder.span().start);
    let root = project.path(folder.get_ref());
    OF_SOMEBODY
        .iter()
        .filter(|path| root.join(path).is_file())
        .map(|path| {
            format!("{at}: static: {path} is left out, since it says whose site this is (`anonymous = true`)")
        })
        .collect()
}

/// The names of hosts that the static files hold, also where they are left out.
pub(crate) fn hosts(project: &Project) -> Vec<String> {
    let folder = project.config.static_files.as_ref();
    let file = folder.map(|folder| project.path(folder.get_ref()).join(HOST));
    let text = file
        .and_then(|file| fs::read_to_string(file).ok())
        .unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// The files in the folder that `static` names, by their addresses. Hidden files stay at home, and in an
/// anonymous site those that say whose it is.
///
/// # Errors
/// [`SiteError::At`] for a folder that cannot be read, and for a file that may not be published.
pub(crate) fn read(project: &Project, files: &mut AuthorFiles) -> Result<Vec<(String, Vec<u8>)>, SiteError> {
    let Some(folder) = &project.config.static_files else {
        return Ok(Vec::new());
    };
    let at = project.source.place(folder.span().start);
    let root = project.path(folder.get_ref());
    if !root.is_dir() {
        return Err(at.wrong(format!("static: {} is no folder, expected one", root.display())));
    }
    let shown = |name: &std::ffi::OsStr| name == WELL_KNOWN || !name.to_string_lossy().starts_with('.');
    let walk = WalkDir::new(&root).min_depth(1).sort_by_file_name();
    let mut found = Vec::new();
    for entry in walk.into_iter().filter_entry(|entry| shown(entry.file_name())) {
        let entry = entry.map_err(|error| at.wrong(format!("static: {error}")))?;
        let Ok(inside) = entry.path().strip_prefix(&root) else {
            continue;
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let path = inside.to_string_lossy().replace('\\', "/");
        if project.config.anonymous && OF_SOMEBODY.contains(&path.as_str()) {
            continue;
        }
        if path.contains(':') {
            return Err(at.wrong(format!("static: {path}, expected a name without `:`")));
        }
        found.push((path, files.published(entry.path(), &at)?));
    }
    // A new file is seen by who watches the folder.
    files.read.push(root);
    Ok(found)
}

/// Adds these files to a site.
///
/// # Errors
/// [`SiteError::At`] for one that has the name of a file of the build.
pub(crate) fn add(
    files: Vec<(String, Vec<u8>)>,
    project: &Project,
    site: &mut Files,
) -> Result<(), SiteError> {
    for (path, content) in files {
        if path == digests::PATH || site.files.contains_key(&path) {
            let folder = project.config.static_files.as_ref();
            let at = project
                .source
                .place(folder.map_or(0, |folder| folder.span().start));
            return Err(at.wrong(format!(
                "static: the build itself writes {path}, expected another name"
            )));
        }
        site.add(&path, content);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_keep_their_names_and_hidden_ones_and_scripts_stay_at_home() {
        let home = tempfile::tempdir().unwrap();
        let text = "title = \"T\"\nstatic = \"static\"\n[[bundle]]\npath = \"b\"\n";
        fs::write(home.path().join("site.toml"), text).unwrap();
        let folder = home.path().join("static");
        for (path, content) in [
            ("CNAME", "cells.example.org"),
            (".DS_Store", "x"),
            (".well-known/security.txt", "Contact: mailto:a@example.org"),
            ("more/data.csv", "a,b"),
        ] {
            let file = folder.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        let project = Project::read(home.path()).unwrap();
        let mut files = AuthorFiles::of(home.path());
        let found = read(&project, &mut files).unwrap();
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, [".well-known/security.txt", "CNAME", "more/data.csv"]);
        assert_eq!(hosts(&project), ["cells.example.org"]);
        assert!(left_out(&project).is_empty());
        fs::write(folder.join("run.js"), "alert(1)").unwrap();
        let error = read(&project, &mut files).unwrap_err().to_string();
        assert!(
            error.contains("site.toml:2: ") && error.contains("allow_html = true"),
            "{error}"
        );
    }

    #[test]
    fn an_anonymous_site_leaves_out_what_says_whose_it_is_and_says_so() {
        let home = tempfile::tempdir().unwrap();
        let text = "title = \"T\"\nanonymous = true\nstatic = \"static\"\n[[bundle]]\npath = \"b\"\n";
        fs::write(home.path().join("site.toml"), text).unwrap();
        let folder = home.path().join("static");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("CNAME"), "cells.example.org\n").unwrap();
        fs::write(folder.join("robots.txt"), "User-agent: *\n").unwrap();
        let project = Project::read(home.path()).unwrap();
        let found = read(&project, &mut AuthorFiles::of(home.path())).unwrap();
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["robots.txt"]);
        let said = left_out(&project);
        assert!(
            said.len() == 1 && said[0].contains("site.toml:3: static: CNAME is left out"),
            "{said:?}"
        );
        assert_eq!(hosts(&project), ["cells.example.org"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_no_list_of_digests_can_hold_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let text = "title = \"T\"\nstatic = \"static\"\n[[bundle]]\npath = \"b\"\n";
        fs::write(home.path().join("site.toml"), text).unwrap();
        fs::create_dir(home.path().join("static")).unwrap();
        fs::write(home.path().join("static/a:b.txt"), "x").unwrap();
        let project = Project::read(home.path()).unwrap();
        let error = read(&project, &mut AuthorFiles::of(home.path())).unwrap_err();
        assert!(error.to_string().contains("a:b.txt"), "{error}");
    }
}
