//! Recipes as JSON, whose numbers are named when they do not fit.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use cellflux_bundle::parser_words;

use super::{ALPHA, DOSE_UM, GAMMA, NOISE, Recipe, STEPS, TOLERANCE, number};
use crate::error::{SessionError, excerpt};

impl Recipe {
    /// Reads a recipe's JSON.
    ///
    /// # Errors
    /// [`SessionError::Field`] for a number that its field cannot hold, such as steps of -3 or a seed of 0.5,
    /// and otherwise [`SessionError::Json`]. Whether it fits a model is for [`Self::validate`] to say.
    pub fn from_json(text: &[u8]) -> Result<Self, SessionError> {
        let malformed = |error: serde_json::Error| SessionError::Json {
            reason: parser_words(&error),
        };
        let json: serde_json::Value = serde_json::from_slice(text).map_err(malformed)?;
        check_numbers(&json)?;
        // From the text, so that an error keeps its line and column.
        serde_json::from_slice(text).map_err(malformed)
    }

    /// The recipe as indented JSON.
    ///
    /// # Errors
    /// [`SessionError::Json`] if the writer refuses, which it does not for numbers that [`Self::validate`]
    /// lets pass.
    pub fn to_json(&self) -> Result<String, SessionError> {
        serde_json::to_string_pretty(self).map_err(|error| SessionError::Json {
            reason: error.to_string(),
        })
    }
}

/// Checks the recipe's numbers by the field's name and range, where a parser would only name a type. A number
/// that is not finite is `null` in JSON.
fn check_numbers(json: &serde_json::Value) -> Result<(), SessionError> {
    use serde_json::Value;
    let refuse = |field, found: &Value, expected: &str| {
        let found = match found {
            Value::Null => "not a number".to_owned(),
            other => excerpt(&other.to_string()),
        };
        Err(SessionError::field(field, found, expected))
    };
    let whole = [
        ("steps", "/sampling/steps", u64::MAX, whole_from(&STEPS)),
        (
            "seed",
            "/sampling/seed",
            u64::from(u32::MAX),
            whole_from(&(0..=u32::MAX)),
        ),
    ];
    for (field, pointer, most, expected) in &whole {
        match json.pointer(pointer) {
            Some(value) if value.as_u64().is_none_or(|number| number > *most) => {
                return refuse(field, value, expected);
            }
            _ => {}
        }
    }
    let real = [
        ("alpha", "/sampling/alpha", &ALPHA),
        ("noise", "/sampling/noise", &NOISE),
        ("rtol", "/sampling/rtol", &TOLERANCE),
        ("atol", "/sampling/atol", &TOLERANCE),
        ("dose", "/dose_um", &DOSE_UM),
    ];
    for (field, pointer, range) in real {
        match json.pointer(pointer) {
            // A dose of `null` means none, as for a model without doses.
            Some(Value::Null) if field == "dose" => {}
            Some(value) if !value.is_number() => return refuse(field, value, &number_from(range)),
            _ => {}
        }
    }
    if let Some(step) = json.pointer("/view/step").filter(|step| !step.is_null())
        && step.as_u64().is_none()
    {
        return refuse("step shown", step, "a whole number from 0");
    }
    let list = |pointer| {
        json.pointer(pointer)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    if let Some(channel) = list("/view/hidden").find(|channel| channel.as_u64().is_none()) {
        return refuse("hidden channel", channel, "a whole number from 0");
    }
    let coded = number_from(&(0..=1));
    for shown in list("/view/channels") {
        for (field, pointer, expected) in [
            ("low end of a window", "/window/low", &coded),
            ("high end of a window", "/window/high", &coded),
            ("gamma", "/gamma", &number_from(&GAMMA)),
        ] {
            if let Some(value) = shown.pointer(pointer).filter(|value| !value.is_number()) {
                return refuse(field, value, expected);
            }
        }
    }
    Ok(())
}

pub(super) fn number_from<T: Debug>(range: &RangeInclusive<T>) -> String {
    format!(
        "a number from {} to {}",
        number(range.start()),
        number(range.end())
    )
}

fn whole_from<T: Debug>(range: &RangeInclusive<T>) -> String {
    format!("a whole {}", number_from(range).trim_start_matches("a "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_model::recipe;

    #[test]
    fn a_number_that_its_field_cannot_hold_is_named_with_what_was_expected() {
        let refused = |field: &str, found: &str, message: &str| {
            let mut json: serde_json::Value = serde_json::to_value(recipe()).unwrap();
            json["sampling"][field] = serde_json::from_str(found).unwrap();
            let error = Recipe::from_json(json.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message);
        };
        refused(
            "steps",
            "-3",
            "steps is -3, expected a whole number from 1 to 1000",
        );
        refused(
            "steps",
            "2.5",
            "steps is 2.5, expected a whole number from 1 to 1000",
        );
        refused(
            "steps",
            "\"many\"",
            "steps is \"many\", expected a whole number from 1 to 1000",
        );
        let seed = "expected a whole number from 0 to 4294967295";
        refused("seed", "-1", &format!("seed is -1, {seed}"));
        refused("seed", "4294967296", &format!("seed is 4294967296, {seed}"));
        // What an input of the page holds where it is not a number, and a number that JSON cannot hold.
        refused(
            "rtol",
            "\"tight\"",
            "rtol is \"tight\", expected a number from 1e-9 to 1",
        );
        refused(
            "noise",
            "null",
            "noise is not a number, expected a number from 0 to 10",
        );
        let mut json = serde_json::to_value(recipe()).unwrap();
        json["view"] = serde_json::json!({ "hidden": [0, -1] });
        let message = Recipe::from_json(json.to_string().as_bytes())
            .unwrap_err()
            .to_string();
        assert_eq!(message, "hidden channel is -1, expected a whole number from 0");
    }
}
