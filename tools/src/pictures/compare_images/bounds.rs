//! Boxes around changed pixels, those that meet in one.

use medley_orchestrator::Region;

/// Boxes that overlap become one, until none do.
pub(super) fn merged(mut boxes: Vec<Bounds>) -> Vec<Bounds> {
    let mut apart: Vec<Bounds> = Vec::new();
    while let Some(mut bounds) = boxes.pop() {
        let (over, rest): (Vec<_>, Vec<_>) =
            apart.into_iter().partition(|other| bounds.overlaps(other));
        apart = rest;
        if over.is_empty() {
            apart.push(bounds);
        } else {
            for other in over {
                bounds.add(other.left, other.top);
                bounds.add(other.right, other.bottom);
            }
            // It may overlap others now.
            boxes.push(bounds);
        }
    }
    apart
}

/// The first and the last pixels of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) left: u32,
    pub(super) top: u32,
    right: u32,
    bottom: u32,
}

impl Bounds {
    /// None yet.
    pub(super) const EMPTY: Self = Self {
        left: u32::MAX,
        top: u32::MAX,
        right: 0,
        bottom: 0,
    };

    /// Takes a pixel in.
    pub(super) fn add(&mut self, x: u32, y: u32) {
        self.left = self.left.min(x);
        self.top = self.top.min(y);
        self.right = self.right.max(x);
        self.bottom = self.bottom.max(y);
    }

    const fn overlaps(&self, other: &Self) -> bool {
        self.left <= other.right
            && other.left <= self.right
            && self.top <= other.bottom
            && other.top <= self.bottom
    }

    /// As a region that changed.
    pub(super) fn region(&self) -> Region {
        let sides = [self.right - self.left + 1, self.bottom - self.top + 1];
        Region {
            bounds: [self.left, self.top, sides[0], sides[1]].map(|value| value as f32),
            label: Some("changed".to_owned()),
            ..Region::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_goes_on_until_nothing_overlaps() {
        let bounds = |left, top, right, bottom| Bounds {
            left,
            top,
            right,
            bottom,
        };
        let found = merged(vec![
            bounds(0, 0, 10, 10),
            bounds(20, 0, 30, 10),
            bounds(8, 8, 22, 12),
            bounds(50, 50, 60, 60),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&bounds(0, 0, 30, 12)));
    }
}
