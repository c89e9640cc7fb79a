//! Numbers within bounds, digit by digit, so that none that a plan may not hold can be written.

use serde_json::Number as JsonNumber;

use super::node::Node;

/// How far numbers go where nothing bounds them.
const OPEN: i64 = 999_999;

/// Numbers have this many digits behind the point at most.
const DECIMALS: usize = 3;

/// One, in units of the last decimal.
const UNIT: i64 = 1000;

/// Bounds beyond this are not counted in decimals any more.
const COUNTED: f64 = 1e12;

/// A whole number within bounds, if there is any.
pub(super) fn integer(minimum: Option<i64>, maximum: Option<i64>) -> Option<Node> {
    let least = minimum.unwrap_or_else(|| maximum.map_or(-OPEN, |most| most.min(-OPEN)));
    let most = maximum.unwrap_or_else(|| minimum.map_or(OPEN, |least| least.max(OPEN)));
    signed(least, most, whole)
}

/// A number within bounds, with three decimals at most. Bounds that no such number is between stand for themselves.
pub(super) fn number(minimum: Option<f64>, maximum: Option<f64>) -> Option<Node> {
    let open = 999_999.0_f64;
    let least = minimum.unwrap_or_else(|| maximum.map_or(-open, |most| most.min(-open)));
    let most = maximum.unwrap_or_else(|| minimum.map_or(open, |least| least.max(open)));
    if least.abs() < COUNTED && most.abs() < COUNTED {
        let (least, most) = (first_from(least), last_to(most));
        if let Some(node) = signed(least, most, decimal) {
            return Some(node);
        }
    }
    let bounds = [minimum, maximum].into_iter().flatten();
    let exact = bounds.filter_map(|bound| Some(JsonNumber::from_f64(bound)?.to_string()));
    // A number can be read a little off where it was written.
    let is_within = |read: f64| least <= read && read <= most;
    let exact = exact.filter(|text| serde_json::from_str(text).is_ok_and(is_within));
    Node::choice(exact.map(Node::text).collect())
}

/// The first number with three decimals that is not below `least`, in units of the last decimal.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "bounds this small fit"
)]
fn first_from(least: f64) -> i64 {
    let units = (least * UNIT as f64).ceil() as i64;
    units + i64::from((units as f64 / UNIT as f64) < least)
}

/// The last number with three decimals that is not above `most`, in units of the last decimal.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "bounds this small fit"
)]
fn last_to(most: f64) -> i64 {
    let units = (most * UNIT as f64).floor() as i64;
    units - i64::from((units as f64 / UNIT as f64) > most)
}

/// From `least` to `most`, where `absolute` writes what is not below zero.
fn signed(least: i64, most: i64, absolute: impl Fn(u64, u64) -> Node) -> Option<Node> {
    let mut options = Vec::new();
    if least <= most && most >= 0 {
        options.push(absolute(least.max(0).unsigned_abs(), most.unsigned_abs()));
    }
    if least <= most && least < 0 {
        let nearest = most.min(-1).unsigned_abs();
        let digits = absolute(nearest, least.unsigned_abs());
        options.push(Node::sequence([Node::text("-"), digits]));
    }
    Node::choice(options).map(|digits| Node::Number(Box::new(digits)))
}

/// A whole number without leading zeros.
fn whole(least: u64, most: u64) -> Node {
    let widths = least.to_string().len()..=most.to_string().len();
    let options = widths.map(|width| {
        let smallest = 10_u64.saturating_pow(u32::try_from(width - 1).unwrap_or(u32::MAX));
        let smallest = if width == 1 { 0 } else { smallest };
        let largest = "9".repeat(width).parse().unwrap_or(u64::MAX);
        fixed(
            &least.max(smallest).to_string(),
            &most.min(largest).to_string(),
        )
    });
    // There is at least one width.
    Node::choice(options.collect()).unwrap_or_else(|| Node::text("0"))
}

/// A number in units of the last decimal, written with as many decimals as wanted.
fn decimal(least: u64, most: u64) -> Node {
    let unit = UNIT.unsigned_abs();
    let (first, last) = (least / unit, most / unit);
    let (above, below) = (least % unit, most % unit);
    if first == last {
        return Node::sequence([whole(first, last), fraction(above, below)]);
    }
    let mut options = vec![Node::sequence([
        whole(first, first),
        fraction(above, unit - 1),
    ])];
    if first + 1 < last {
        let between = whole(first + 1, last - 1);
        options.push(Node::sequence([between, fraction(0, unit - 1)]));
    }
    options.push(Node::sequence([whole(last, last), fraction(0, below)]));
    Node::Choice(options)
}

/// Decimals from `least` to `most`, in units of the last one; none at all where that means nothing.
fn fraction(least: u64, most: u64) -> Node {
    if most == 0 {
        return Node::text("");
    }
    let widths = (1..=DECIMALS).filter_map(|width| {
        let step = 10_u64.pow(u32::try_from(DECIMALS - width).unwrap_or_default());
        let (first, last) = (least.div_ceil(step), most / step);
        (first <= last).then(|| {
            let digits = fixed(&format!("{first:0width$}"), &format!("{last:0width$}"));
            Node::sequence([Node::text("."), digits])
        })
    });
    let written = Node::choice(widths.collect()).unwrap_or_else(|| Node::text(""));
    if least == 0 {
        written.optional()
    } else {
        written
    }
}

/// Digits from `first` to `last`, both of the same width.
fn fixed(first: &str, last: &str) -> Node {
    let (Some(&low), Some(&high)) = (first.as_bytes().first(), last.as_bytes().first()) else {
        return Node::text("");
    };
    let (low_rest, high_rest) = (&first[1..], &last[1..]);
    if low == high {
        return Node::sequence([Node::Digit(low, high), fixed(low_rest, high_rest)]);
    }
    let (zeros, nines) = ("0".repeat(low_rest.len()), "9".repeat(low_rest.len()));
    // A bound whose rest excludes nothing joins the digits between.
    let from = if low_rest == zeros { low } else { low + 1 };
    let to = if high_rest == nines { high } else { high - 1 };
    let mut options = Vec::new();
    if from > low {
        options.push(Node::sequence([
            Node::Digit(low, low),
            fixed(low_rest, &nines),
        ]));
    }
    if from <= to {
        let rest = vec![Node::Digit(b'0', b'9'); low_rest.len()];
        options.push(Node::sequence(
            std::iter::once(Node::Digit(from, to)).chain(rest),
        ));
    }
    if to < high {
        options.push(Node::sequence([
            Node::Digit(high, high),
            fixed(&zeros, high_rest),
        ]));
    }
    Node::choice(options).unwrap_or_else(|| Node::text(""))
}
