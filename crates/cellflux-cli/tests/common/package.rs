//! The page's WebAssembly package.

use std::path::Path;

/// Whether it has been built: a debug build of the command takes it from the clone. Says so where it has not.
pub fn has_package() -> bool {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pkg/cellflux_wasm_bg.wasm");
    let found = module.is_file();
    if !found {
        println!("skipped: pkg/ is not built (`cargo xtask pkg`)");
    }
    found
}
