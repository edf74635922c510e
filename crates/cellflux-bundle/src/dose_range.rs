//! Which doses a model that takes one may be asked for.

use std::ops::RangeInclusive;

use crate::conditions::{Condition, Conditions};

impl Condition {
    /// Whether it is known that no cell under this condition at this dose was trained on: a network that
    /// takes one interpolates there, or extrapolates.
    pub fn was_not_trained_at(&self, dose_um: f64) -> bool {
        match &self.trained_doses_um {
            Some(trained) => !trained.contains(&dose_um),
            None => !self.doses_um.is_empty() && !self.doses_um.contains(&dose_um),
        }
    }

    /// Doses in micromolar at which the flow was trained under this condition, as far as that is known: those
    /// that are said to be, or else those in the data.
    fn trained_or_listed(&self) -> &[f64] {
        self.trained_doses_um.as_deref().unwrap_or(&self.doses_um)
    }
}

impl Conditions {
    /// The doses in micromolar that a walk under this condition may have: any number from the lowest to the
    /// highest dose that the data have of it. Of a compound without doses of its own, such as a typed one
    /// (`None`), it is the lowest and the highest of the compounds that training saw, and of such a control 0
    /// alone. `None` where no dose is listed at all.
    ///
    /// What lies between the doses of the data is what the network makes of the number: no cell of it was
    /// trained on.
    pub fn dose_range(&self, condition: Option<&Condition>) -> Option<RangeInclusive<f64>> {
        let own = condition.and_then(|condition| span(&condition.doses_um));
        if own.is_some() {
            return own;
        }
        let trained: Vec<f64> = self
            .trained()
            .flat_map(|(_, compound)| compound.trained_or_listed().iter().copied())
            .collect();
        let range = span(&trained)?;
        if condition.is_some_and(|condition| condition.control) {
            return Some(0.0..=0.0);
        }
        Some(range)
    }
}

/// From the lowest to the highest; `None` of none.
fn span(doses_um: &[f64]) -> Option<RangeInclusive<f64>> {
    let lowest = doses_um.iter().copied().reduce(f64::min)?;
    let highest = doses_um.iter().copied().reduce(f64::max)?;
    Some(lowest..=highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(list: &str) -> Conditions {
        let json = format!(
            r#"{{"encoder": {{"kind": "one-hot"}}, "dose": {{"kind": "log1p", "mean": 1.5, "scale": 2}},
                "list": {list}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_compound_s_range_is_that_of_its_own_doses() {
        let conditions = conditions(
            r#"[{"id": "dmso", "name": "DMSO", "split": "seen", "control": true, "doses_um": [0]},
                {"id": "taxol", "name": "taxol", "split": "seen", "doses_um": [3, 0.3, 1],
                 "trained_doses_um": [1, 3]},
                {"id": "new", "name": "new", "split": "held-out", "doses_um": [50]}]"#,
        );
        let range = |id: &str| conditions.dose_range(conditions.get(id)).unwrap();
        assert_eq!(range("taxol"), 0.3..=3.0);
        assert_eq!(range("new"), 50.0..=50.0);
        assert_eq!(range("dmso"), 0.0..=0.0);
        // A typed compound: what training saw, which is neither the control nor what was held out.
        assert_eq!(conditions.dose_range(None), Some(1.0..=3.0));
    }

    #[test]
    fn a_dose_that_the_data_lack_or_training_left_out_was_not_trained_at() {
        let conditions = conditions(
            r#"[{"id": "taxol", "name": "taxol", "split": "seen", "doses_um": [0.3, 3]},
                {"id": "known", "name": "known", "split": "seen", "doses_um": [0.3, 3],
                 "trained_doses_um": [3]},
                {"id": "none", "name": "none", "split": "seen"}]"#,
        );
        let at = |id: &str| [0.3, 1.0, 3.0].map(|dose| conditions.get(id).unwrap().was_not_trained_at(dose));
        assert_eq!(at("taxol"), [false, true, false]);
        assert_eq!(at("known"), [true, true, false]);
        // Nothing is known of it.
        assert_eq!(at("none"), [false, false, false]);
    }

    #[test]
    fn a_control_without_doses_has_none() {
        let conditions = conditions(
            r#"[{"id": "dmso", "name": "DMSO", "split": "seen", "control": true},
                {"id": "taxol", "name": "taxol", "split": "seen", "doses_um": [0.3, 3]}]"#,
        );
        assert_eq!(conditions.dose_range(conditions.control()), Some(0.0..=0.0));
    }

    #[test]
    fn a_bundle_that_lists_no_dose_has_no_range() {
        let conditions = conditions(r#"[{"id": "taxol", "name": "taxol", "split": "seen"}]"#);
        assert_eq!(conditions.dose_range(conditions.get("taxol")), None);
        assert_eq!(conditions.dose_range(None), None);
    }
}
