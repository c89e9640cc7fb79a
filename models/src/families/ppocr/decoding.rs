//! From the recogniser's probabilities to text: connectionist temporal classification (Graves et
//! al., 2006) by best path. Knows nothing of pictures.

/// The class that stands for "no character here".
const BLANK: usize = 0;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) text: String,
    /// Mean probability of the characters, 0 to 1; 0 without any.
    pub(super) score: f32,
}

/// The characters that the classes of a recogniser stand for.
pub(super) struct Dictionary {
    characters: Vec<Box<str>>,
}

impl Dictionary {
    /// From the list in a model's notes, one character a line: the blank comes before them and the
    /// space after.
    pub(super) fn new(list: &str) -> Self {
        let characters = std::iter::once("")
            .chain(list.lines())
            .chain(std::iter::once(" "))
            .map(Box::from)
            .collect();
        Self { characters }
    }

    /// How many classes the recogniser must have.
    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    /// Reads one line: `probabilities` holds one row of classes for each step along the line.
    pub(super) fn decode(&self, probabilities: &[f32]) -> Reading {
        let mut text = String::new();
        let mut sum = 0.0;
        let mut count = 0u16;
        let mut last = BLANK;
        for classes in probabilities.chunks_exact(self.len()) {
            let (class, probability) = likeliest(classes);
            if class != last && class != BLANK {
                text.push_str(&self.characters[class]);
                sum += probability;
                count = count.saturating_add(1);
            }
            last = class;
        }
        let score = if count == 0 {
            0.0
        } else {
            sum / f32::from(count)
        };
        Reading { text, score }
    }
}

/// The most probable class, the first of equals, and its probability.
fn likeliest(classes: &[f32]) -> (usize, f32) {
    // Most steps are blank, and no other class can have more than what is left of one.
    if let Some(&blank) = classes.first()
        && blank > 0.5
    {
        return (BLANK, blank);
    }
    // Lanes let the compiler compare many classes at once.
    const LANES: usize = 16;
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = classes.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    let greatest = lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let class = classes.iter().position(|&value| value == greatest);
    (class.unwrap_or(BLANK), greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities of a line that walks through `path`, each class with probability 0.9.
    fn line(classes: usize, path: &[usize]) -> Vec<f32> {
        let mut values = vec![0.0; classes * path.len()];
        for (step, class) in path.iter().enumerate() {
            values[step * classes + class] = 0.9;
        }
        values
    }

    #[test]
    fn repeats_are_joined_and_blanks_part_them() {
        let dictionary = Dictionary::new("a\nb\n字");
        assert_eq!(dictionary.len(), 5);
        let reading = dictionary.decode(&line(5, &[0, 1, 1, 0, 1, 4, 3, 3, 2, 0]));
        assert_eq!(reading.text, "aa 字b");
        assert!((reading.score - 0.9).abs() < 1e-6);
    }

    #[test]
    fn a_blank_line_reads_as_nothing() {
        let dictionary = Dictionary::new("a");
        let nothing = Reading {
            text: String::new(),
            score: 0.0,
        };
        assert_eq!(dictionary.decode(&line(3, &[0, 0, 0])), nothing);
        assert_eq!(dictionary.decode(&[]), nothing);
    }

    #[test]
    fn the_likeliest_class_is_found_wherever_it_is() {
        for class in [1, 15, 16, 31, 40, 52] {
            let mut classes = vec![0.01; 53];
            classes[class] = 0.3;
            assert_eq!(likeliest(&classes), (class, 0.3));
        }
        assert_eq!(likeliest(&[0.2, 0.4, 0.4]), (1, 0.4));
    }
}
