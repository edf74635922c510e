//! A connection table (MDL molfile `V2000`): its atoms and bonds, read line by line.

/// What is wrong in a line, counted from 1.
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// A connection table.
pub(super) struct Table {
    pub(super) atoms: Vec<Atom>,
    pub(super) bonds: Vec<Bond>,
    /// The bonds of each atom.
    at: Vec<Vec<usize>>,
}

pub(super) struct Atom {
    pub(super) symbol: String,
    pub(super) charge: i32,
    pub(super) isotope: Option<u32>,
    /// Electrons without a partner.
    pub(super) unpaired: i32,
    /// Bonds that it has in all, where the file says so.
    pub(super) valence: Option<i32>,
}

#[derive(Clone, Copy)]
pub(super) struct Bond {
    pub(super) ends: [usize; 2],
    /// 1 to 3, or 4 for an aromatic one.
    pub(super) order: i32,
}

/// An aromatic bond's order in a connection table.
pub(super) const AROMATIC: i32 = 4;

impl Table {
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
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

    pub(super) fn bonds_of(&self, atom: usize) -> impl Iterator<Item = (usize, Bond)> + '_ {
        let places = self.at.get(atom).into_iter().flatten();
        places.filter_map(|&place| Some((place, *self.bonds.get(place)?)))
    }

    pub(super) fn is_aromatic(&self, atom: usize) -> bool {
        self.bonds_of(atom).any(|(_, bond)| bond.order == AROMATIC)
    }
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
