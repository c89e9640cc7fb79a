//! The part of espeak-ng's C interface (`speak_lib.h`, interface revision 12) that is used.

use std::{
    ffi::{c_char, c_int, c_long, c_uint, c_void},
    path::Path,
};

use libloading::Library;

use super::EspeakError;

/// `AUDIO_OUTPUT_SYNCHRONOUS`: samples go to the callback, on the thread that called.
pub(super) const SYNCHRONOUS: c_int = 2;
/// `espeakINITIALIZE_DONT_EXIT`: return an error where data are missing instead of ending the process.
pub(super) const DO_NOT_EXIT: c_int = 0x8000;
/// `espeakCHARS_UTF8`.
pub(super) const UTF8: c_uint = 1;
/// `espeakENDPAUSE`: a pause after the last sentence, as after every other.
pub(super) const END_PAUSE: c_uint = 0x1000;
/// `POS_CHARACTER`.
pub(super) const FROM_CHARACTER: c_int = 1;
/// `espeakRATE`, in words per minute.
pub(super) const RATE: c_int = 1;
/// `espeakPITCH`, 0 to 100.
pub(super) const PITCH: c_int = 3;

/// `t_espeak_callback`: samples, their number, events; 0 goes on, 1 stops.
pub(super) type Callback = unsafe extern "C" fn(*mut i16, c_int, *mut c_void) -> c_int;

/// `espeak_VOICE`.
#[repr(C)]
pub(super) struct RawVoice {
    pub(super) name: *const c_char,
    /// Pairs of a priority byte and a string; a priority of 0 ends the list. In a question: one string.
    pub(super) languages: *const c_char,
    pub(super) identifier: *const c_char,
    pub(super) gender: u8,
    pub(super) age: u8,
    pub(super) variant: u8,
    pub(super) reserved: u8,
    pub(super) score: c_int,
    pub(super) spare: *mut c_void,
}

pub(super) type Initialize = unsafe extern "C" fn(c_int, c_int, *const c_char, c_int) -> c_int;
pub(super) type Synth = unsafe extern "C" fn(
    *const c_void,
    usize,
    c_uint,
    c_int,
    c_uint,
    c_uint,
    *mut c_uint,
    *mut c_void,
) -> c_int;
pub(super) type SetSeed = unsafe extern "C" fn(c_long) -> c_int;

/// The library's functions, with the library that keeps them in memory.
pub(super) struct Functions {
    pub(super) initialize: Initialize,
    pub(super) info: unsafe extern "C" fn(*mut *const c_char) -> *const c_char,
    pub(super) set_callback: unsafe extern "C" fn(Callback),
    pub(super) list_voices: unsafe extern "C" fn(*mut RawVoice) -> *const *const RawVoice,
    pub(super) current_voice: unsafe extern "C" fn() -> *const RawVoice,
    pub(super) set_voice: unsafe extern "C" fn(*const c_char) -> c_int,
    pub(super) set_parameter: unsafe extern "C" fn(c_int, c_int, c_int) -> c_int,
    pub(super) synth: Synth,
    pub(super) terminate: unsafe extern "C" fn() -> c_int,
    /// Since 1.52: seeds the noise in breathy voices, which is otherwise different every time.
    pub(super) set_seed: Option<SetSeed>,
    /// Unloads the code that the pointers above lead to.
    _library: Library,
}

impl Functions {
    pub(super) fn load(path: &Path) -> Result<Self, EspeakError> {
        let failed = |source| EspeakError::Load {
            library: path.to_owned(),
            source,
        };
        // SAFETY: loading runs the library's initialisers. The file is espeak-ng, pinned by digest or named by the
        // user; its initialisers only set up its own variables and the C++ runtime.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // SAFETY: each symbol is read with the type that `speak_lib.h` and `espeak_ng.h` declare for its name. The
        // pointers stay in one struct with the library, which only the session sees and never takes apart.
        unsafe {
            Ok(Self {
                initialize: *library.get(b"espeak_Initialize\0").map_err(failed)?,
                info: *library.get(b"espeak_Info\0").map_err(failed)?,
                set_callback: *library.get(b"espeak_SetSynthCallback\0").map_err(failed)?,
                list_voices: *library.get(b"espeak_ListVoices\0").map_err(failed)?,
                current_voice: *library.get(b"espeak_GetCurrentVoice\0").map_err(failed)?,
                set_voice: *library.get(b"espeak_SetVoiceByName\0").map_err(failed)?,
                set_parameter: *library.get(b"espeak_SetParameter\0").map_err(failed)?,
                synth: *library.get(b"espeak_Synth\0").map_err(failed)?,
                terminate: *library.get(b"espeak_Terminate\0").map_err(failed)?,
                set_seed: library
                    .get::<SetSeed>(b"espeak_ng_SetRandSeed\0")
                    .ok()
                    .map(|symbol| *symbol),
                _library: library,
            })
        }
    }
}
