//! Sizes as people read them. Knows nothing of what is measured.

/// A number of bytes in decimal units, as in `23.8 MB`.
#[must_use]
pub fn readable(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn sizes_are_rounded_to_the_nearest_unit() {
        assert_eq!(readable(0), "0 B");
        assert_eq!(readable(999), "999 B");
        assert_eq!(readable(1000), "1.0 kB");
        assert_eq!(readable(999_960), "1.0 MB");
        assert_eq!(readable(23_760_988), "23.8 MB");
        assert_eq!(readable(4_700_000_000), "4.7 GB");
    }
}
