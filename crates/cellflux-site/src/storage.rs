//! What storing weights in fewer bytes costs, kept from build to build.

use std::collections::BTreeMap;

use cellflux_bundle::Bundle;
use cellflux_engine::EngineMaker;
use cellflux_session::comparison::storage::{self, StorageError};

use crate::cache::Cache;

/// What storing the weights costs ([`storage::error`]), measured once for two bundles.
///
/// # Errors
/// As [`storage::error`].
pub fn kept_error(
    kept: &Cache,
    given: &Bundle,
    stored: &Bundle,
    files: &BTreeMap<String, Vec<u8>>,
    engines: EngineMaker,
) -> Result<StorageError, String> {
    // A manifest holds the digest of every file, so two manifests say everything that is compared.
    let manifests = [&given.manifest, &stored.manifest].map(serde_json::to_string);
    let [Ok(before), Ok(after)] = manifests else {
        return pollster::block_on(storage::error(given, stored, files, engines));
    };
    let key = format!("storage {before} {after}");
    if let Some(measured) = kept
        .read(&key)
        .and_then(|json| serde_json::from_slice::<StorageError>(&json).ok())
    {
        return Ok(measured);
    }
    let measured = pollster::block_on(storage::error(given, stored, files, engines))?;
    if let Ok(json) = serde_json::to_vec(&measured) {
        kept.write(&key, &json);
    }
    Ok(measured)
}
