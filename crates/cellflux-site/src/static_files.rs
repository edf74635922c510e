//! Files that are published under their own names: `CNAME`, `robots.txt`, what a host asks for.

use walkdir::WalkDir;

use crate::config::Project;
use crate::error::SiteError;
use crate::files::AuthorFiles;
use crate::site_files::Files;

/// The one hidden folder that belongs to a site.
const WELL_KNOWN: &str = ".well-known";

/// The files in the folder that `static` names, by their addresses. Hidden files stay at home.
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
        if site.files.contains_key(&path) {
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
    use std::fs;

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
        fs::write(folder.join("run.js"), "alert(1)").unwrap();
        let error = read(&project, &mut files).unwrap_err().to_string();
        assert!(
            error.contains("site.toml:2: ") && error.contains("allow_html = true"),
            "{error}"
        );
    }
}
