//! What the processes of a run must agree on before they go on.

use std::path::PathBuf;

use candle_core::Tensor;
use toml::{Table, Value};

use super::resume;
use crate::TrainError;
use crate::config::Config;
use crate::material::Material;
use crate::ranks::Ranks;
use cellflux_data::Split;

/// Refuses processes that were started with different configs; their devices may differ.
///
/// # Errors
/// [`TrainError::Ranks`] naming the process and the first keys that differ.
pub(super) fn same_config(ranks: &Ranks, config: &Config) -> Result<(), TrainError> {
    if ranks.size() == 1 {
        return Ok(());
    }
    ranks.same("version", env!("CARGO_PKG_VERSION"), |first, other| {
        format!("{other}, expected {first}")
    })?;
    ranks.same("config", &comparable(config)?, |first, other| {
        let table = |text: &str| Value::Table(text.parse::<Table>().unwrap_or_default());
        let words = resume::differences(&table(first), &table(other));
        format!("{}; expected the same config in all", words.join(", "))
    })
}

/// The config without what may differ.
fn comparable(config: &Config) -> Result<String, TrainError> {
    let wrong = |reason: String| TrainError::ConfigText {
        origin: "resolved config".to_owned(),
        reason,
    };
    let mut table: Table = config
        .to_toml()?
        .parse()
        .map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    if let Some(Value::Table(run)) = table.get_mut("run") {
        run.remove("device");
    }
    toml::to_string(&table).map_err(|error| wrong(error.to_string()))
}

/// Refuses processes that read other data.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(super) fn same_pairs(ranks: &Ranks, material: &Material) -> Result<(), TrainError> {
    if ranks.size() == 1 {
        return Ok(());
    }
    let digest = |split: Split| {
        let pairs = material.pairs(split);
        pairs.fold((0usize, 0u32), |(count, sum), pair| {
            let numbers = [pair.control, pair.treated, pair.condition];
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            (count + 1, crc32c::crc32c_append(sum, &bytes))
        })
    };
    let words: Vec<String> = [Split::Train, Split::Validation]
        .into_iter()
        .map(|split| {
            let (count, sum) = digest(split);
            format!("{count} pairs ({sum:08x})")
        })
        .collect();
    ranks.same("data set", &words.join(" and "), |first, other| {
        format!(
            "{other} of train and validation, expected {first}: every process must read the same tables and \
             images"
        )
    })
}

/// Refuses processes whose weights differ: they would train different networks.
///
/// # Errors
/// [`TrainError::Ranks`], and [`TrainError::Tensor`].
pub(super) fn same_weights(ranks: &Ranks, weights: &Tensor) -> Result<(), TrainError> {
    if ranks.size() == 1 {
        return Ok(());
    }
    let values: Vec<f32> = weights.to_vec1()?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let own = format!("{} numbers ({:08x})", values.len(), crc32c::crc32c(&bytes));
    ranks.same("network", &own, |first, other| {
        format!("{other}, expected {first}: all must start from the same checkpoint, on machines of one kind")
    })
}

/// The path that the first process has, in all of them.
///
/// # Errors
/// [`TrainError::Rank`].
pub(super) fn told_path(ranks: &Ranks, own: Option<PathBuf>) -> Result<PathBuf, TrainError> {
    if let (1, Some(own)) = (ranks.size(), &own) {
        return Ok(own.clone());
    }
    let own = own.unwrap_or_default();
    let all = ranks.exchange(own.as_os_str().as_encoded_bytes())?;
    let first = all
        .first()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok(PathBuf::from(first.unwrap_or_default()))
}
