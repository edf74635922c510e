//! A recipe as the hash of a page's address, and back: `v=1&model=...&c=cycloheximide&a=1.2&...`.
//!
//! Every field that decides the trajectory is written, so that a link stays exact when a bundle's
//! recommendations change. Reading takes the bundle's recommendation for a field that is not there, so that a
//! short link can be written by hand. An uploaded crop is written as a lossless PNG in base64url.
//!
//! Version 2 has `smiles` in place of `c`: a compound that a visitor has typed, percent-encoded. Version 3
//! also has `window`, `gamma` and `lut`: channels that are shown otherwise than the manifest says. Version 4
//! also has `map`: what the picture of the change shows, where that is not the difference to the control.
//! Version 5 also has `weights`: the quick weights under which the steps ran that were seen. A link is
//! written in the lowest version that holds the recipe: one without any of this is version 1, which older
//! pages read; they refuse a later one by its number.
//!
//! A link may end with `also`, in which a page holds what it compares with the walk: what is chosen of a
//! grid, and the walk that is pinned (`web/link_beside.js`). It is no part of the recipe and has no version
//! of its own: its value is not read here, whatever it is, and never written.
//!
//! The address of a page with several explorers holds a link of each, joined by `&&`; of such an address the
//! first link is read.

mod channels;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::Condition;
use cellflux_image::{ImageSpec, coded_png};

use crate::error::{SessionError, shown};
use crate::recipe::{ChangeMap, Direction, Recipe, Start, Treatment, first_condition, number};

/// The version of a link to a condition of the bundle.
const VERSION: &str = "1";
/// The version of a link to a typed compound.
const VERSION_OF_TYPED: &str = "2";
/// The version of a link in which channels are shown otherwise than the manifest says.
const VERSION_OF_CHANNELS: &str = "3";
/// The version of a link in which the picture of the change shows something else than the difference.
const VERSION_OF_MAPS: &str = "4";

/// The version of a link to steps that ran under quick weights.
const VERSION_OF_QUICK: &str = "5";

/// What the first version has not: a key, the version that is the first to have it, and what it is.
const LATER: [(&str, &str, &str); 6] = [
    ("smiles", VERSION_OF_TYPED, "typed compounds"),
    ("window", VERSION_OF_CHANNELS, "windows"),
    ("gamma", VERSION_OF_CHANNELS, "gammas"),
    ("lut", VERSION_OF_CHANNELS, "look-up tables"),
    ("map", VERSION_OF_MAPS, "maps of the change"),
    ("weights", VERSION_OF_QUICK, "quick weights"),
];

/// Longest link that is read, in bytes; browsers give up on addresses beyond 2 MiB.
pub const MAX_BYTES: usize = 2 << 20;

/// What stands between the links of several explorers in one address (`web/page_history.js`).
const JOINT: &str = "&&";

/// Every key, in the order of writing; the last is a page's alone.
const KEYS: [&str; 24] = [
    "v", "model", "start", "c", "smiles", "dose", "a", "solver", "grid", "steps", "rtol", "atol", "noise",
    "seed", "way", "at", "hide", "window", "gamma", "lut", "map", "weights", "crop", "also",
];

/// Writes a recipe for a model with images of `spec`, without the leading `#`.
///
/// # Errors
/// [`SessionError::Image`] when an uploaded crop is not of the model's shape.
pub fn write(recipe: &Recipe, spec: &ImageSpec) -> Result<String, SessionError> {
    let sampling = &recipe.sampling;
    let version = match recipe.condition {
        _ if recipe.view.weights.is_some() => VERSION_OF_QUICK,
        _ if recipe.view.map != ChangeMap::default() => VERSION_OF_MAPS,
        _ if !recipe.view.channels.is_empty() => VERSION_OF_CHANNELS,
        Treatment::Listed(_) => VERSION,
        Treatment::Typed(_) => VERSION_OF_TYPED,
    };
    let mut link = format!("v={version}");
    let mut put = |key: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = write!(link, "&{key}={value}");
    };
    put("model", &recipe.model);
    if let Start::Example(id) = &recipe.start {
        put("start", id);
    }
    // The seed alone determines the noise.
    match &recipe.condition {
        Treatment::Listed(id) => put("c", id),
        Treatment::Typed(smiles) => put("smiles", &percent_encoded(smiles)),
    }
    if let Some(dose_um) = recipe.dose_um {
        put("dose", &number(&dose_um));
    }
    put("a", &number(&sampling.alpha));
    put("solver", &sampling.solver);
    put("grid", &sampling.grid);
    put("steps", &sampling.steps);
    put("rtol", &number(&sampling.rtol));
    put("atol", &number(&sampling.atol));
    put("noise", &number(&sampling.noise));
    put("seed", &sampling.seed);
    put("way", &recipe.direction.name());
    if let Some(step) = recipe.view.step {
        put("at", &step);
    }
    if !recipe.view.hidden.is_empty() {
        let hidden: Vec<String> = recipe.view.hidden.iter().map(usize::to_string).collect();
        put("hide", &hidden.join(","));
    }
    for (key, list) in channels::lists(&recipe.view.channels) {
        if !list.is_empty() {
            put(key, &list);
        }
    }
    if recipe.view.map != ChangeMap::default() {
        put("map", &recipe.view.map.name());
    }
    if let Some(weights) = recipe.view.weights {
        put("weights", &weights);
    }
    if let Start::Crop(coded) = &recipe.start {
        // Last, since it is long and a reader wants to see the rest.
        put("crop", &URL_SAFE_NO_PAD.encode(coded_png::write(spec, coded)?));
    }
    Ok(link)
}

/// Reads a link: a hash with or without its `#`, or a whole address with one. The recipe is valid for this
/// model.
///
/// # Errors
/// [`SessionError::Link`] for what is not a link, [`SessionError::Image`] for a crop that is not a PNG of the
/// model's shape, [`SessionError::Field`] for what does not fit the model.
pub fn read(text: &str, manifest: &Manifest) -> Result<Recipe, SessionError> {
    let fields = Fields::split(text)?;
    fields.check_version()?;
    let typed = fields.text("smiles").map(percent_decoded).transpose()?;
    if typed.is_some() && fields.text("c").is_some() {
        return Err(SessionError::link(
            "it has both c and smiles, expected one of them",
        ));
    }
    let condition = match fields.text("c") {
        None => first_condition(manifest),
        Some(id) => manifest.conditions.get(id),
    };
    let condition = condition.ok_or_else(|| {
        SessionError::field(
            "condition",
            shown(fields.text("c").unwrap_or_default()),
            "the id of a condition of this model",
        )
    })?;
    let start = start(&fields, manifest, condition)?;
    let mut recipe = Recipe::new(manifest, start, condition);
    if let Some(smiles) = typed {
        recipe.condition = Treatment::Typed(smiles);
    }
    fields.set("model", &mut recipe.model, "an id")?;
    if let Some(dose_um) = fields.parsed("dose", "a number")? {
        recipe.dose_um = Some(dose_um);
    }
    let sampling = &mut recipe.sampling;
    fields.set("a", &mut sampling.alpha, "a number")?;
    fields.set(
        "solver",
        &mut sampling.solver,
        "euler, midpoint, heun2, rk4 or dopri5",
    )?;
    fields.set("grid", &mut sampling.grid, "uniform, edm or cosine")?;
    fields.set("steps", &mut sampling.steps, "a whole number")?;
    fields.set("rtol", &mut sampling.rtol, "a number")?;
    fields.set("atol", &mut sampling.atol, "a number")?;
    fields.set("noise", &mut sampling.noise, "a number")?;
    fields.set("seed", &mut sampling.seed, "a whole number below 2^32")?;
    fields.set("way", &mut recipe.direction, "forward, reverse or return")?;
    recipe.view.step = fields.parsed("at", "a whole number")?;
    if let Some(list) = fields.text("hide") {
        let numbers = list.split(',').map(usize::from_str).collect::<Result<_, _>>();
        recipe.view.hidden = numbers.map_err(|_| wrong("hide", list, "whole numbers joined by commas"))?;
    }
    recipe.view.channels = channels::read(|key| fields.text(key))?;
    fields.set("map", &mut recipe.view.map, ChangeMap::NAMES)?;
    recipe.view.weights = fields.parsed("weights", "f32, f16 or int8")?;
    recipe.validate(manifest)?;
    Ok(recipe)
}

fn start(fields: &Fields, manifest: &Manifest, condition: &Condition) -> Result<Start, SessionError> {
    match (fields.text("start"), fields.text("crop")) {
        (Some(_), Some(_)) => Err(SessionError::link(
            "it has both start and crop, expected one of them",
        )),
        (Some(id), None) => Ok(Start::Example(id.to_owned())),
        (None, Some(text)) => {
            let png = URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|error| SessionError::link(format!("its crop is not base64url: {error}")))?;
            Ok(Start::Crop(coded_png::read(
                &manifest.image,
                "the link's crop",
                &png,
            )?))
        }
        (None, None) => Start::first(manifest, condition).ok_or_else(|| {
            SessionError::link("it has neither start nor crop, and this model has no sample control")
        }),
    }
}

/// A link's keys and values.
struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    fn split(text: &'a str) -> Result<Self, SessionError> {
        if text.len() > MAX_BYTES {
            return Err(SessionError::link(format!(
                "it has {} bytes, expected at most {MAX_BYTES}",
                text.len()
            )));
        }
        let hash = text.split_once('#').map_or(text, |(_, hash)| hash);
        // A page with several explorers joins their links: the first is meant.
        let hash = hash
            .split(JOINT)
            .find(|link| !link.is_empty())
            .unwrap_or_default();
        let mut fields = BTreeMap::new();
        for part in hash.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| SessionError::link(format!("{} is not key=value", shown(part))))?;
            if !KEYS.contains(&key) {
                return Err(SessionError::link(format!(
                    "{} is not a key of a link, expected one of {}",
                    shown(key),
                    KEYS.join(", ")
                )));
            }
            if fields.insert(key, value).is_some() {
                return Err(SessionError::link(format!(
                    "{key} is there twice, expected it once"
                )));
            }
        }
        Ok(Self(fields))
    }

    /// A version that is known, and no key that it does not have.
    fn check_version(&self) -> Result<(), SessionError> {
        let Some(version) = self.text("v") else {
            return Ok(());
        };
        let known = [
            VERSION,
            VERSION_OF_TYPED,
            VERSION_OF_CHANNELS,
            VERSION_OF_MAPS,
            VERSION_OF_QUICK,
        ];
        if !known.contains(&version) {
            return Err(SessionError::link(format!(
                "its version is {}, expected {}; a newer page may read it",
                shown(version),
                known.join(", ")
            )));
        }
        for (key, first, what) in LATER {
            // Versions are single digits.
            if version < first && self.text(key).is_some() {
                return Err(SessionError::link(format!(
                    "its version is {version}, which has no {what}; expected {first}"
                )));
            }
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, SessionError> {
        self.text(key)
            .map(|text| text.parse().map_err(|_| wrong(key, text, expected)))
            .transpose()
    }

    /// Overwrites `value` if the link has the key.
    fn set<T: FromStr>(&self, key: &str, value: &mut T, expected: &str) -> Result<(), SessionError> {
        if let Some(parsed) = self.parsed(key, expected)? {
            *value = parsed;
        }
        Ok(())
    }
}

/// A text in which everything but letters, digits and `-._~` is `%` and two hexadecimal digits, so that no
/// program that passes addresses on changes it.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Result<String, SessionError> {
    let refused = || wrong("smiles", text, "a percent-encoded SMILES");
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(bytes.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(refused());
        };
        decoded.push(16 * high + low);
    }
    String::from_utf8(decoded).map_err(|_| refused())
}

fn wrong(key: &str, found: &str, expected: &str) -> SessionError {
    SessionError::link(format!("{key} is {}, expected {expected}", shown(found)))
}

impl FromStr for Direction {
    type Err = SessionError;

    fn from_str(name: &str) -> Result<Self, SessionError> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.name() == name)
            .ok_or_else(|| SessionError::field("direction", shown(name), "forward, reverse or return"))
    }
}

#[cfg(test)]
mod tests;
