//! Tables of compounds and of images, and what stands in their cells.

use std::io::Write;

use cellflux_chem::{Molecule, MorganSettings, TypedCompound, smiles_of_file};
use cellflux_data::table::Table;
use cellflux_train::config::Config;

use crate::Outcome;

/// A structure: read, counted and drawn.
pub fn smiles(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let molecule = Molecule::from_smiles(&text).map_err(|error| error.to_string())?;
    molecule
        .morgan_counts(MorganSettings::default())
        .map_err(|error| error.to_string())?;
    let svg = molecule.to_svg("<&\">").map_err(|error| error.to_string())?;
    assert!(
        !svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<&"),
        "{svg:.500}"
    );
    Ok(())
}

/// A file with a connection table: what is made of it is the text of a compound, or is refused as one.
pub fn structure(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let smiles = smiles_of_file("structure.mol", &text).map_err(|error| error.to_string())?;
    let compound = TypedCompound::read(&smiles, MorganSettings::default());
    compound.map(|_| ()).map_err(|error| error.to_string())
}

/// A table of images, every row and every cell; a number from 0 up is asked of each cell.
pub fn table(input: &[u8]) -> Outcome {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let mut file = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile()
        .map_err(|error| said(&error))?;
    file.write_all(input).map_err(|error| said(&error))?;
    // The folder's name changes from case to case, and with it what would be taken for a new answer.
    let name = file.path().display().to_string();
    let nameless = |error: &dyn std::fmt::Display| error.to_string().replace(&name, "TABLE");
    let table = Table::open(file.path()).map_err(|error| nameless(&error))?;
    let columns: Vec<_> = (0..table.titles().len()).map(|index| table.at(index)).collect();
    table
        .for_each_row(|row| {
            for column in &columns {
                // A cell may hold a name; asking for a number must be harmless.
                let _ = row.amount(column);
            }
            Ok(())
        })
        .map_err(|error| nameless(&error))
}

/// A run's configuration.
pub fn training(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let config = Config::from_text("config.toml", &text, &[]).map_err(|error| error.to_string())?;
    let written = config.to_toml().map_err(|error| error.to_string())?;
    assert!(
        Config::from_text("config.toml", &written, &[]).is_ok(),
        "what was written is refused: {written:.500}"
    );
    Ok(())
}
