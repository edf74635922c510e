//! What a measure is called and means.

/// The unit of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A number of pixels.
    Pixels,
    /// An area, where the size of a pixel is known.
    SquareMicrometres,
    /// Coded bytes over 255: a share of the coded full scale.
    ShareOfFullScale,
    /// Hundredths of a whole, 0..=100.
    Percent,
    /// A number of things.
    Count,
    /// Squared differences between grey levels, of which a texture has 32.
    GreyLevelsSquared,
    /// Natural units of information, for entropies.
    Nats,
    /// A ratio or coefficient.
    None,
}

impl Unit {
    /// As one writes it behind a number; empty for none.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Pixels => "px",
            Self::SquareMicrometres => "µm²",
            Self::ShareOfFullScale => "of full scale",
            Self::Percent => "%",
            Self::GreyLevelsSquared => "levels²",
            Self::Nats => "nats",
            Self::Count | Self::None => "",
        }
    }
}

/// A measure of one of the modules here, not yet of a particular channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name's last part, such as `mean`.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Who defined it.
    pub source: &'static str,
}
