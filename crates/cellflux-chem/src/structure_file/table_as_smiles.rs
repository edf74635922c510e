//! A connection table as SMILES: the order in which its atoms are written, their letters, and the numbers of
//! its rings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::connection_table::{AROMATIC, Atom, Table};

impl Table {
    /// The table as SMILES, parts joined by dots.
    pub(super) fn smiles(&self) -> String {
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
                // One number more than are taken, so one of them is free.
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
