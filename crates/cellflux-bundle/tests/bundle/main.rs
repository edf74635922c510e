//! A bundle from one end to the other: written and read, attacked, described by its schema, imported from
//! checkpoints.

#[cfg(test)]
mod checkpoint;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod impossible_values;
#[cfg(test)]
mod model;
#[cfg(test)]
mod quick;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod torch_file;
