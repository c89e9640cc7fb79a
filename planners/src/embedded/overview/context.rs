//! What the other tools say of a tool: whether they give what it takes, and take what it gives.

use super::{
    evidence::{Evidence, Tool, flag, share},
    passages::Outline,
    words::Material,
};

/// How many numbers are added to the evidence.
const FEATURES: usize = 9;

/// The tools with how likely each is, so far.
pub(super) struct Context<'a> {
    pub tools: &'a [Tool],
    pub outline: &'a Outline,
    pub evidence: &'a [Evidence],
    pub likely: &'a [f32],
    /// The tools that matter.
    pub shortlist: &'a [usize],
}

impl Context<'_> {
    /// The evidence for a tool with what the others say of it.
    pub(super) fn features(&self, tool: usize) -> Vec<f32> {
        let mut features = self.evidence[tool].features.clone();
        features.extend(self.of(tool));
        features
    }

    fn of(&self, tool: usize) -> [f32; FEATURES] {
        let passage = self.evidence[tool].passage;
        let (mut supply, mut earlier, mut at_hand) = (1.0_f32, 1.0_f32, 1.0_f32);
        for material in self.tools[tool].materials() {
            let here = self.at_hand(material);
            at_hand = at_hand.min(here);
            supply = supply.min(here.max(self.makers(material, tool, usize::MAX)));
            earlier = earlier.min(self.makers(material, tool, passage));
        }
        let (mut demand, mut later) = (0.0_f32, 0.0_f32);
        if let Some(output) = self.tools[tool].output {
            for other in self
                .others(tool)
                .filter(|&other| self.tools[other].takes(output))
            {
                demand = demand.max(self.likely[other] * self.lack(output, other, tool));
                if self.evidence[other].passage >= passage {
                    later = later.max(self.likely[other]);
                }
            }
        }
        let alike = |other: &usize| {
            self.tools[*other].output == self.tools[tool].output
                && self.tools[*other].inputs == self.tools[tool].inputs
        };
        [
            log_odds(self.likely[tool]),
            supply,
            earlier,
            at_hand,
            demand,
            later,
            self.most(
                self.others(tool)
                    .filter(|other| self.evidence[*other].passage == passage),
            ),
            self.most(self.others(tool).filter(alike)),
            flag(self.wastes(tool)),
        ]
    }

    fn others(&self, tool: usize) -> impl Iterator<Item = usize> {
        self.shortlist
            .iter()
            .copied()
            .filter(move |&other| other != tool)
    }

    fn most(&self, tools: impl Iterator<Item = usize>) -> f32 {
        tools.map(|tool| self.likely[tool]).fold(0.0, f32::max)
    }

    /// How surely a material is there without any tool.
    fn at_hand(&self, material: Material) -> f32 {
        match material {
            Material::Text if self.outline.quotations.is_empty() => 0.5,
            Material::Text => 1.0,
            Material::Address => flag(!self.outline.addresses.is_empty()),
            file => flag(self.outline.count(file) > 0),
        }
    }

    /// The likeliest other tool that gives a material, in this passage or before it.
    fn makers(&self, material: Material, but: usize, until: usize) -> f32 {
        self.most(self.others(but).filter(|&other| {
            self.tools[other].output == Some(material) && self.evidence[other].passage <= until
        }))
    }

    /// How far `taker` lacks a material that `giver` makes, when neither makes it.
    fn lack(&self, material: Material, taker: usize, giver: usize) -> f32 {
        let needed = share(self.tools[taker].needs(material), 1);
        let there = match material {
            Material::Text => 1.0,
            Material::Address => flag(!self.outline.addresses.is_empty()),
            file => share(self.outline.count(file), 1),
        };
        if there >= needed {
            return 0.0;
        }
        let others = self
            .others(giver)
            .filter(|&other| other != taker && self.tools[other].output == Some(material));
        let made = self.most(others);
        if there + made >= needed {
            1.0 - made
        } else {
            1.0
        }
    }

    /// Whether a file would be of no use without this tool.
    fn wastes(&self, tool: usize) -> bool {
        self.tools[tool].materials().any(|material| {
            material.is_file()
                && self.outline.count(material) > 0
                && self.most(
                    self.others(tool)
                        .filter(|&other| self.tools[other].takes(material)),
                ) < 0.5
        })
    }
}

/// The logarithm of how much likelier a thing is than not.
pub(super) fn log_odds(probability: f32) -> f32 {
    let held = probability.clamp(1e-6, 1.0 - 1e-6);
    (held / (1.0 - held)).ln()
}
