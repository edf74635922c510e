//! SMILES to Morgan counts and 2-d structures.
