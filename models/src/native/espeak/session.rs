//! One use of the library, from loading to unloading, with nobody else in it.

use std::{
    cell::RefCell,
    ffi::{CStr, CString, c_char, c_int, c_long, c_void},
    path::{Path, PathBuf},
    ptr, slice,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::{
    EspeakError, Voice,
    functions::{
        DO_NOT_EXIT, END_PAUSE, FROM_CHARACTER, Functions, PITCH, RATE, RawVoice, SYNCHRONOUS, UTF8,
    },
};

/// Lets one thread at a time into the library, which has one set of variables a process.
static ALONE: Mutex<()> = Mutex::new(());

/// Seeds the noise of breathy voices; any fixed number gives the same sound each time.
const NOISE_SEED: c_long = 1;

/// The longest path of the data folder, in bytes, that leaves room for the names in it: the library keeps paths in
/// buffers of 160 bytes.
const LONGEST_DATA_PATH: usize = 130;

thread_local! {
    /// What the callback gathers; it is called on the thread that speaks.
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

struct Recording {
    samples: Vec<i16>,
    cancel: CancellationToken,
}

/// The library, loaded and initialised; dropping it undoes both and lets the next one in.
pub(super) struct Session {
    functions: Functions,
    sample_rate: u32,
    /// Last, so that it is released after the library is unloaded.
    _alone: MutexGuard<'static, ()>,
}

impl Session {
    pub(super) fn open(library: &Path, data: Option<&Path>) -> Result<Self, EspeakError> {
        // What a holder that panicked left behind went with its library.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(data) = data {
            check_data(data)?;
        }
        let folder = data.map(c_path).transpose()?;
        let folder = folder.as_ref().map_or(ptr::null(), |path| path.as_ptr());
        let functions = Functions::load(library)?;
        // SAFETY: `folder` is null or a C string that outlives the call; the lock keeps other threads out.
        let sample_rate = unsafe { (functions.initialize)(SYNCHRONOUS, 0, folder, DO_NOT_EXIT) };
        let session = match u32::try_from(sample_rate) {
            Ok(sample_rate) if sample_rate > 0 => Self {
                functions,
                sample_rate,
                _alone: alone,
            },
            // Not terminated: what was never set up cannot be torn down.
            _ => return Err(data_error(data)),
        };
        if data.is_some_and(|data| !same_folder(data, &session.data_folder())) {
            return Err(data_error(data));
        }
        // SAFETY: initialised above, lock held; `record` has the type that the library calls.
        unsafe {
            (session.functions.set_callback)(record);
            if let Some(set_seed) = session.functions.set_seed {
                set_seed(NOISE_SEED);
            }
        }
        Ok(session)
    }

    pub(super) const fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    pub(super) fn version(&self) -> String {
        // SAFETY: the library returns a string that lives as long as it is loaded, and takes a null pointer where the
        // data folder is not asked for.
        unsafe { text((self.functions.info)(ptr::null_mut())) }
    }

    fn data_folder(&self) -> PathBuf {
        let mut folder = ptr::null();
        // SAFETY: `folder` is a valid place for one pointer, to a string that lives as long as the library is loaded.
        let folder = unsafe {
            (self.functions.info)(&raw mut folder);
            text(folder)
        };
        PathBuf::from(folder)
    }

    pub(super) fn voices(&self) -> Vec<Voice> {
        self.list(ptr::null_mut())
    }

    pub(super) fn variants(&self) -> Vec<Voice> {
        let mut question = RawVoice {
            name: ptr::null(),
            languages: c"variant".as_ptr(),
            identifier: ptr::null(),
            gender: 0,
            age: 0,
            variant: 0,
            reserved: 0,
            score: 0,
            spare: ptr::null_mut(),
        };
        self.list(&raw mut question)
    }

    fn list(&self, question: *mut RawVoice) -> Vec<Voice> {
        let mut voices = Vec::new();
        // SAFETY: `question` is null or a voice whose strings outlive the call. The library returns an array of
        // pointers that ends with null, valid until the next call into it, which the lock puts off.
        unsafe {
            let mut each = (self.functions.list_voices)(question);
            while !each.is_null() && !(*each).is_null() {
                let voice = &**each;
                voices.push(Voice {
                    name: text(voice.name).trim().to_owned(),
                    languages: languages(voice.languages),
                    identifier: text(voice.identifier),
                });
                each = each.add(1);
            }
        }
        voices
    }

    /// Chooses the voice, and makes sure that the library did.
    pub(super) fn select(&self, voice: &str, variant: Option<&str>) -> Result<(), EspeakError> {
        let wanted = match variant {
            Some(variant) => format!("{voice}+{variant}"),
            None => voice.to_owned(),
        };
        let Ok(name) = CString::new(wanted.as_str()) else {
            return Err(EspeakError::VoiceRefused { voice: wanted });
        };
        // SAFETY: a C string that outlives the call; the lock keeps other threads out.
        let code = unsafe { (self.functions.set_voice)(name.as_ptr()) };
        // SAFETY: the library returns null or a voice that is valid until the next call into it.
        let chosen = unsafe {
            (self.functions.current_voice)()
                .as_ref()
                .map(|voice| text(voice.identifier))
        };
        if code == 0 && chosen.as_ref() == Some(&wanted) {
            Ok(())
        } else {
            Err(EspeakError::VoiceRefused { voice: wanted })
        }
    }

    pub(super) fn set_rate(&self, words_per_minute: u32) -> Result<(), EspeakError> {
        self.set(RATE, words_per_minute, "set the rate")
    }

    pub(super) fn set_pitch(&self, pitch: u32) -> Result<(), EspeakError> {
        self.set(PITCH, pitch, "set the pitch")
    }

    fn set(&self, parameter: c_int, value: u32, action: &'static str) -> Result<(), EspeakError> {
        let value = c_int::try_from(value).unwrap_or(c_int::MAX);
        // SAFETY: takes numbers only; the lock keeps other threads out.
        let code = unsafe { (self.functions.set_parameter)(parameter, value, 0) };
        check(code, action)
    }

    pub(super) fn speak(
        &self,
        text: &CStr,
        cancel: &CancellationToken,
    ) -> Result<Vec<i16>, EspeakError> {
        RECORDING.set(Some(Recording {
            samples: Vec::new(),
            cancel: cancel.clone(),
        }));
        let bytes = text.to_bytes_with_nul();
        // SAFETY: `text` ends with NUL and outlives the call, which returns when all is spoken; the last two
        // pointers may be null. The callback was set when the session was opened.
        let code = unsafe {
            (self.functions.synth)(
                bytes.as_ptr().cast::<c_void>(),
                bytes.len(),
                0,
                FROM_CHARACTER,
                0,
                UTF8 | END_PAUSE,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let samples = RECORDING.take().map(|recording| recording.samples);
        if cancel.is_cancelled() {
            return Err(EspeakError::Cancelled);
        }
        check(code, "speak")?;
        Ok(samples.unwrap_or_default())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: initialised in `open`; ends the library's own thread, so that the code can be unloaded.
        unsafe { (self.functions.terminate)() };
    }
}

/// Takes samples from the library; 1 makes it stop.
///
/// # Safety
/// `samples` is null or points to `count` samples, which nothing else touches during the call.
unsafe extern "C" fn record(samples: *mut i16, count: c_int, _events: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const STOP: c_int = 1;
    // Nothing here panics, which would end the process: no unwinding through C.
    RECORDING
        .try_with(|recording| {
            let Ok(mut recording) = recording.try_borrow_mut() else {
                return STOP;
            };
            let Some(recording) = recording.as_mut() else {
                return STOP;
            };
            let count = usize::try_from(count).unwrap_or(0);
            if !samples.is_null() && count > 0 {
                // SAFETY: by the contract above.
                let samples = unsafe { slice::from_raw_parts(samples, count) };
                recording.samples.extend_from_slice(samples);
            }
            if recording.cancel.is_cancelled() {
                STOP
            } else {
                GO_ON
            }
        })
        .unwrap_or(STOP)
}

fn check(code: c_int, action: &'static str) -> Result<(), EspeakError> {
    if code == 0 {
        Ok(())
    } else {
        Err(EspeakError::Call { action, code })
    }
}

fn data_error(data: Option<&Path>) -> EspeakError {
    EspeakError::Data {
        data: data.map(Path::to_owned),
    }
}

/// Looks before the library does, which would complain on standard error and go on to look elsewhere.
fn check_data(data: &Path) -> Result<(), EspeakError> {
    if data.as_os_str().len() > LONGEST_DATA_PATH {
        return Err(EspeakError::PathTooLong {
            path: data.to_owned(),
            limit: LONGEST_DATA_PATH,
        });
    }
    if data.join("phontab").is_file() {
        Ok(())
    } else {
        Err(data_error(Some(data)))
    }
}

/// The library wants the folder that `espeak-ng-data` is in; newer ones take a data folder of any name too.
fn c_path(data: &Path) -> Result<CString, EspeakError> {
    let folder = match (data.file_name(), data.parent()) {
        (Some(name), Some(parent)) if name == "espeak-ng-data" => parent,
        _ => data,
    };
    CString::new(folder.as_os_str().as_encoded_bytes()).map_err(|_| data_error(Some(data)))
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// # Safety
/// `text` is null or a C string.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by the contract above.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// # Safety
/// `list` is null or pairs of a priority byte and a C string, ended by a priority of 0.
unsafe fn languages(mut list: *const c_char) -> Vec<(u8, String)> {
    let mut languages = Vec::new();
    if list.is_null() {
        return languages;
    }
    // SAFETY: by the contract above, every byte that is read belongs to the list.
    unsafe {
        while *list != 0 {
            let [priority] = (*list).to_ne_bytes();
            let code = CStr::from_ptr(list.add(1));
            languages.push((priority, code.to_string_lossy().into_owned()));
            list = list.add(1 + code.to_bytes_with_nul().len());
        }
    }
    languages
}
