//! Building pkg/: crates/cellflux-wasm compiled for the browser, with its JavaScript glue and types.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::shell::{root, run, stage};
use crate::toolchain::WasmToolchain;
use crate::{page_weight, third_party, wasm_opt};

/// The generated files' name: `cellflux_wasm.js`, `cellflux_wasm_bg.wasm`, `cellflux_wasm.d.ts`.
const NAME: &str = "cellflux_wasm";
/// What pkg/ keeps in git; everything else there is generated.
const KEPT: [&str; 2] = ["package.json", "README.md"];
/// Names the module from which the generated files came.
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
    stage(&format!("Building the WebAssembly module (profile {profile})"));
    let toolchain = WasmToolchain::find()?;
    let mut command = toolchain.cargo("build");
    command.args(["--package", "cellflux-wasm", "--lib", "--profile", profile]);
    run(&mut command)?;

    let output = toolchain.module(profile, "cellflux_wasm");
    let module = fs::read(&output).with_context(|| format!("cannot read {}", output.display()))?;
    let optimiser = options.release.then(wasm_opt::find).transpose()?;
    let stamp = format!("{:x} {profile} {:?}\n", Sha256::digest(&module), optimiser);
    let pkg = root().join("pkg");
    if fs::read_to_string(pkg.join(STAMP)).is_ok_and(|old| old == stamp) {
        return Ok(());
    }
    stage("Writing pkg/");
    clear(&pkg)?;
    Bindgen::new()
        .input_path(&output)
        .web(true)?
        .typescript(true)
        .omit_default_module_path(false)
        .out_name(NAME)
        .generate(&pkg)
        .with_context(|| format!("wasm-bindgen cannot read {}", output.display()))?;
    if let Some(tool) = optimiser {
        stage("Optimising with wasm-opt");
        let module = pkg.join(format!("{NAME}_bg.wasm"));
        wasm_opt::optimise(&tool, &module)?;
        page_weight::check(&module)?;
    }
    fs::write(pkg.join("THIRD_PARTY.txt"), third_party::texts_for_page()?)
        .context("cannot write pkg/THIRD_PARTY.txt")?;
    // Written last: an interrupted build leaves no stamp and is repeated.
    fs::write(pkg.join(STAMP), stamp).context("cannot write pkg/.stamp")?;
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
