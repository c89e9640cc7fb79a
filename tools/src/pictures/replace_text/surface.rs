//! What text stands on, and how it is written: estimated from the pixels of a plate.
//!
//! The surface is taken to change evenly from side to side, as signs do in the sun. What differs from it is ink.

use image::{Rgba, RgbaImage};

use super::{
    plate::Plate,
    strokes::{share, thickness},
};
use crate::pictures::colour::Colour;

/// At most so many samples along a plate, and down it.
const MOST_SAMPLES: [f32; 2] = [1024.0, 128.0];

/// What differs less than this part of the way from the surface to the ink is surface.
const SURFACE: f32 = 0.3;
/// What differs less than this is bare surface, with no edge of a letter on it.
const BARE: f32 = 0.1;
/// What differs more than this part of the way is ink.
const INK: f32 = 0.6;

/// How often surface and ink are told apart: a strong change from side to side is found by and by.
const ROUNDS: usize = 6;

/// Colours nearer to each other than this, in steps of 255 over all channels, are the same to a reader.
const SAME: f32 = 40.0;

/// Rows with less than this part of the ink of the fullest one have nothing but dirt.
const STRAY: f32 = 0.01;

/// The rim of a plate as a part of its height: found outlines have a margin there, free of text.
const RIM: f32 = 0.08;

/// A surface with text on it.
pub(super) struct Surface {
    /// Colour in the middle of the plate.
    middle: [f32; 4],
    /// How it changes from the middle to the right end, and to the foot.
    change: [[f32; 4]; 2],
    /// Half the size of the plate.
    half: [f32; 2],
    /// How far bare surface may be from the colour that is expected of it.
    bare: f32,
    /// The colour of the text.
    pub(super) ink: Rgba<u8>,
    /// How thick its strokes are, in pixels of the plate; 0 where there is none.
    pub(super) thickness: f32,
    /// Where it begins and ends, in pixels of the plate; `None` where there is none.
    pub(super) written: Option<Written>,
}

/// The edges of what is written on a plate, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Written {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) top: f32,
    pub(super) foot: f32,
}

struct Sample {
    /// From -1 to 1, left to right and top to foot.
    place: [f32; 2],
    colour: [f32; 4],
}

impl Surface {
    /// Looks at the pixels under a plate; `None` if there are none.
    pub(super) fn under(plate: &Plate, layer: &RgbaImage) -> Option<Self> {
        let grid = Grid::over(plate);
        let samples = grid.samples(plate, layer);
        let rim = RIM * plate.height;
        let rim = [
            1.0 - 2.0 * rim / plate.width,
            1.0 - 2.0 * rim / plate.height,
        ];
        let at_rim =
            |sample: &&Sample| sample.place[0].abs() > rim[0] || sample.place[1].abs() > rim[1];
        let (_, middle) = median(&mut samples.iter().filter(at_rim))?;
        let mut surface = Self {
            middle,
            change: [[0.0; 4]; 2],
            half: [plate.width / 2.0, plate.height / 2.0],
            bare: BARE * SAME,
            ink: ink_on(middle),
            thickness: 0.0,
            written: None,
        };
        // The better the surface is known, the better it is told from ink.
        for _ in 0..ROUNDS {
            let far = surface.farthest(&samples).max(SAME);
            surface.fit(&samples, SURFACE * far, median);
        }
        let far = surface.farthest(&samples);
        surface.fit(&samples, BARE * far.max(SAME), mean);
        if far >= SAME {
            let mut inked = samples
                .iter()
                .filter(|each| surface.distance(each) >= INK * far);
            if let Some((_, ink)) = median(&mut inked) {
                surface.ink = narrow([ink[0], ink[1], ink[2], 255.0]);
            }
            let distances: Vec<f32> = samples.iter().map(|each| surface.distance(each)).collect();
            surface.thickness = thickness(&distances, grid.columns.into()) * grid.step[0];
            surface.written = grid.written(&distances, INK * far);
            surface.bare = BARE * far;
        }
        Some(surface)
    }

    /// The colour at a place of the plate, in pixels.
    pub(super) fn at(&self, [across, down]: [f32; 2]) -> Rgba<u8> {
        let place = [across / self.half[0] - 1.0, down / self.half[1] - 1.0];
        narrow(self.colour(place.map(|along| along.clamp(-1.0, 1.0))))
    }

    /// Whether nothing is written where a pixel of this colour lies.
    pub(super) fn is_bare(&self, place: [f32; 2], colour: Rgba<u8>) -> bool {
        let expected = self.at(place).0.map(f32::from);
        distance(expected, colour.0.map(f32::from)) < self.bare
    }

    fn colour(&self, [across, down]: [f32; 2]) -> [f32; 4] {
        let [right, foot] = &self.change;
        std::array::from_fn(|channel| {
            self.middle[channel] + across * right[channel] + down * foot[channel]
        })
    }

    fn distance(&self, sample: &Sample) -> f32 {
        distance(self.colour(sample.place), sample.colour)
    }

    /// How far the ink is from the surface: two samples in a hundred, at least, are ink.
    fn farthest(&self, samples: &[Sample]) -> f32 {
        share(
            samples.iter().map(|each| self.distance(each)).collect(),
            0.98,
        )
    }

    /// Fits the surface to the samples that are nearer than `reach` to it, by its halves. Their medians are not swayed by
    /// letters; once those are known, means are exact.
    fn fit(&mut self, samples: &[Sample], reach: f32, usual: Usual) {
        let near: Vec<&Sample> = samples
            .iter()
            .filter(|sample| self.distance(sample) < reach)
            .collect();
        let half = |axis: usize, sign: f32| {
            let beside = |each: &&Sample| each.place[axis] * sign > 0.0;
            let (place, colour) = usual(&mut near.iter().copied().filter(beside))?;
            Some((place[axis], colour))
        };
        let Some((place, colour)) = usual(&mut near.iter().copied()) else {
            return;
        };
        self.change = [0, 1].map(|axis| match (half(axis, -1.0), half(axis, 1.0)) {
            (Some((from, before)), Some((to, behind))) => {
                std::array::from_fn(|channel| (behind[channel] - before[channel]) / (to - from))
            }
            _ => [0.0; 4],
        });
        // The samples that are left may lie more on one side.
        self.middle = std::array::from_fn(|channel| {
            let [right, foot] = &self.change;
            colour[channel] - place[0] * right[channel] - place[1] * foot[channel]
        });
    }
}

/// Where samples are taken: row by row, at most [`MOST_SAMPLES`] each way.
struct Grid {
    columns: u16,
    rows: u16,
    /// Width and height of what a sample stands for, in pixels of the plate.
    step: [f32; 2],
}

impl Grid {
    fn over(plate: &Plate) -> Self {
        let columns = plate.width.min(MOST_SAMPLES[0]).ceil();
        let rows = plate.height.min(MOST_SAMPLES[1]).ceil();
        Self {
            columns: columns as u16,
            rows: rows as u16,
            step: [plate.width / columns, plate.height / rows],
        }
    }

    /// What juts out of the picture is taken to look like its rim.
    fn samples(&self, plate: &Plate, layer: &RgbaImage) -> Vec<Sample> {
        let (wide, high) = (layer.width() as f32 - 0.5, layer.height() as f32 - 0.5);
        let sample = |[column, row]: [u16; 2]| {
            let across = (f32::from(column) + 0.5) * self.step[0];
            let down = (f32::from(row) + 0.5) * self.step[1];
            let (x, y) = plate.in_picture([across, down]);
            let (x, y) = (x.min(wide).max(0.0) as u32, y.min(high).max(0.0) as u32);
            Some(Sample {
                place: [
                    across / plate.width * 2.0 - 1.0,
                    down / plate.height * 2.0 - 1.0,
                ],
                colour: layer.get_pixel_checked(x, y)?.0.map(f32::from),
            })
        };
        (0..self.rows)
            .flat_map(|row| (0..self.columns).map(move |column| [column, row]))
            .filter_map(sample)
            .collect()
    }

    /// From the first to the last row and column with samples that are at least `inked` away.
    fn written(&self, distances: &[f32], inked: f32) -> Option<Written> {
        let (mut rows, mut columns) = (
            vec![0_u32; self.rows.into()],
            vec![0_u32; self.columns.into()],
        );
        let places = distances.chunks(usize::from(self.columns).max(1));
        for (row, samples) in rows.iter_mut().zip(places) {
            for (column, distance) in columns.iter_mut().zip(samples) {
                let ink = u32::from(*distance >= inked);
                *row += ink;
                *column += ink;
            }
        }
        let [left, right] = ends(&columns)?.map(|end| end * self.step[0]);
        let [top, foot] = ends(&rows)?.map(|end| end * self.step[1]);
        Some(Written {
            left,
            right,
            top,
            foot,
        })
    }
}

/// Where the ink begins, and where it ends.
fn ends(ink: &[u32]) -> Option<[f32; 2]> {
    let least = STRAY * ink.iter().max().copied().unwrap_or(0) as f32;
    let inked = |ink: &u32| *ink as f32 > least;
    let first = ink.iter().position(inked)?;
    let last = ink.iter().rposition(inked)?;
    Some([first as f32, last as f32 + 1.0])
}

/// The usual place and colour of samples.
type Usual = fn(&mut dyn Iterator<Item = &Sample>) -> Option<([f32; 2], [f32; 4])>;

/// The median of each coordinate and channel, or `None` of nothing.
fn median(samples: &mut dyn Iterator<Item = &Sample>) -> Option<([f32; 2], [f32; 4])> {
    let samples: Vec<&Sample> = samples.collect();
    if samples.is_empty() {
        return None;
    }
    let middle = |value: &dyn Fn(&Sample) -> f32| {
        share(samples.iter().map(|sample| value(sample)).collect(), 0.5)
    };
    Some((
        std::array::from_fn(|axis| middle(&|sample| sample.place[axis])),
        std::array::from_fn(|channel| middle(&|sample| sample.colour[channel])),
    ))
}

/// The mean of each coordinate and channel, or `None` of nothing.
fn mean(samples: &mut dyn Iterator<Item = &Sample>) -> Option<([f32; 2], [f32; 4])> {
    let (mut place, mut colour, mut count) = ([0.0_f64; 2], [0.0_f64; 4], 0_u32);
    for sample in samples {
        for (sum, value) in place.iter_mut().zip(sample.place) {
            *sum += f64::from(value);
        }
        for (sum, value) in colour.iter_mut().zip(sample.colour) {
            *sum += f64::from(value);
        }
        count += 1;
    }
    let part = |sum: f64| (sum / f64::from(count)) as f32;
    (count > 0).then(|| (place.map(part), colour.map(part)))
}

fn distance(a: [f32; 4], b: [f32; 4]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b) * (a - b))
        .sum::<f32>()
        .sqrt()
}

/// Black or white, where no text is seen that could lend its colour.
fn ink_on(colour: [f32; 4]) -> Rgba<u8> {
    Colour(narrow(colour)).ink()
}

fn narrow(colour: [f32; 4]) -> Rgba<u8> {
    Rgba(colour.map(|value| value.round().clamp(0.0, 255.0) as u8))
}
