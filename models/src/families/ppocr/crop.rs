//! Text lines cut out of a picture and straightened.

use image::{GenericImageView, RgbImage, imageops};
use imageproc::geometric_transformations::Projection;

use super::geometry::{self, Quad};

/// Height over width from which a crop is taken for a line that runs downwards, and is laid down.
const TALL: f32 = 1.5;

/// A straightened piece of a picture.
pub(super) struct Crop {
    pub(super) picture: RgbImage,
    /// Where it lies in the picture that it was cut from; starts at the crop's own top left.
    pub(super) quad: Quad,
}

/// Whether a crop of this box will be laid down.
pub(super) fn is_tall(quad: &Quad) -> bool {
    let (width, height) = geometry::size(quad);
    height.trunc() >= TALL * width.trunc()
}

impl Crop {
    /// Cuts `quad` out of `picture`; `None` where it has no extent.
    pub(super) fn new(picture: &RgbImage, quad: Quad) -> Option<Self> {
        let (width, height) = geometry::size(&quad);
        let (width, height) = (width as u32, height as u32);
        if width == 0 || height == 0 {
            return None;
        }
        let cut = match upright_corner(picture, &quad, width, height) {
            Some((left, top)) => picture.view(left, top, width, height).to_image(),
            None => warped(picture, &quad, width, height)?,
        };
        Some(if is_tall(&quad) {
            Self {
                picture: imageops::rotate270(&cut),
                quad: geometry::turned(quad, 1),
            }
        } else {
            Self { picture: cut, quad }
        })
    }

    /// The same crop upside down.
    pub(super) fn turned_over(&self) -> Self {
        Self {
            picture: imageops::rotate180(&self.picture),
            quad: geometry::turned(self.quad, 2),
        }
    }

    /// Width over height.
    pub(super) fn aspect(&self) -> f64 {
        f64::from(self.picture.width()) / f64::from(self.picture.height())
    }
}

/// The top left corner of a box with upright sides on whole pixels: it needs no interpolation.
fn upright_corner(picture: &RgbImage, quad: &Quad, width: u32, height: u32) -> Option<(u32, u32)> {
    let [[left, top], [right, _], [_, bottom], _] = *quad;
    let upright = [[left, top], [right, top], [right, bottom], [left, bottom]];
    let whole = upright
        .iter()
        .flatten()
        .all(|v| v.fract() == 0.0 && *v >= 0.0);
    let (x, y) = (left as u32, top as u32);
    (whole && *quad == upright && x + width <= picture.width() && y + height <= picture.height())
        .then_some((x, y))
}

/// What is inside `quad`, straightened by a perspective transformation.
fn warped(picture: &RgbImage, quad: &Quad, width: u32, height: u32) -> Option<RgbImage> {
    let (right, bottom) = (width as f32, height as f32);
    let upright = [(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)];
    let way_back = Projection::from_control_points(upright, quad.map(|[x, y]| (x, y)))?;
    Some(RgbImage::from_fn(width, height, |x, y| {
        image::Rgb(bicubic(picture, way_back * (x as f32, y as f32)))
    }))
}

/// The colour between pixels, by cubic convolution (Keys, 1981) over four by four neighbours;
/// beyond the edge the outermost pixels go on.
///
/// `imageproc` has the other usual parameter, -0.5; the reference uses OpenCV's -0.75, and crops
/// should look the same to the recogniser.
fn bicubic(picture: &RgbImage, (x, y): (f32, f32)) -> [u8; 3] {
    let (left, top) = (x.floor(), y.floor());
    let across = cubic_weights(x - left);
    let down = cubic_weights(y - top);
    let (last_x, last_y) = (picture.width() as i32 - 1, picture.height() as i32 - 1);
    let stride = picture.width() as usize * 3;
    let raw = picture.as_raw();
    let mut sum = [0.0f32; 3];
    for (dy, weight_y) in (-1..).zip(down) {
        let row = (top as i32).saturating_add(dy).clamp(0, last_y) as usize * stride;
        for (dx, weight_x) in (-1..).zip(across) {
            let column = (left as i32).saturating_add(dx).clamp(0, last_x) as usize * 3;
            let weight = weight_x * weight_y;
            if let Some(pixel) = raw.get(row + column..row + column + 3) {
                for (sum, &value) in sum.iter_mut().zip(pixel) {
                    *sum += weight * f32::from(value);
                }
            }
        }
    }
    sum.map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// Weights of the neighbours at -1, 0, 1 and 2 for a point `t` (0 to 1) after the one at 0.
fn cubic_weights(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let far = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
    let near = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
    let (first, second, third) = (far(t + 1.0), near(t), near(1.0 - t));
    [first, second, third, 1.0 - first - second - third]
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Red grows to the right and green downwards.
    fn gradient() -> RgbImage {
        RgbImage::from_fn(100, 80, |x, y| Rgb([x as u8, y as u8, 0]))
    }

    #[test]
    fn an_upright_box_is_cut_out_as_it_is() {
        let quad = [[10.0, 20.0], [60.0, 20.0], [60.0, 40.0], [10.0, 40.0]];
        let crop = Crop::new(&gradient(), quad).unwrap();
        assert_eq!(crop.picture.dimensions(), (50, 20));
        assert_eq!(*crop.picture.get_pixel(3, 4), Rgb([13, 24, 0]));
        assert_eq!(crop.quad, quad);
    }

    #[test]
    fn a_slanted_box_is_straightened() {
        let quad = [[20.0, 10.0], [60.0, 40.0], [48.0, 56.0], [8.0, 26.0]];
        let crop = Crop::new(&gradient(), quad).unwrap();
        assert_eq!(crop.picture.dimensions(), (50, 20));
        assert_eq!(*crop.picture.get_pixel(0, 0), Rgb([20, 10, 0]));
        assert_eq!(*crop.picture.get_pixel(25, 0), Rgb([40, 25, 0]));
    }

    #[test]
    fn a_tall_box_is_laid_down_and_its_first_corner_follows() {
        let quad = [[10.0, 5.0], [20.0, 5.0], [20.0, 65.0], [10.0, 65.0]];
        let crop = Crop::new(&gradient(), quad).unwrap();
        assert_eq!(crop.picture.dimensions(), (60, 10));
        assert_eq!(*crop.picture.get_pixel(0, 0), Rgb([19, 5, 0]));
        assert_eq!(crop.quad[0], [20.0, 5.0]);
        assert_eq!(crop.turned_over().quad[0], [10.0, 65.0]);
    }

    #[test]
    fn boxes_beyond_the_edge_or_without_extent_do_no_harm() {
        let beyond = [[90.0, 70.0], [120.0, 75.0], [118.0, 95.0], [88.0, 90.0]];
        assert!(Crop::new(&gradient(), beyond).is_some());
        assert!(Crop::new(&gradient(), [[5.0, 5.0]; 4]).is_none());
        assert!(Crop::new(&RgbImage::new(1, 1), beyond).is_some());
    }
}
