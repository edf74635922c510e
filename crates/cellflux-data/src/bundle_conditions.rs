//! The conditions of a table as a bundle lists them, each with whether training saw it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cellflux_bundle::conditions::{self as bundle, Condition, ConditionVectors, slug};
use cellflux_bundle::perturbation::Perturbation;

use crate::conditions::ConditionTable;
use crate::entry::Split;
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::pairing::Pairing;

/// The bundle's conditions: every compound that has a vector, without dose features, which a bundle's reader
/// appends. Targets are the conditions of which `pairing` has training samples: the control only where
/// controls were learnt, and no compound that was held out or whose cells all lacked a control. The doses of
/// these samples are those that were trained on, where the vectors hold the dose. A compound's batches are
/// those of its own cells: treated ones, and untreated ones of a control.
///
/// # Errors
/// [`DataError::Config`] where the bundle refuses the vectors, which it does not for a table that was built.
pub fn conditions_for_bundle(
    table: &ConditionTable,
    experiment: &Experiment,
    pairing: &Pairing,
) -> Result<(bundle::Conditions, ConditionVectors), DataError> {
    // Doses as ordered bits: they are 0 or more.
    let mut doses: HashMap<u32, BTreeMap<u64, f64>> = HashMap::new();
    let mut batches: HashMap<u32, BTreeSet<u32>> = HashMap::new();
    let mut seen_controls: HashSet<u32> = HashSet::new();
    let mut targets: HashSet<u32> = HashSet::new();
    let mut trained: HashMap<u32, BTreeMap<u64, f64>> = HashMap::new();
    let trained_rows = pairing
        .conditions(Split::Train)
        .filter_map(|row| table.rows().get(row as usize));
    for row in trained_rows {
        targets.insert(row.compound);
        let doses = trained.entry(row.compound).or_default();
        doses.extend(row.dose_um.map(|dose| (dose.to_bits(), dose)));
    }
    let listed = |doses: &HashMap<u32, BTreeMap<u64, f64>>, compound: u32| -> Vec<f64> {
        doses
            .get(&compound)
            .map(|doses| doses.values().copied().collect())
            .unwrap_or_default()
    };
    for entry in experiment.entries() {
        if let Some(dose) = entry.dose_um {
            doses
                .entry(entry.compound)
                .or_default()
                .insert(dose.to_bits(), dose);
        }
        let control = experiment
            .compounds()
            .get(entry.compound as usize)
            .is_some_and(|compound| compound.control);
        if entry.treated != control {
            batches.entry(entry.compound).or_default().insert(entry.batch);
        }
        // A path starts at each of these, whether or not one ends there.
        if entry.split == Split::Train && !entry.treated {
            seen_controls.insert(entry.compound);
        }
    }
    let mut ids = HashSet::new();
    let mut list = Vec::new();
    let mut rows = Vec::new();
    let described = (0u32..).zip(experiment.compounds()).zip(&table.vectors);
    for ((number, compound), vector) in described {
        let Some(vector) = vector else {
            continue;
        };
        rows.push(vector.clone());
        list.push(Condition {
            id: own_id(&compound.name, &mut ids),
            name: compound.name.clone(),
            kind: match table.kinds.get(number as usize) {
                Some(kind) if !compound.control => *kind,
                _ => Perturbation::default(),
            },
            smiles: compound.smiles.clone(),
            structure: None,
            mode_of_action: compound.mode_of_action.clone(),
            doses_um: listed(&doses, number),
            // A network that is not told the dose was trained at none in particular.
            trained_doses_um: (table.dose().width() > 0).then(|| listed(&trained, number)),
            batches: batches
                .get(&number)
                .into_iter()
                .flatten()
                .filter_map(|&batch| experiment.batches().get(batch as usize).cloned())
                .collect(),
            target: Some(targets.contains(&number)),
            split: if targets.contains(&number) || seen_controls.contains(&number) {
                bundle::Split::Seen
            } else {
                bundle::Split::HeldOut
            },
            control: compound.control && !list.iter().any(|earlier: &Condition| earlier.control),
        });
    }
    let vectors = ConditionVectors::from_rows(&rows)
        .map_err(|error| DataError::config("conditions", error, "vectors of one width"))?;
    let conditions = bundle::Conditions {
        encoder: table.encoder().clone(),
        dose: table.dose(),
        list,
    };
    Ok((conditions, vectors))
}

/// An id from a name, made unique by a number at its end.
fn own_id(name: &str, taken: &mut HashSet<String>) -> String {
    let plain = slug(name);
    let mut id = plain.clone();
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = format!("{}-{number}", plain.chars().take(56).collect::<String>());
        number += 1;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConditionsConfig, DoseConfig, PairingConfig, WithoutControl};
    use crate::fixtures::{Folder, one_hot, without_control};

    #[test]
    fn the_bundles_conditions_say_what_training_saw() {
        let folder = Folder::usual();
        let mut config = folder.config();
        config.held_out = vec!["benzene".into()];
        let experiment = crate::read_experiment(&config).unwrap();
        let table = ConditionTable::build(&experiment, &one_hot()).unwrap();
        let described = |learn_controls| {
            let pairing = PairingConfig {
                learn_controls,
                ..PairingConfig::default()
            };
            let pairing = Pairing::new(&experiment, &table, &pairing).unwrap();
            conditions_for_bundle(&table, &experiment, &pairing).unwrap()
        };
        let (conditions, vectors) = described(true);
        let seen: Vec<(&str, bundle::Split, Option<bool>, bool)> = conditions
            .list
            .iter()
            .map(|c| (c.id.as_str(), c.split, c.target, c.control))
            .collect();
        assert_eq!(
            seen,
            [
                ("dmso", bundle::Split::Seen, Some(true), true),
                ("ethanol", bundle::Split::Seen, Some(true), false),
                ("benzene", bundle::Split::HeldOut, Some(false), false)
            ]
        );
        assert_eq!(conditions.list[1].doses_um, [1.0, 10.0]);
        assert_eq!(vectors.row(2).unwrap(), [0.0, 0.0, 1.0]);
        // Training saw the controls all the same: its paths start there.
        let (unlearnt, _) = described(false);
        assert_eq!(
            (unlearnt.list[0].split, unlearnt.list[0].target),
            (bundle::Split::Seen, Some(false))
        );
    }

    #[test]
    fn the_bundles_conditions_say_at_which_doses_they_were_trained() {
        let folder = Folder::usual();
        // Ethanol at 10 is now a validation cell only.
        folder.edit("a3.png,train,1,ethanol,10", "a3.png,val,1,ethanol,10");
        folder.edit("b2.png,val,0,DMSO,0,CS(=O)C,B", "b2.png,val,0,DMSO,0,CS(=O)C,A");
        folder.edit("b3.png,val,1,benzene", "b3.png,train,1,benzene");
        let experiment = folder.read().unwrap();
        let trained = |dose, learn_controls| {
            let table = ConditionTable::build(&experiment, &ConditionsConfig { dose, ..one_hot() }).unwrap();
            let pairing = PairingConfig {
                learn_controls,
                ..PairingConfig::default()
            };
            let pairing = Pairing::new(&experiment, &table, &pairing).unwrap();
            let (conditions, _) = conditions_for_bundle(&table, &experiment, &pairing).unwrap();
            let list = conditions.list.into_iter();
            list.map(|condition| condition.trained_doses_um)
                .collect::<Vec<_>>()
        };
        let some = |doses: &[f64]| Some(doses.to_vec());
        assert_eq!(
            trained(DoseConfig::Log1p, false),
            [some(&[]), some(&[1.0]), some(&[1.0])]
        );
        assert_eq!(trained(DoseConfig::Log1p, true)[0], some(&[0.0]));
        // The network is not told the dose.
        assert_eq!(trained(DoseConfig::None, false), [None, None, None]);
    }

    #[test]
    fn the_bundles_conditions_name_the_batches_of_their_cells() {
        let folder = Folder::usual();
        let experiment = folder.read().unwrap();
        let table = ConditionTable::build(&experiment, &one_hot()).unwrap();
        let pairing = Pairing::new(&experiment, &table, &PairingConfig::default()).unwrap();
        let (conditions, _) = conditions_for_bundle(&table, &experiment, &pairing).unwrap();
        let batches: Vec<(&str, &[String])> = conditions
            .list
            .iter()
            .map(|c| (c.id.as_str(), c.batches.as_slice()))
            .collect();
        let (a, b) = ("A".to_owned(), "B".to_owned());
        assert_eq!(
            batches,
            [
                ("dmso", [a.clone(), b.clone()].as_slice()),
                ("ethanol", &[a]),
                ("benzene", &[b])
            ]
        );
    }

    #[test]
    fn a_compound_whose_cells_all_lack_a_control_was_no_target() {
        let folder = Folder::usual();
        for image in ["b0.png,train", "b2.png,val"] {
            let row = |batch| format!("{image},0,DMSO,0,CS(=O)C,{batch}");
            folder.edit(&row("B"), &row("A"));
        }
        let experiment = folder.read().unwrap();
        let table = ConditionTable::build(&experiment, &one_hot()).unwrap();
        let pairing = without_control(WithoutControl::Skip);
        let pairing = Pairing::new(&experiment, &table, &pairing).unwrap();
        let (conditions, _) = conditions_for_bundle(&table, &experiment, &pairing).unwrap();
        let benzene = &conditions.list[2];
        assert_eq!(
            (benzene.split, benzene.target),
            (bundle::Split::HeldOut, Some(false))
        );
    }

    #[test]
    fn ids_made_from_names_are_unique() {
        let mut taken = HashSet::new();
        let ids = ["AZ-A", "az a", "AZ_A"].map(|name| own_id(name, &mut taken));
        assert_eq!(ids, ["az-a", "az-a-2", "az-a-3"]);
    }
}
