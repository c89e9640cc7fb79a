//! Where a script is: the names of its steps follow from it, and are the same when the script runs again.
//!
//! A strand is a piece of a script that runs in order: the script itself, or one call of a function by `map` or
//! `parallel`. A call of a tool is named after the tool, its line and column, the strand, and how often the strand has
//! come by there.

use std::{cell::RefCell, collections::HashMap};

use rhai::Position;

thread_local! {
    static CURRENT: RefCell<Strand> = RefCell::new(Strand::default());
}

/// A piece of a script that runs in order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Strand {
    /// What the names of its steps end with.
    suffix: String,
    /// Where it stands among all, had they run one after the other.
    order: Vec<u32>,
    /// How often each place was passed.
    passed: HashMap<(Position, Option<usize>, String), u32>,
    /// How many fan-outs it has begun.
    fans: u32,
    /// Counts what has an order.
    moment: u32,
}

/// A fan-out: one strand an item.
#[derive(Debug, Clone)]
pub(crate) struct Fan {
    suffix: String,
    order: Vec<u32>,
}

impl Strand {
    /// The strand of a script whose steps' names end with `suffix`.
    pub(crate) fn whole(suffix: String) -> Self {
        Self {
            suffix,
            ..Self::default()
        }
    }

    /// Runs `work` in this strand, on this thread.
    pub(crate) fn hold<T>(self, work: impl FnOnce() -> T) -> T {
        let before = CURRENT.with(|current| current.replace(self));
        let worked = work();
        CURRENT.with(|current| current.replace(before));
        worked
    }

    /// A name for a step that calls `tool` at a place of a script, given as line and column, or of a module by its number.
    pub(crate) fn name_step(
        tool: &str,
        module: Option<usize>,
        place: Position,
        at: (usize, usize),
    ) -> String {
        CURRENT.with_borrow_mut(|strand| {
            let passed = strand
                .passed
                .entry((place, module, tool.to_owned()))
                .or_default();
            *passed += 1;
            let (line, column) = at;
            let mut name = format!("{tool}_{line}_{column}");
            if let Some(number) = module {
                name.push_str(&format!("_x{number}"));
            }
            if *passed > 1 {
                name = format!("{name}_n{passed}");
            }
            name.push_str(&strand.suffix);
            name
        })
    }

    /// Begins a fan-out.
    pub(crate) fn fan() -> Fan {
        let order = Self::moment();
        CURRENT.with_borrow_mut(|strand| {
            strand.fans += 1;
            Fan {
                suffix: format!("{}_m{}", strand.suffix, strand.fans),
                order,
            }
        })
    }

    /// Where what happens now stands among all that happens.
    pub(crate) fn moment() -> Vec<u32> {
        CURRENT.with_borrow_mut(|strand| {
            strand.moment += 1;
            let mut order = strand.order.clone();
            order.push(strand.moment);
            order
        })
    }
}

impl Fan {
    /// The strand of an item.
    pub(crate) fn strand(&self, index: usize) -> Strand {
        let mut order = self.order.clone();
        order.push(u32::try_from(index).unwrap_or(u32::MAX));
        Strand {
            suffix: format!("{}i{index}", self.suffix),
            order,
            ..Strand::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(line: u16) -> String {
        Strand::name_step("ocr", None, Position::new(line, 5), (line.into(), 5))
    }

    #[test]
    fn names_tell_places_passes_and_items_apart() {
        Strand::default().hold(|| {
            assert_eq!(name(3), "ocr_3_5");
            assert_eq!(name(3), "ocr_3_5_n2");
            let fan = Strand::fan();
            fan.strand(4).hold(|| {
                assert_eq!(name(3), "ocr_3_5_m1i4");
                let inner = Strand::fan();
                inner
                    .strand(0)
                    .hold(|| assert_eq!(name(3), "ocr_3_5_m1i4_m1i0"));
            });
            assert_eq!(name(3), "ocr_3_5_n3");
            assert_eq!(
                Strand::name_step("ocr", Some(2), Position::new(1, 1), (1, 1)),
                "ocr_1_1_x2"
            );
        });
    }

    #[test]
    fn what_happens_in_items_is_ordered_as_if_they_came_one_by_one() {
        Strand::default().hold(|| {
            let before = Strand::moment();
            let fan = Strand::fan();
            let second = fan.strand(1).hold(Strand::moment);
            let first = fan.strand(0).hold(Strand::moment);
            let after = Strand::moment();
            assert!(before < first && first < second && second < after);
        });
    }
}
