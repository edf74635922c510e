//! How far apart networks are: from the outputs that a reference wrote down ([`golden`]), and from themselves
//! before their weights were stored in fewer bytes ([`storage`]).

pub mod golden;
pub mod storage;
