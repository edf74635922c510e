//! Dates as people write them into a manifest or a site.

/// Whether a text is a date: `YYYY-MM-DD`, and where fewer than three parts are enough also `YYYY-MM` and
/// `YYYY`.
///
/// ```
/// use cellflux_bundle::date::is_date;
///
/// assert!(is_date("2026-11-27", 3) && !is_date("2026-13-01", 3) && !is_date("2026-11", 3));
/// assert!(is_date("2026-11", 1) && is_date("2026", 1) && !is_date("26", 1));
/// ```
pub fn is_date(text: &str, least_parts: usize) -> bool {
    let widths = [(4, 0..=9999), (2, 1..=12), (2, 1..=31)];
    let parts: Vec<&str> = text.split('-').collect();
    (least_parts.max(1)..=3).contains(&parts.len())
        && parts.iter().zip(widths).all(|(part, (width, range))| {
            part.len() == width
                && part.bytes().all(|byte| byte.is_ascii_digit())
                && part.parse().is_ok_and(|number: u32| range.contains(&number))
        })
}
