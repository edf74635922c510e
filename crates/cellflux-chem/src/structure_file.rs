//! The structure in a file that somebody drops: a line of SMILES, or a connection table in the form that
//! drawing programs and databases write (MDL molfile `V2000`, alone or as a record of an SD file).
//!
//! Of a connection table this makes SMILES, which a link can hold. What Morgan counts leave out (coordinates,
//! wedges) is left out. Formats: A. Dalby et al., Description of several chemical structure file formats used
//! by computer programs developed at Molecular Design Limited, J. Chem. Inf. Comput. Sci. 32, 244 (1992).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::ChemError;

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

/// What is wrong in a line, counted from 1.
struct Fault {
    line: usize,
    reason: String,
}

/// A connection table.
struct Table {
    atoms: Vec<Atom>,
    bonds: Vec<Bond>,
    /// The bonds of each atom.
    at: Vec<Vec<usize>>,
}

struct Atom {
    symbol: String,
    charge: i32,
    isotope: Option<u32>,
    /// Electrons without a partner.
    unpaired: i32,
    /// Bonds that it has in all, where the file says so.
    valence: Option<i32>,
}

#[derive(Clone, Copy)]
struct Bond {
    ends: [usize; 2],
    /// 1 to 3, or 4 for an aromatic one.
    order: i32,
}

/// An aromatic bond's order in a connection table.
const AROMATIC: i32 = 4;

impl Table {
    fn read(text: &str) -> Result<Self, Fault> {
        let lines: Vec<&str> = text.lines().collect();
        let line = |index: usize| {
            lines.get(index).copied().ok_or_else(|| Fault {
                line: index + 1,
                reason: "the file ends here, expected a connection table".to_owned(),
            })
        };
        // Three lines of heading, then the counts.
        let counts = line(3)?;
        let fault = |index: usize, reason: String| Fault {
            line: index + 1,
            reason,
        };
        if !counts.contains("V2000") {
            let found = if counts.contains("V3000") {
                "a connection table of version V3000"
            } else {
                "no line of counts"
            };
            return Err(fault(3, format!("{found}, expected one that ends with V2000")));
        }
        let count = |columns| whole(counts, columns).and_then(|count| usize::try_from(count).ok());
        let (Some(atoms), Some(bonds)) = (count([0, 3]), count([3, 6])) else {
            return Err(fault(3, "expected how many atoms and bonds there are".to_owned()));
        };
        let mut table = Self {
            atoms: Vec::new(),
            bonds: Vec::new(),
            at: vec![Vec::new(); atoms],
        };
        for index in 4..4 + atoms {
            table
                .atoms
                .push(Atom::read(line(index)?).map_err(|reason| fault(index, reason))?);
        }
        for index in 4 + atoms..4 + atoms + bonds {
            table.bond(line(index)?).map_err(|reason| fault(index, reason))?;
        }
        let mut first = true;
        for (index, line) in lines.iter().enumerate().skip(4 + atoms + bonds) {
            if line.starts_with("M  END") || line.starts_with("$$$$") {
                break;
            }
            let Some(kind) = line.strip_prefix("M  ").and_then(|rest| rest.get(..3)) else {
                continue;
            };
            if std::mem::take(&mut first) && ["CHG", "RAD"].contains(&kind) {
                // These lines take the place of what the atoms' lines say.
                for atom in &mut table.atoms {
                    (atom.charge, atom.unpaired) = (0, 0);
                }
            }
            table
                .property(kind, line)
                .map_err(|reason| fault(index, reason))?;
        }
        Ok(table)
    }

    fn bond(&mut self, line: &str) -> Result<(), String> {
        let of = |columns| whole(line, columns).ok_or_else(|| "expected a bond's two atoms".to_owned());
        let mut ends = [0; 2];
        for (end, columns) in ends.iter_mut().zip([[0, 3], [3, 6]]) {
            *end = self.place(of(columns)?)?;
        }
        let order = whole(line, [6, 9]).unwrap_or_default();
        if !(1..=AROMATIC).contains(&order) {
            return Err(format!(
                "a bond of type {order}, expected 1 (single) to 4 (aromatic)"
            ));
        }
        let [a, b] = ends;
        let known = |bond: &&Bond| bond.ends == [a, b] || bond.ends == [b, a];
        if a == b || self.bonds.iter().any(|bond| known(&bond)) {
            return Err("a bond from an atom to itself or a second one between two, expected one".to_owned());
        }
        for end in ends {
            if let Some(bonds) = self.at.get_mut(end) {
                bonds.push(self.bonds.len());
            }
        }
        self.bonds.push(Bond { ends, order });
        Ok(())
    }

    /// The place of an atom by its number.
    fn place(&self, number: i32) -> Result<usize, String> {
        let place = usize::try_from(number - 1).ok();
        place.filter(|&place| place < self.atoms.len()).ok_or_else(|| {
            let most = self.atoms.len();
            format!("atom {number}, expected one of 1 to {most}")
        })
    }

    /// A line of pairs, atom and value, of charges, radicals or isotopes.
    fn property(&mut self, kind: &str, line: &str) -> Result<(), String> {
        if !["CHG", "RAD", "ISO"].contains(&kind) {
            return Ok(());
        }
        let pairs = whole(line, [6, 9]).unwrap_or_default().clamp(0, 8);
        for pair in 0..pairs as usize {
            let from = 9 + 8 * pair;
            let (Some(number), Some(value)) =
                (whole(line, [from, from + 4]), whole(line, [from + 4, from + 8]))
            else {
                return Err(format!("expected {pairs} pairs of an atom and a number"));
            };
            let place = self.place(number)?;
            let Some(atom) = self.atoms.get_mut(place) else {
                continue;
            };
            match kind {
                "CHG" => atom.charge = value.clamp(-15, 15),
                // 2 is a doublet, 1 and 3 are a singlet and a triplet.
                "RAD" => {
                    let unpaired = [0, 2, 1, 2].get(value.unsigned_abs() as usize);
                    atom.unpaired = unpaired.copied().unwrap_or_default();
                }
                _ => atom.isotope = u32::try_from(value).ok().filter(|mass| *mass > 0),
            }
        }
        Ok(())
    }

    fn bonds_of(&self, atom: usize) -> impl Iterator<Item = (usize, Bond)> + '_ {
        let places = self.at.get(atom).into_iter().flatten();
        places.filter_map(|&place| Some((place, *self.bonds.get(place)?)))
    }

    fn is_aromatic(&self, atom: usize) -> bool {
        self.bonds_of(atom).any(|(_, bond)| bond.order == AROMATIC)
    }

    /// The table as SMILES, parts joined by dots.
    fn smiles(&self) -> String {
        let tree = Tree::of(self);
        let mut text = Text {
            table: self,
            tree: &tree,
            rings: BTreeMap::new(),
            smiles: String::new(),
        };
        for (number, &root) in tree.roots.iter().enumerate() {
            if number > 0 {
                text.smiles.push('.');
            }
            text.write(root);
        }
        text.smiles
    }

    /// An atom's own letters.
    fn letters(&self, place: usize) -> String {
        let Some(atom) = self.atoms.get(place) else {
            return String::new();
        };
        let aromatic = self.is_aromatic(place);
        let symbol = match (aromatic, atom.symbol.as_str()) {
            (true, "B" | "C" | "N" | "O" | "P" | "S") => atom.symbol.to_ascii_lowercase(),
            _ => atom.symbol.clone(),
        };
        let plain = atom.charge == 0
            && atom.isotope.is_none()
            && atom.unpaired == 0
            && atom.valence.is_none()
            && ORGANIC.contains(&atom.symbol.as_str());
        if plain {
            return symbol;
        }
        let mut letters = String::from("[");
        if let Some(isotope) = atom.isotope {
            // Writing to a String cannot fail.
            let _ = write!(letters, "{isotope}");
        }
        letters += &symbol;
        match self.hydrogens(place, atom) {
            0 => {}
            1 => letters.push('H'),
            more => {
                let _ = write!(letters, "H{more}");
            }
        }
        if atom.charge != 0 {
            let sign = if atom.charge > 0 { '+' } else { '-' };
            letters.push(sign);
            if atom.charge.abs() > 1 {
                let _ = write!(letters, "{}", atom.charge.abs());
            }
        }
        letters.push(']');
        letters
    }

    /// Hydrogens that a connection table leaves to the reader: as many as the atom's bonds lack.
    fn hydrogens(&self, place: usize, atom: &Atom) -> i32 {
        // An aromatic atom has two or three such bonds, of one and a half each, rounded down.
        let aromatic = self.bonds_of(place).filter(|(_, bond)| bond.order == AROMATIC);
        let aromatic = aromatic.count() as i32 * 3 / 2;
        let others = self.bonds_of(place).filter(|(_, bond)| bond.order != AROMATIC);
        let bonds = aromatic + others.map(|(_, bond)| bond.order).sum::<i32>();
        let valence = atom
            .valence
            .unwrap_or_else(|| usual_valence(&atom.symbol, atom.charge));
        (valence - bonds - atom.unpaired).max(0)
    }
}

/// Atoms that SMILES writes without brackets and gives their hydrogens by itself.
const ORGANIC: [&str; 10] = ["B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I"];

/// Bonds that an atom of a charge usually has, by the electrons of its outer shell; none where the element
/// has no such rule, as metals have not.
fn usual_valence(symbol: &str, charge: i32) -> i32 {
    let electrons = match symbol {
        "H" => return i32::from(charge == 0),
        "B" => 3,
        "C" | "Si" | "Ge" => 4,
        "N" | "P" | "As" => 5,
        "O" | "S" | "Se" | "Te" => 6,
        "F" | "Cl" | "Br" | "I" => 7,
        _ => return 0,
    };
    let electrons: i32 = electrons - charge;
    if electrons <= 4 { electrons } else { 8 - electrons }
}

impl Atom {
    fn read(line: &str) -> Result<Self, String> {
        let symbol = line.get(31..34).unwrap_or_default().trim();
        if symbol.is_empty() || !symbol.bytes().all(|letter| letter.is_ascii_alphabetic()) {
            return Err("expected an atom: three coordinates, then an element's symbol".to_owned());
        }
        if whole(line, [34, 36]).unwrap_or_default() != 0 {
            return Err("a mass difference, expected isotopes as `M  ISO`".to_owned());
        }
        let (charge, unpaired) = match whole(line, [36, 39]).unwrap_or_default() {
            4 => (0, 1),
            code @ 1..=7 => (4 - code, 0),
            _ => (0, 0),
        };
        let valence = match whole(line, [48, 51]).unwrap_or_default() {
            15 => Some(0),
            valence @ 1..=14 => Some(valence),
            _ => None,
        };
        let (symbol, isotope) = match symbol {
            "D" => ("H", Some(2)),
            "T" => ("H", Some(3)),
            other => (other, None),
        };
        Ok(Self {
            symbol: symbol.to_owned(),
            charge,
            isotope,
            unpaired,
            valence,
        })
    }
}

/// A number in the columns of a line, counted in bytes from 0; 0 where the line ends before or holds blanks.
fn whole(line: &str, [from, to]: [usize; 2]) -> Option<i32> {
    let to = to.min(line.len());
    if from >= to {
        return Some(0);
    }
    match line.get(from..to)?.trim() {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
}

/// The order in which a table is written: from a root along bonds, each atom once.
struct Tree {
    roots: Vec<usize>,
    /// Bond and atom of what follows each atom, the longest branch last, so that branches are seldom inside
    /// one another.
    children: Vec<Vec<(usize, usize)>>,
    /// Bonds that are followed; the others close rings.
    followed: BTreeSet<usize>,
}

impl Tree {
    fn of(table: &Table) -> Self {
        let count = table.atoms.len();
        let mut tree = Self {
            roots: Vec::new(),
            children: vec![Vec::new(); count],
            followed: BTreeSet::new(),
        };
        let mut seen = vec![false; count];
        let mut order = Vec::with_capacity(count);
        for root in 0..count {
            if seen.get(root).copied().unwrap_or(true) {
                continue;
            }
            tree.roots.push(root);
            // The bond on which an atom is come to, with both atoms. An atom is entered when it is taken,
            // which makes this a search in depth: every other bond leads back to an atom before.
            let mut open: Vec<(Option<(usize, usize)>, usize)> = vec![(None, root)];
            while let Some((from, atom)) = open.pop() {
                let Some(seen) = seen.get_mut(atom).filter(|seen| !**seen) else {
                    continue;
                };
                *seen = true;
                order.push(atom);
                if let Some((bond, parent)) = from {
                    tree.followed.insert(bond);
                    if let Some(children) = tree.children.get_mut(parent) {
                        children.push((bond, atom));
                    }
                }
                for (place, bond) in table.bonds_of(atom) {
                    let [a, b] = bond.ends;
                    open.push((Some((place, atom)), if a == atom { b } else { a }));
                }
            }
        }
        let mut sizes = vec![1_usize; count];
        for &atom in order.iter().rev() {
            let size = |sizes: &[usize], child: usize| sizes.get(child).copied().unwrap_or_default();
            let Some(children) = tree.children.get_mut(atom) else {
                continue;
            };
            children.sort_by_key(|&(_, child)| size(&sizes, child));
            let below: usize = children.iter().map(|&(_, child)| size(&sizes, child)).sum();
            if let Some(own) = sizes.get_mut(atom) {
                *own += below;
            }
        }
        tree
    }
}

/// A text in the making.
struct Text<'a> {
    table: &'a Table,
    tree: &'a Tree,
    /// Numbers of rings that are open, by their bonds.
    rings: BTreeMap<usize, usize>,
    smiles: String,
}

impl Text<'_> {
    fn write(&mut self, root: usize) {
        /// What is still to be written, the next last.
        enum Next {
            Atom(usize),
            Along(usize),
            Letter(char),
        }
        let mut open = vec![Next::Atom(root)];
        while let Some(next) = open.pop() {
            match next {
                Next::Letter(letter) => self.smiles.push(letter),
                Next::Along(bond) => self.smiles.push_str(self.sign(bond)),
                Next::Atom(atom) => {
                    self.smiles += &self.table.letters(atom);
                    self.rings_at(atom);
                    let children = self.tree.children.get(atom).map_or(&[][..], Vec::as_slice);
                    for (number, &(bond, child)) in children.iter().rev().enumerate() {
                        let branch = number > 0;
                        if branch {
                            open.push(Next::Letter(')'));
                        }
                        open.push(Next::Atom(child));
                        open.push(Next::Along(bond));
                        if branch {
                            open.push(Next::Letter('('));
                        }
                    }
                }
            }
        }
    }

    /// The numbers of rings that begin or end at an atom.
    fn rings_at(&mut self, atom: usize) {
        let mut closed = Vec::new();
        for (place, _) in self.table.bonds_of(atom) {
            if self.tree.followed.contains(&place) {
                continue;
            }
            let number = if let Some(&number) = self.rings.get(&place) {
                closed.push(place);
                number
            } else {
                let taken: BTreeSet<usize> = self.rings.values().copied().collect();
                // One of so many numbers is free.
                let free = (1..=taken.len() + 1).find(|number| !taken.contains(number));
                let free = free.unwrap_or_default();
                self.rings.insert(place, free);
                self.smiles.push_str(self.sign(place));
                free
            };
            // SMILES has no numbers above 99; no molecule within its limits has as many rings open.
            let _ = match number {
                1..10 => write!(self.smiles, "{number}"),
                _ => write!(self.smiles, "%{number}"),
            };
        }
        // Only now, so that a number does not end and begin at one atom.
        for bond in closed {
            self.rings.remove(&bond);
        }
    }

    fn sign(&self, place: usize) -> &'static str {
        let Some(bond) = self.table.bonds.get(place) else {
            return "";
        };
        match bond.order {
            2 => "=",
            3 => "#",
            AROMATIC => ":",
            // Between two aromatic atoms no sign would be an aromatic bond.
            _ if bond.ends.iter().all(|&end| self.table.is_aromatic(end)) => "-",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
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
