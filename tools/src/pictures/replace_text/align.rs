//! Finds to which side texts keep, so that new ones of other lengths stand in line as the old ones did.

use super::{plate::Plate, surface::Surface};

/// Neighbours are in line if their ends are nearer than this part of the height of text.
const IN_LINE: f32 = 0.3;

/// To which side of its plate a text keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// Which ends texts have in common with most of their neighbours tells to which side they keep; else they are centred.
pub(super) fn alignments(plates: &[Option<(Plate, Surface)>]) -> Vec<Align> {
    let align = |(number, own): (usize, &Option<(Plate, Surface)>)| {
        let Some((plate, surface)) = own else {
            return Align::Centre;
        };
        let mut in_line = [0; 3];
        let others = plates
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != number);
        for (other, beside) in others.filter_map(|(_, neighbour)| neighbour.as_ref()) {
            let reach = IN_LINE * plate.height.min(other.height);
            let ends = other.ends(beside.written);
            for (count, off) in in_line.iter_mut().zip(plate.off(surface.written, ends)) {
                *count += u32::from(off.abs() < reach);
            }
        }
        let [left, centre, right] = in_line;
        if left > centre.max(right) {
            Align::Left
        } else if right > centre.max(left) {
            Align::Right
        } else {
            Align::Centre
        }
    };
    plates.iter().enumerate().map(align).collect()
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};
    use medley_orchestrator::Region;

    use super::*;

    #[test]
    fn texts_keep_to_the_side_that_they_share() {
        let blank = RgbaImage::from_pixel(1000, 1000, Rgba([255; 4]));
        let seen = |boxes: &[[f32; 4]]| -> Vec<Option<(Plate, Surface)>> {
            let see = |bounds: &[f32; 4]| {
                let region = Region {
                    bounds: *bounds,
                    ..Region::default()
                };
                let plate = Plate::of(&region, blank.dimensions())?;
                let surface = Surface::under(&plate, &blank)?;
                Some((plate, surface))
            };
            boxes.iter().map(see).collect()
        };
        let left = seen(&[[10.0, 10.0, 300.0, 20.0], [10.0, 40.0, 200.0, 20.0]]);
        assert_eq!(alignments(&left), [Align::Left; 2]);
        let centre = seen(&[[10.0, 10.0, 300.0, 20.0], [60.0, 40.0, 200.0, 20.0]]);
        assert_eq!(alignments(&centre), [Align::Centre; 2]);
        let right = seen(&[[510.0, 10.0, 90.0, 20.0], [540.0, 40.0, 60.0, 20.0]]);
        assert_eq!(alignments(&right), [Align::Right; 2]);
        assert_eq!(
            alignments(&seen(&[[1.0, 1.0, 50.0, 20.0]])),
            [Align::Centre]
        );
    }
}
