//! `cargo xtask dist`: both commands as an archive for this machine, which needs neither Rust nor a clone.
//!
//! The same programs give the same bytes: there is no time, no user and no path of this machine in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::crates::SHIPPED;
use crate::shell::{capture, cargo, root, run, stage};
use crate::{binstall, native, pkg, sbom, third_party};

/// The commands that an archive holds.
pub const COMMANDS: [&str; 2] = ["cellflux", "cellflux-train"];
/// The variable in which a build of `cellflux` gets the address whose releases new sites are built with.
const REPOSITORY: &str = "CELLFLUX_REPOSITORY";
/// What goes into an archive as it lies in the repository.
const TEXTS: [&str; 4] = ["CHANGELOG.md", "CITATION.cff", "LICENSE-APACHE", "LICENSE-MIT"];
/// The documents for people who use the commands.
const DOCUMENTS: [&str; 10] = [
    "bundle-format.md",
    "bundle.schema.json",
    "evaluation.md",
    "evaluation.schema.json",
    "images.md",
    "importing.md",
    "publish.md",
    "releasing.md",
    "training-data.md",
    "training.md",
];

#[derive(clap::Args)]
pub struct Options {
    /// The folder to write the archive and its checksum into.
    #[arg(long, default_value = "target/dist")]
    pub out: PathBuf,
    /// Take pkg/ as it lies there: `cargo xtask pkg --release` made it, maybe on another machine.
    #[arg(long)]
    pub built_page: bool,
    /// The repository whose releases will hold the archive, such as `https://github.com/NAME/REPOSITORY`. New
    /// sites are then built with it, and `cargo binstall` finds it.
    #[arg(long)]
    pub repository: Option<String>,
}

impl Options {
    /// An archive below `target/`, of a page that is built now, for no release.
    pub fn in_target() -> Self {
        Self {
            out: "target/dist".into(),
            built_page: false,
            repository: None,
        }
    }
}

/// A file of an archive.
#[derive(Clone, Debug)]
struct Entry {
    /// Where it lies, below the archive's one folder, with `/`.
    path: String,
    content: Vec<u8>,
    executable: bool,
}

/// Builds the commands, packs them, and tries what was packed in a temporary folder.
pub fn dist(options: &Options) -> Result<()> {
    // Chores may be called from any folder; what they write by default lies in the repository.
    let out = root().join(&options.out);
    pkg::published(options.built_page)?;
    let programs = build(options.repository.as_deref())?;
    let name = archive_name(&host()?);
    stage(&format!("Packing {name}"));
    let mut entries = texts()?;
    for (program, path) in COMMANDS.iter().zip(&programs) {
        entries.push(Entry {
            path: format!("{program}{}", std::env::consts::EXE_SUFFIX),
            content: fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
            executable: true,
        });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let archive = out.join(format!("{name}.tar.gz"));
    pack(&name, &entries, &archive)?;
    let checksum = write_checksum(&archive)?;
    let mut written = vec![archive.clone(), checksum];
    if let Some(repository) = &options.repository {
        written.extend(binstall::write(repository, &out)?);
    }
    try_out(&name, &entries, &archive, options.repository.is_some())?;
    for path in written {
        println!("{}", path.display());
    }
    Ok(())
}

/// The name of the archive of a target's programs, and of the one folder in it.
pub fn archive_name(target: &str) -> String {
    format!("cellflux-{}-{target}", env!("CARGO_PKG_VERSION"))
}

/// The target that programs are built for on this machine, for example `x86_64-unknown-linux-gnu`.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = capture(Command::new(rustc).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Builds both commands as they are published, and returns their paths.
fn build(repository: Option<&str>) -> Result<Vec<PathBuf>> {
    stage("Building the commands");
    let mut command = cargo("build");
    command.args(["--release", "--locked"]);
    command.args(["--package", "cellflux-cli", "--package", "cellflux-train"]);
    match repository {
        Some(address) => command.env(REPOSITORY, address),
        None => command.env_remove(REPOSITORY),
    };
    run(&mut command)?;
    let folder = native::target_folder()?.join("release");
    let path = |name: &&str| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    Ok(COMMANDS.iter().map(path).collect())
}

/// Everything that an archive holds beside the commands.
fn texts() -> Result<Vec<Entry>> {
    let text = |path: &str, content: Vec<u8>| Entry {
        path: path.to_owned(),
        content,
        executable: false,
    };
    let read = |path: &Path| {
        let path = root().join(path);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut entries = vec![
        text("README.md", read(Path::new("xtask/dist/README.md"))?),
        text(
            "THIRD_PARTY-cellflux.txt",
            third_party::texts_for_command()?.into(),
        ),
        text(
            "THIRD_PARTY-cellflux-train.txt",
            third_party::texts_for_trainer()?.into(),
        ),
        text("THIRD_PARTY-page.txt", third_party::texts_for_page()?.into()),
    ];
    for name in TEXTS {
        entries.push(text(name, read(Path::new(name))?));
    }
    for name in DOCUMENTS {
        let path = format!("docs/{name}");
        entries.push(text(&path, read(Path::new(&path))?));
    }
    for path in files_below(&root().join("configs"))? {
        let path = format!("configs/{path}");
        entries.push(text(&path, read(Path::new(&path))?));
    }
    for shipped in &SHIPPED {
        let path = format!("sbom/{}.cdx.json", shipped.name);
        entries.push(text(&path, sbom::text(shipped)?.into()));
    }
    Ok(entries)
}

/// Writes the entries below one folder of this name.
fn pack(name: &str, entries: &[Entry], archive: &Path) -> Result<()> {
    let wrong = || format!("cannot write {}", archive.display());
    let file = fs::File::create(archive).with_context(wrong)?;
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(entry.content.len() as u64);
        header.set_mode(if entry.executable { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let path = format!("{name}/{}", entry.path);
        tar.append_data(&mut header, path, entry.content.as_slice())
            .with_context(wrong)?;
    }
    let compressed = tar.into_inner().with_context(wrong)?;
    compressed.finish().with_context(wrong)?;
    Ok(())
}

/// Writes the digest of a file beside it, as `sha256sum --check` reads it, and returns its path.
fn write_checksum(file: &Path) -> Result<PathBuf> {
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = file.with_file_name(format!("{name}.sha256"));
    fs::write(&beside, format!("{:x}  {name}\n", Sha256::digest(&content)))
        .with_context(|| format!("cannot write {}", beside.display()))?;
    Ok(beside)
}

/// Unpacks an archive into a folder, and returns its one folder, which holds these entries and no others.
fn unpack(name: &str, entries: &[Entry], archive: &Path, into: &Path) -> Result<PathBuf> {
    let file = fs::File::open(archive).with_context(|| format!("cannot open {}", archive.display()))?;
    tar::Archive::new(GzDecoder::new(file))
        .unpack(into)
        .with_context(|| format!("cannot unpack {}", archive.display()))?;
    let expected: BTreeSet<String> = entries
        .iter()
        .map(|entry| format!("{name}/{}", entry.path))
        .collect();
    let found = files_below(into)?;
    if found != expected {
        bail!(
            "{}: holds {:?} too much and lacks {:?}",
            archive.display(),
            found.difference(&expected).collect::<Vec<_>>(),
            expected.difference(&found).collect::<Vec<_>>()
        );
    }
    Ok(into.join(name))
}

/// Unpacks an archive in a temporary folder and goes an author's way with its commands, without any program
/// of this machine's: a new site, its check, its folder.
fn try_out(name: &str, entries: &[Entry], archive: &Path, released: bool) -> Result<()> {
    stage("Trying the archive in a temporary folder");
    let home = tempfile::tempdir().context("no temporary folder")?;
    let folder = unpack(name, entries, archive, home.path())?;
    let call = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)));
        command.current_dir(home.path()).env("PATH", "").args(arguments);
        run(&mut command)
    };
    for command in COMMANDS {
        call(command, &["--version"])?;
    }
    call("cellflux", &["site", "new", "page"])?;
    call("cellflux", &["site", "check", "page"])?;
    call("cellflux", &["site", "build", "page"])?;
    let page = home.path().join("page");
    if !page.join("dist/index.html").is_file() {
        bail!("{}: `cellflux site build` wrote no index.html", archive.display());
    }
    let workflow = page.join(".github/workflows/pages.yml");
    let text =
        fs::read_to_string(&workflow).with_context(|| format!("cannot read {}", workflow.display()))?;
    // Hosts of sites build them on this target.
    let named = archive_name("x86_64-unknown-linux-gnu");
    if released && !text.contains(&format!("/{named}.tar.gz")) {
        bail!("pages.yml of a new site names no archive {named}.tar.gz, which a release has");
    }
    Ok(())
}

/// The files below a folder by path, with `/`.
fn files_below(folder: &Path) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let wrong = || format!("cannot list {}", next.display());
        for entry in fs::read_dir(&next).with_context(wrong)? {
            let path = entry.with_context(wrong)?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let inside = path.strip_prefix(folder).unwrap_or(&path);
                files.insert(inside.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Gathered once: cargo is asked for the licences of hundreds of crates.
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let mut entries = texts().unwrap();
        entries.extend(COMMANDS.map(|name| Entry {
            path: name.to_owned(),
            content: format!("the program {name}").into(),
            executable: true,
        }));
        entries
    });

    /// What a real archive holds, with stand-ins for the programs.
    fn entries() -> Vec<Entry> {
        ENTRIES.clone()
    }

    #[test]
    fn an_unpacked_archive_holds_commands_licences_bills_and_documents_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path().join("x.tar.gz");
        let entries = entries();
        pack("x", &entries, &archive).unwrap();
        let inside = home.path().join("inside");
        let folder = unpack("x", &entries, &archive, &inside).unwrap();
        for entry in &entries {
            let content = fs::read(folder.join(&entry.path)).unwrap();
            assert_eq!(content, entry.content, "{}", entry.path);
            assert!(!content.is_empty(), "{}", entry.path);
        }
        for expected in [
            "cellflux",
            "cellflux-train",
            "README.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
            "THIRD_PARTY-page.txt",
            "sbom/page.cdx.json",
            "sbom/cellflux.cdx.json",
            "sbom/cellflux-train.cdx.json",
            "docs/publish.md",
            "configs/synthetic-tiny.toml",
        ] {
            assert!(folder.join(expected).is_file(), "{expected}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("cellflux"), mode("README.md")), (0o755, 0o644));
        }
    }

    #[test]
    fn an_archive_that_lacks_a_file_is_named_with_it() {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path().join("x.tar.gz");
        let mut entries = entries();
        pack("x", &entries, &archive).unwrap();
        entries.push(Entry {
            path: "one-more".to_owned(),
            content: Vec::new(),
            executable: false,
        });
        let error = unpack("x", &entries, &archive, &home.path().join("inside")).unwrap_err();
        assert!(error.to_string().contains("x/one-more"), "{error}");
    }

    #[test]
    fn the_same_entries_give_the_same_bytes_and_the_digest_beside_them() {
        let home = tempfile::tempdir().unwrap();
        let entries = entries();
        let [first, second] = ["a.tar.gz", "b.tar.gz"].map(|name| {
            let archive = home.path().join(name);
            pack("x", &entries, &archive).unwrap();
            archive
        });
        let content = fs::read(&first).unwrap();
        assert_eq!(content, fs::read(second).unwrap());
        let checksum = fs::read_to_string(write_checksum(&first).unwrap()).unwrap();
        assert_eq!(checksum, format!("{:x}  a.tar.gz\n", Sha256::digest(&content)));
    }

    #[test]
    fn links_of_the_archive_s_readme_lead_to_what_it_holds_or_are_on_the_web() {
        let entries = entries();
        let readme = entries.iter().find(|entry| entry.path == "README.md").unwrap();
        let text = String::from_utf8(readme.content.clone()).unwrap();
        let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        let mut links = 0;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            links += 1;
            assert!(link.starts_with("https://") || paths.contains(&link), "{link}");
        }
        assert!(links > 0);
    }
}
