//! How channels are shown, as three lists of a link:
//! `window=0:0.11-0.35,2:0.1-0.6&gamma=0:0.8&lut=0:magenta`. Each entry is a channel's number, a colon and a
//! value; numbers are whole thousandths.

use std::collections::{BTreeMap, BTreeSet};

use cellflux_image::lut::Lut;

use super::wrong;
use crate::error::SessionError;
use crate::recipe::{ChannelView, Thousandths, WindowView};

/// Each key with its list; the list is empty where no channel has such a value.
pub(super) fn lists(channels: &[ChannelView]) -> [(&'static str, String); 3] {
    let list = |value: &dyn Fn(&ChannelView) -> Option<String>| {
        let entries: Vec<String> = channels
            .iter()
            .filter_map(|shown| Some(format!("{}:{}", shown.channel, value(shown)?)))
            .collect();
        entries.join(",")
    };
    [
        ("window", list(&|shown| Some(shown.window?.to_string()))),
        ("gamma", list(&|shown| Some(shown.gamma?.to_string()))),
        ("lut", list(&|shown| Some(shown.lut?.to_string()))),
    ]
}

/// The channels that a link's lists speak of, rising. `list` gives the list of a key.
///
/// # Errors
/// [`SessionError::Link`] for an entry that cannot be read, or a channel that is twice in a list.
pub(super) fn read<'a>(list: impl Fn(&str) -> Option<&'a str>) -> Result<Vec<ChannelView>, SessionError> {
    let windows = entries("window", list("window"), "0:0.1-0.5", WindowView::read)?;
    let gammas = entries("gamma", list("gamma"), "0:0.8", Thousandths::read)?;
    let luts = entries("lut", list("lut"), "0:magenta", |name| name.parse::<Lut>().ok())?;
    let channels: BTreeSet<usize> = windows
        .keys()
        .chain(gammas.keys())
        .chain(luts.keys())
        .copied()
        .collect();
    let shown = |channel| ChannelView {
        channel,
        window: windows.get(&channel).copied(),
        gamma: gammas.get(&channel).copied(),
        lut: luts.get(&channel).copied(),
    };
    Ok(channels.into_iter().map(shown).collect())
}

/// A list's values by channel.
fn entries<T>(
    key: &str,
    list: Option<&str>,
    example: &str,
    value: impl Fn(&str) -> Option<T>,
) -> Result<BTreeMap<usize, T>, SessionError> {
    let mut read = BTreeMap::new();
    let Some(list) = list else {
        return Ok(read);
    };
    for part in list.split(',') {
        let entry = part
            .split_once(':')
            .and_then(|(channel, text)| Some((channel.parse::<usize>().ok()?, value(text)?)));
        let again = entry.map(|(channel, value)| read.insert(channel, value).is_some());
        if again != Some(false) {
            let expected = format!("entries such as {example} joined by commas, each channel once");
            return Err(wrong(key, list, &expected));
        }
    }
    Ok(read)
}
