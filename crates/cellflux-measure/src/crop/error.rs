//! What cannot be measured.

/// Why a crop, or channels, cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasureError {
    /// There is no channel.
    #[error("there is no channel to measure; name at least one")]
    NoChannels,
    /// A channel's name holds no letter and no digit.
    #[error("channel {position} is named {name:?}; expected a name with a letter or a digit")]
    UnnamedChannel {
        /// Its place among the channels, from 1.
        position: usize,
        /// What stood there.
        name: String,
    },
    /// Two channels' measures would have the same names.
    #[error("channels {first:?} and {second:?} would both measure as {slug:?}; rename one of them")]
    SameChannel {
        /// The first one's name.
        first: String,
        /// The second one's name.
        second: String,
        /// What both become in the name of a measure.
        slug: String,
    },
    /// A side is 0, or the sides' product is more than this machine can hold.
    #[error("a crop of {height} x {width} pixels; expected sides of at least 1 that fit into memory")]
    Size {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A field has more pixels than are looked through at once.
    #[error("a field of {height} x {width} pixels; expected at most {most} pixels: reduce it before")]
    TooLarge {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The most pixels that are looked through.
        most: usize,
    },
    /// A field's numbers are not as many as its sides say.
    #[error("{found} numbers for a field of {height} x {width} pixels; expected one number per pixel")]
    Numbers {
        /// Numbers given.
        found: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// The bytes are not as many as channels and sides say.
    #[error(
        "{found} bytes for {channels} channel(s) of {height} x {width} pixels; expected one byte per \
         pixel and channel, [C, H, W]"
    )]
    Length {
        /// Bytes given.
        found: usize,
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
}
