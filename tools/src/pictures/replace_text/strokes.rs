//! How heavy lettering is, by the thickness of its strokes.
//!
//! Letters of a few pixels are blurred, so a thickness means something only beside that of letters of the same size.

/// The part of full ink from which on a sample belongs to a stroke.
const STROKE: f32 = 0.3;

/// This part of the samples is no darker than full ink.
const FULL: f32 = 0.98;

/// The usual thickness of strokes in samples: the ink along a row from edge to edge, blurred edges in part.
///
/// `ink` says how dark samples are, row by row, each row of `columns`.
pub(super) fn thickness(ink: &[f32], columns: usize) -> f32 {
    let full = share(ink.to_vec(), FULL);
    if full <= 0.0 {
        return 0.0;
    }
    let strokes: Vec<f32> = ink
        .chunks(columns.max(1))
        .flat_map(|row| row.chunk_by(|a, b| (*a > STROKE * full) == (*b > STROKE * full)))
        .filter(|run| run.iter().all(|value| *value > STROKE * full))
        .map(|run| run.iter().map(|value| (value / full).min(1.0)).sum())
        .collect();
    share(strokes, 0.5)
}

/// The value that so great a part of the values is no greater than; 0 of nothing.
pub(super) fn share(mut values: Vec<f32>, part: f32) -> f32 {
    let place = (values.len() as f32 * part) as usize;
    if place >= values.len() {
        return 0.0;
    }
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_are_as_thick_as_their_ink_and_edges_count_in_part() {
        let row = [0.0, 0.5, 1.0, 0.5, 0.0, 0.0, 1.0, 1.0, 0.0, 0.1];
        let ink: Vec<f32> = row.iter().copied().cycle().take(100).collect();
        assert!((thickness(&ink, 10) - 2.0).abs() < 1e-6);
        let pale: Vec<f32> = ink.iter().map(|value| value * 0.2).collect();
        assert!((thickness(&pale, 10) - 2.0).abs() < 1e-6);
        assert!(thickness(&[0.0; 20], 10).abs() < f32::EPSILON);
        assert!(thickness(&[], 0).abs() < f32::EPSILON);
    }
}
