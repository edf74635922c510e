//! The structure in a file that somebody drops: a line of SMILES, or a connection table in the form that
//! drawing programs and databases write (MDL molfile `V2000`, alone or as a record of an SD file).
//!
//! Of a connection table this makes SMILES, which a link can hold. What Morgan counts leave out (coordinates,
//! wedges) is left out. Formats: A. Dalby et al., Description of several chemical structure file formats used
//! by computer programs developed at Molecular Design Limited, J. Chem. Inf. Comput. Sci. 32, 244 (1992).

mod connection_table;
mod table_as_smiles;

use crate::ChemError;
use connection_table::{Fault, Table};

/// The SMILES text of a file's first structure. `name` says by its end what the file is: `.mol` and `.sdf`
/// hold connection tables, anything else lines of SMILES, each perhaps with a name after it.
///
/// Whether the text describes a molecule is for [`crate::TypedCompound::read`] to say.
///
/// # Errors
/// [`ChemError::Empty`] for a file without a line of text, [`ChemError::File`] with the line for what is no
/// connection table.
pub fn smiles_of_file(name: &str, text: &str) -> Result<String, ChemError> {
    let lower = name.to_ascii_lowercase();
    if [".mol", ".sdf"].iter().any(|end| lower.ends_with(end)) {
        let table = Table::read(text).map_err(|Fault { line, reason }| ChemError::File {
            place: format!("{name}: line {line}"),
            reason,
        })?;
        return Ok(table.smiles());
    }
    let words = text.split_ascii_whitespace();
    words.map(str::to_owned).next().ok_or(ChemError::Empty)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::{MorganSettings, TypedCompound};

    /// A connection table of these atoms, `(symbol, charge code)`, and bonds, `(from, to, order)`.
    fn table(atoms: &[(&str, i32)], bonds: &[(usize, usize, i32)], properties: &str) -> String {
        let mut text = format!(
            "a name\n  a program\n\n{:>3}{:>3}  0  0  0  0            999 V2000\n",
            atoms.len(),
            bonds.len()
        );
        for (symbol, charge) in atoms {
            writeln!(
                text,
                "    0.0000    0.0000    0.0000 {symbol:<3} 0{charge:>3}  0  0  0  0  0  0  0  0  0  0"
            )
            .unwrap();
        }
        for (from, to, order) in bonds {
            writeln!(text, "{from:>3}{to:>3}{order:>3}  0").unwrap();
        }
        text + properties + "M  END\n"
    }

    fn counts(smiles: &str) -> String {
        let compound = TypedCompound::read(smiles, MorganSettings::default());
        compound.unwrap().counts().to_string()
    }

    #[track_caller]
    fn same(file: &str, smiles: &str) {
        let found = smiles_of_file("x.mol", file).unwrap();
        assert_eq!(counts(&found), counts(smiles), "{found} for {smiles}");
    }

    #[test]
    fn a_line_of_smiles_is_its_first_word() {
        for text in ["CCO", "\n  CCO\tethanol\nCCC propane\n", "CCO ethanol"] {
            assert_eq!(smiles_of_file("x.SMI", text).unwrap(), "CCO");
        }
        assert_eq!(smiles_of_file("x.smi", " \n").unwrap_err(), ChemError::Empty);
    }

    #[test]
    fn a_connection_table_has_the_counts_of_its_molecule() {
        // Nicotinic acid, a ring with double bonds and a branch.
        let pyridine = [(1, 2, 2), (2, 3, 1), (3, 4, 2), (4, 5, 1), (5, 6, 2), (6, 1, 1)];
        let acid = [(2, 7, 1), (7, 8, 2), (7, 9, 1)];
        let atoms = ["C", "C", "C", "C", "C", "N", "C", "O", "O"].map(|symbol| (symbol, 0));
        same(
            &table(&atoms, &[&pyridine[..], &acid].concat(), ""),
            "OC(=O)c1cccnc1",
        );
        // The same with aromatic bonds.
        let aromatic = pyridine.map(|(from, to, _)| (from, to, 4));
        same(
            &table(&atoms, &[&aromatic[..], &acid].concat(), ""),
            "OC(=O)c1cccnc1",
        );
        // Biphenyl: the bond between the rings is a single one.
        let ring = |first: usize| (0..6).map(move |k| (first + k, first + (k + 1) % 6, 4));
        let bonds: Vec<_> = ring(1).chain(ring(7)).chain([(1, 7, 1)]).collect();
        same(&table(&[("C", 0); 12], &bonds, ""), "c1ccccc1-c1ccccc1");
        // Cubane: every atom closes rings.
        let cube = [
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 1),
            (5, 6),
            (6, 7),
            (7, 8),
            (8, 5),
            (1, 5),
            (2, 6),
            (3, 7),
            (4, 8),
        ];
        let bonds = cube.map(|(from, to)| (from, to, 1));
        same(&table(&[("C", 0); 8], &bonds, ""), "C12C3C4C1C5C2C3C45");
    }

    #[test]
    fn charges_isotopes_radicals_and_hydrogens_are_read() {
        // Glycine as a zwitterion: codes 3 and 5 are +1 and -1.
        let glycine = [(1, 2, 1), (2, 3, 1), (3, 4, 2), (3, 5, 1)];
        let by_codes = [("N", 3), ("C", 0), ("C", 0), ("O", 0), ("O", 5)];
        same(&table(&by_codes, &glycine, ""), "[NH3+]CC(=O)[O-]");
        let plain = by_codes.map(|(symbol, _)| (symbol, 0));
        same(
            &table(&plain, &glycine, "M  CHG  2   1   1   5  -1\n"),
            "[NH3+]CC(=O)[O-]",
        );
        // A line of charges takes the place of all codes.
        same(&table(&by_codes, &glycine, "M  CHG  1   2   0\n"), "NCC(=O)O");
        same(&table(&plain, &glycine, "M  ISO  1   2  13\n"), "N[13CH2]C(=O)O");
        same(&table(&plain, &glycine, "M  RAD  1   2   2\n"), "N[CH]C(=O)O");
        let heavy_water = [("O", 0), ("D", 0), ("D", 0)];
        same(&table(&heavy_water, &[(1, 2, 1), (1, 3, 1)], ""), "[2H]O[2H]");
        let cisplatin = [("Pt", 0), ("N", 0), ("N", 0), ("Cl", 0), ("Cl", 0)];
        let bonds = [(1, 2, 1), (1, 3, 1), (1, 4, 1), (1, 5, 1)];
        same(&table(&cisplatin, &bonds, ""), "N[Pt](N)(Cl)Cl");
        same(&table(&[("Si", 0), ("C", 0)], &[(1, 2, 1)], ""), "[SiH3]C");
    }

    #[test]
    fn the_first_record_of_an_sd_file_is_read_and_parts_stay_apart() {
        let ethanol = table(&[("C", 0), ("C", 0), ("O", 0)], &[(1, 2, 1), (2, 3, 1)], "");
        let other = table(&[("C", 0)], &[], "");
        let file = format!("{ethanol}> <ID>\n7\n\n$$$$\n{other}$$$$\n").replace('\n', "\r\n");
        assert_eq!(smiles_of_file("many.sdf", &file).unwrap(), "CCO");
        let salt = table(&[("Na", 3), ("Cl", 5)], &[], "");
        let smiles = smiles_of_file("x.mol", &salt).unwrap();
        assert_eq!(smiles, "[Na+].[Cl-]");
        assert!(matches!(
            TypedCompound::read(&smiles, MorganSettings::default()),
            Err(ChemError::Mixture { parts: 2, .. })
        ));
    }

    #[test]
    fn what_is_no_connection_table_is_told_with_its_line() {
        let good = table(&[("C", 0), ("C", 0)], &[(1, 2, 1)], "");
        for (file, expected) in [
            (String::new(), "line 4: the file ends here"),
            ("\n\n\nnothing".to_owned(), "line 4: no line of counts"),
            (
                good.replace("V2000", "V3000"),
                "line 4: a connection table of version V3000",
            ),
            (good.replace("  2  1", "  9  1"), "line 7: expected an atom"),
            (good.replace("  2  1", " -2  1"), "line 4: expected how many"),
            (
                good.replace("  1  2  1", "  1  3  1"),
                "line 7: atom 3, expected one of 1 to 2",
            ),
            (
                good.replace("  1  2  1", "  1  1  1"),
                "line 7: a bond from an atom to itself",
            ),
            (good.replace("  1  2  1", "  1  2  8"), "line 7: a bond of type 8"),
            (good.replace("C   0", "C  +1"), "line 5: a mass difference"),
            (good.replace("C   0", "R#  0"), "line 5: expected an atom"),
            (good.replace("  2  1", "  3  2"), "line 7: expected an atom"),
            ("é".repeat(200) + "\n\n\n\n\n", "line 4: no line of counts"),
            (table(&[("C", 0)], &[], "M  CHG  1   9   1\n"), "line 6: atom 9"),
        ] {
            let error = smiles_of_file("x.mol", &file).unwrap_err().to_string();
            assert!(
                error.starts_with("x.mol: ") && error.contains(expected),
                "{error}"
            );
        }
    }

    #[test]
    fn a_long_chain_and_a_star_are_written_without_branches_in_branches() {
        let chain: Vec<_> = (1..900).map(|k| (k, k + 1, 1)).collect();
        let smiles = smiles_of_file("x.mol", &table(&vec![("C", 0); 900], &chain, "")).unwrap();
        assert_eq!(smiles, "C".repeat(900));
        let star: Vec<_> = (2..6).map(|k| (1, k, 1)).collect();
        let smiles = smiles_of_file("x.mol", &table(&[("C", 0); 5], &star, "")).unwrap();
        assert_eq!(smiles, "C(C)(C)(C)C");
    }
}
