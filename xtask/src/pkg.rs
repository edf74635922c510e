//! Building pkg/: the page's modules compiled for the browser, with their JavaScript glue and types.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{root, run, stage};
use crate::toolchain::WasmToolchain;
use crate::{page_weight, third_party, wasm_opt};

/// A WebAssembly module of the page.
struct Module {
    /// What people call it.
    what: &'static str,
    /// Its crate, one of [`crate::crates::PAGE`].
    package: &'static str,
    /// The generated files' name: `cellflux_wasm.js`, `cellflux_wasm_bg.wasm`, `cellflux_wasm.d.ts`.
    name: &'static str,
    /// The largest number of bytes of a published one, compressed as hosts do it.
    most: u64,
}

/// The explorer's, which every visitor downloads, and what is fetched when it is first needed.
const MODULES: [Module; 5] = [
    Module {
        what: "explorer",
        package: "cellflux-wasm",
        name: "cellflux_wasm",
        most: 700_000,
    },
    Module {
        what: "chemistry",
        package: "cellflux-compound-wasm",
        name: "cellflux_compound_wasm",
        most: 650_000,
    },
    Module {
        what: "results",
        package: "cellflux-results-wasm",
        name: "cellflux_results_wasm",
        most: 350_000,
    },
    Module {
        what: "reader of images",
        package: "cellflux-upload-wasm",
        name: "cellflux_upload_wasm",
        most: 300_000,
    },
    Module {
        what: "lab",
        package: "cellflux-lab-wasm",
        name: "cellflux_lab_wasm",
        most: 350_000,
    },
];

/// What pkg/ keeps in git; everything else there is generated.
const KEPT: [&str; 2] = ["package.json", "README.md"];
/// Names the modules from which the generated files came.
const STAMP: &str = ".stamp";

#[derive(clap::Args)]
pub struct Options {
    /// Link-time optimisation and wasm-opt: slow to build, small and fast to run.
    #[arg(long)]
    pub release: bool,
}

/// Builds pkg/, doing only what changed inputs require.
pub fn build(options: &Options) -> Result<()> {
    let profile = if options.release { "web-release" } else { "web" };
    let toolchain = WasmToolchain::find()?;
    let optimiser = options.release.then(wasm_opt::find).transpose()?;
    let mut stamp = format!("{profile} {optimiser:?}\n");
    let mut built = Vec::new();
    for module in &MODULES {
        stage(&format!(
            "Building the WebAssembly of the {} (profile {profile})",
            module.what
        ));
        // Each by itself: cargo would give what two of them use the features that either asks for.
        let mut command = toolchain.cargo("build");
        command.args(["--package", module.package, "--lib", "--profile", profile]);
        run(&mut command)?;
        let output = toolchain.module(profile, module.name);
        let code = fs::read(&output).with_context(|| format!("cannot read {}", output.display()))?;
        writeln!(stamp, "{:x} {}", Sha256::digest(&code), module.name)?;
        built.push((module, output));
    }
    let pkg = root().join("pkg");
    if fs::read_to_string(pkg.join(STAMP)).is_ok_and(|old| old == stamp) {
        return Ok(());
    }
    stage("Writing pkg/");
    clear(&pkg)?;
    for (module, output) in built {
        Bindgen::new()
            .input_path(&output)
            .web(true)?
            .typescript(true)
            .omit_default_module_path(false)
            .out_name(module.name)
            .generate(&pkg)
            .with_context(|| format!("wasm-bindgen cannot read {}", output.display()))?;
        if let Some(tool) = &optimiser {
            stage(&format!(
                "Optimising the module of the {} with wasm-opt",
                module.what
            ));
            let code = pkg.join(format!("{}_bg.wasm", module.name));
            wasm_opt::optimise(tool, &code)?;
            page_weight::check(&code, module.what, module.package, module.most)?;
        }
    }
    fs::write(pkg.join("THIRD_PARTY.txt"), third_party::texts_for_page()?)
        .context("cannot write pkg/THIRD_PARTY.txt")?;
    // Written last: an interrupted build leaves no stamp and is repeated.
    fs::write(pkg.join(STAMP), stamp).context("cannot write pkg/.stamp")?;
    Ok(())
}

/// Builds pkg/ as a published site gets it; where it was built elsewhere, makes sure that it is there.
pub fn published(built: bool) -> Result<()> {
    if !built {
        return build(&Options { release: true });
    }
    for module in &MODULES {
        let code = root().join("pkg").join(format!("{}_bg.wasm", module.name));
        if !code.is_file() {
            bail!(
                "{} is missing, expected pkg/ as `cargo xtask pkg --release` makes it",
                code.display()
            );
        }
    }
    Ok(())
}

/// Removes what an earlier build generated.
fn clear(pkg: &Path) -> Result<()> {
    for entry in fs::read_dir(pkg).context("cannot list pkg/")? {
        let path = entry.context("cannot list pkg/")?.path();
        let kept = path
            .file_name()
            .is_some_and(|name| KEPT.iter().any(|kept| name == *kept));
        let removed = match (kept, path.is_dir()) {
            (true, _) => Ok(()),
            (false, true) => fs::remove_dir_all(&path),
            (false, false) => fs::remove_file(&path),
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}
