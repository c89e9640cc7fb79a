//! What a call takes of the machine, and how much of it there is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::machine;

/// Network calls in flight at once, unless the settings say otherwise.
const NETWORK_CALLS: u32 = 16;

/// What a call or a loaded session takes while it lasts; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Resources {
    /// Threads that compute.
    pub threads: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// A device that it has to itself, such as `cuda:0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Whether it is a call to another machine.
    pub network: bool,
}

impl Resources {
    /// Whether it takes nothing.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.threads == 0 && self.memory == 0 && self.device.is_none() && !self.network
    }
}

/// How much may be taken at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Threads that compute.
    pub threads: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Network calls in flight.
    pub network: u32,
    /// The devices that there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
}

impl Limits {
    /// What this machine, or the container on it, can give: its processors, four fifths of its memory, 16 network
    /// calls, and no devices, which only those who load libraries can find.
    #[must_use]
    pub fn of_machine() -> Self {
        Self {
            threads: machine::threads(),
            memory: machine::memory(),
            network: NETWORK_CALLS,
            devices: Vec::new(),
        }
    }

    /// No limits, and no devices.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            threads: u32::MAX,
            memory: u64::MAX,
            network: u32::MAX,
            devices: Vec::new(),
        }
    }

    /// Whether `resources` could be had if nothing else ran.
    ///
    /// # Errors
    /// The first resource of which there is too little.
    pub fn fits(&self, resources: &Resources) -> Result<(), Unfit> {
        if resources.threads > self.threads {
            return Err(Unfit::Threads {
                wanted: resources.threads,
                limit: self.threads,
            });
        }
        if resources.memory > self.memory {
            return Err(Unfit::Memory {
                wanted: resources.memory,
                limit: self.memory,
            });
        }
        if resources.network && self.network == 0 {
            return Err(Unfit::Network);
        }
        match &resources.device {
            Some(wanted) if !self.devices.contains(wanted) => Err(Unfit::Device {
                wanted: wanted.clone(),
                known: self.devices.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// A resource of which more is wanted than there can ever be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Too few threads.
    #[error("it needs {wanted} threads, and the limit is {limit}")]
    Threads {
        /// How many it needs.
        wanted: u32,
        /// How many there may be.
        limit: u32,
    },
    /// Too little memory.
    #[error("it needs {} of memory, and the limit is {}", size(*.wanted), size(*.limit))]
    Memory {
        /// How many bytes it needs.
        wanted: u64,
        /// How many there may be.
        limit: u64,
    },
    /// No network calls at all.
    #[error("it needs the network, and the limit is no network calls")]
    Network,
    /// No such device.
    #[error("it needs the device {wanted}, which is not there")]
    Device {
        /// The device.
        wanted: String,
        /// The devices that there are.
        known: Vec<String>,
    },
}

impl Unfit {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        let what = match self {
            Self::Threads { .. } => "threads",
            Self::Memory { .. } => "memory",
            Self::Network => "network calls",
            Self::Device { known, .. } if known.is_empty() => {
                return "choose a provider that runs on the processor".to_owned();
            }
            Self::Device { known, .. } => {
                let known = known.join(", ");
                return format!("the devices are: {known}; or choose another provider");
            }
        };
        format!("raise the limit of {what} in the settings, or choose a provider that needs less")
    }
}

/// Bytes as people say them: `1.5 GiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    // The unit in which less than 1,024 stand before the point.
    let power = (bytes.ilog2() / 10).min(6);
    let tenths = u128::from(bytes) * 10 / (1_u128 << (10 * power));
    let unit = UNITS[power as usize - 1];
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    }
}
