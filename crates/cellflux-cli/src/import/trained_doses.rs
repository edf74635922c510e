//! The doses of training, as far as they say something of the network.

use anyhow::ensure;

use super::about::About;
use super::compounds::Compounds;

/// Leaves out the doses of training of a network that takes no dose: its vectors are the same at every dose,
/// so it was trained at none in particular. The answer is what a person should know, where something was left
/// out.
///
/// # Errors
/// Where the control has doses of training, and `about` says that training had no controls as ends of paths.
pub fn settle(compounds: &mut Compounds, about: &About) -> anyhow::Result<Option<String>> {
    let file = &compounds.file;
    if about.dose.width() == 0 {
        let mut stated = false;
        for row in &mut compounds.rows {
            stated |= row.trained_doses_um.take().is_some();
        }
        return Ok(stated.then(|| {
            format!(
                "{file}: the doses that were trained on are left out, as the network takes no dose; where it \
                does, dose in about.json says how its vectors hold it"
            )
        }));
    }
    let control = compounds.rows.iter().find(|row| row.control);
    if let Some(control) = control
        && about.control_is_target == Some(false)
    {
        ensure!(
            control.trained_doses_um.as_ref().is_none_or(Vec::is_empty),
            "{file}: line {}: {} is the control and has doses that were trained on, expected none, as \
            control_is_target in about.json is false",
            control.line,
            control.name
        );
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use cellflux_bundle::conditions::{DoseFeatures, Split};

    use super::super::compounds::Compound;
    use super::*;

    fn compounds(control: bool, trained_doses_um: Option<Vec<f64>>) -> Compounds {
        Compounds {
            file: "compounds.csv".into(),
            rows: vec![Compound {
                line: 2,
                id: "dmso".into(),
                name: "DMSO".into(),
                kind: cellflux_bundle::perturbation::Perturbation::Compound,
                smiles: None,
                mode_of_action: None,
                doses_um: vec![0.0],
                trained_doses_um,
                split: Split::Seen,
                control,
                batches: Vec::new(),
            }],
            ignored: Vec::new(),
        }
    }

    fn about(dose: DoseFeatures, control_is_target: Option<bool>) -> About {
        About {
            dose,
            control_is_target,
            ..About::unstated(Path::new("model.pth"), 3, 32)
        }
    }

    const LOG: DoseFeatures = DoseFeatures::Log1p {
        mean: 1.5,
        scale: 2.0,
    };

    #[test]
    fn a_network_that_takes_no_dose_was_trained_at_none_in_particular() {
        let mut told = compounds(false, Some(vec![0.0]));
        let note = settle(&mut told, &about(DoseFeatures::None, None))
            .unwrap()
            .unwrap();
        assert!(note.starts_with("compounds.csv: the doses that were trained on are left out"));
        assert_eq!(told.rows[0].trained_doses_um, None);
        // Of a table that says nothing there is nothing to note.
        assert_eq!(settle(&mut told, &about(DoseFeatures::None, None)).unwrap(), None);

        let mut told = compounds(false, Some(vec![0.0]));
        assert_eq!(settle(&mut told, &about(LOG, None)).unwrap(), None);
        assert_eq!(told.rows[0].trained_doses_um, Some(vec![0.0]));
    }

    #[test]
    fn a_control_at_which_no_path_ends_has_no_doses_of_training() {
        let told = |trained: Vec<f64>, target| {
            settle(&mut compounds(true, Some(trained)), &about(LOG, Some(target)))
        };
        let refused = told(vec![0.0], false).unwrap_err().to_string();
        assert!(
            refused.starts_with("compounds.csv: line 2: DMSO is the control"),
            "{refused}"
        );
        assert!(told(Vec::new(), false).is_ok());
        assert!(told(vec![0.0], true).is_ok());
    }
}
