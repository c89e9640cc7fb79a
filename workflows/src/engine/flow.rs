//! `map`, `parallel` and `wait`: what runs beside each other, and what is waited for.
//!
//! A function that `map` calls works on copies of what it captured, so that the order in which calls happen to run
//! changes nothing. Whoever calls `map` works on items itself, and helpers join in while there are any, so that fan-outs
//! inside fan-outs never wait for threads.

use std::{
    any::TypeId,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, INT, NativeCallContext};

use super::{
    failure::{Evaluated, Stop, misuse},
    handle::Handle,
    run::Run,
    strand::{Fan, Strand},
    tools::not_running,
    values::settled,
};

/// Scripts call deep; the threads that run them are made for it.
pub(crate) const STACK: usize = 128 << 20;

pub(super) fn register(engine: &mut Engine, run: Option<&Arc<Run>>) {
    engine
        .register_fn("wait", |list: Array| settled(&list.into()))
        .register_fn("wait", |map: rhai::Map| settled(&map.into()));
    let sources = [
        TypeId::of::<Array>(),
        TypeId::of::<Handle>(),
        TypeId::of::<std::ops::Range<INT>>(),
        TypeId::of::<std::ops::RangeInclusive<INT>>(),
    ];
    for source in sources {
        let run = run.cloned();
        engine.register_raw_fn(
            "map",
            [source, TypeId::of::<FnPtr>()],
            move |context, arguments| {
                let run = run.as_ref().ok_or_else(|| not_running("map"))?;
                let items = items_of(arguments[0])?;
                let function = arguments[1].clone_cast::<FnPtr>();
                map(run, &context, items, &function)
            },
        );
    }
    let run = run.cloned();
    engine.register_raw_fn(
        "parallel",
        [TypeId::of::<Array>()],
        move |context, arguments| {
            let run = run.as_ref().ok_or_else(|| not_running("parallel"))?;
            let items = arguments[0].clone_cast::<Array>();
            parallel(run, &context, items)
        },
    );
}

fn items_of(source: &Dynamic) -> Evaluated<Array> {
    if let Some(handle) = source.read_lock::<Handle>() {
        return handle.items();
    }
    if let Some(range) = source.read_lock::<std::ops::Range<INT>>() {
        return bounded(range.clone());
    }
    if let Some(range) = source.read_lock::<std::ops::RangeInclusive<INT>>() {
        return bounded(range.clone());
    }
    Ok(source.clone_cast::<Array>())
}

/// As many items as a step may have.
fn bounded(range: impl Iterator<Item = INT>) -> Evaluated<Array> {
    let most = medley_orchestrator::CHILD_LIMIT;
    let items: Array = range.take(most + 1).map(Dynamic::from).collect();
    match items.len() > most {
        true => Err(misuse(format!(
            "a range of more than {most} numbers is too long for map"
        ))),
        false => Ok(items),
    }
}

fn map(
    run: &Arc<Run>,
    context: &NativeCallContext<'_>,
    items: Array,
    function: &FnPtr,
) -> Evaluated<Dynamic> {
    let function = &of_its_own(function);
    beside_each_other(run, items, &|item, index| {
        match function.call_raw(context, None, [item.clone()]) {
            // The function wants to know which item it is.
            Err(error) if is_arity(&error, function) => {
                let index = INT::try_from(index).unwrap_or(INT::MAX);
                function.call_raw(context, None, [item, index.into()])
            }
            other => other,
        }
    })
}

fn parallel(run: &Arc<Run>, context: &NativeCallContext<'_>, items: Array) -> Evaluated<Dynamic> {
    beside_each_other(run, items, &|item, _| match item.read_lock::<FnPtr>() {
        Some(function) => of_its_own(&function).call_raw(context, None, []),
        None => settled(&item),
    })
}

fn is_arity(error: &EvalAltResult, function: &FnPtr) -> bool {
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _)
        if signature.starts_with(function.fn_name()))
}

/// The function with copies of what it captured, all the way down.
fn of_its_own(function: &FnPtr) -> FnPtr {
    let mut own = function.clone();
    let captured: Vec<Dynamic> = function.curry().iter().map(own_copy).collect();
    own.set_curry(captured);
    own
}

/// A copy that shares nothing that can change.
fn own_copy(value: &Dynamic) -> Dynamic {
    let copy = value.flatten_clone();
    if let Some(function) = copy.read_lock::<FnPtr>() {
        return of_its_own(&function).into();
    }
    if let Ok(items) = copy.as_array_ref() {
        return items.iter().map(own_copy).collect::<Array>().into();
    }
    if let Ok(fields) = copy.as_map_ref() {
        let fields = fields.iter();
        let map = fields.map(|(name, field)| (name.clone(), own_copy(field)));
        return map.collect::<rhai::Map>().into();
    }
    copy
}

/// Does `work` on every item, at once as far as there are threads; an error is given after the others have ended.
fn beside_each_other(
    run: &Arc<Run>,
    items: Array,
    work: &(dyn Fn(Dynamic, usize) -> Evaluated<Dynamic> + Sync),
) -> Evaluated<Dynamic> {
    let fan = Strand::fan();
    let fan_out = FanOut {
        run,
        fan: &fan,
        work,
        next: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        results: items.iter().map(|_| Mutex::default()).collect(),
        items: &items,
    };
    thread::scope(|scope| {
        for _ in 1..items.len() {
            let Some(helper) = Helper::join(run) else {
                break;
            };
            let fan_out = &fan_out;
            let started = thread::Builder::new()
                .name("workflow".to_owned())
                .stack_size(STACK)
                .spawn_scoped(scope, move || {
                    fan_out.go();
                    drop(helper);
                });
            if started.is_err() {
                break;
            }
        }
        fan_out.go();
    });
    fan_out.results()
}

/// Leave to run a thread.
struct Helper<'a> {
    run: &'a Run,
}

impl<'a> Helper<'a> {
    fn join(run: &'a Run) -> Option<Self> {
        let most = run.limits.threads;
        let helpers = &run.helpers;
        let joined = helpers.fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
            (running < most).then_some(running + 1)
        });
        joined.ok().map(|_| Self { run })
    }
}

impl Drop for Helper<'_> {
    fn drop(&mut self) {
        self.run.helpers.fetch_sub(1, Ordering::AcqRel);
    }
}

struct FanOut<'a> {
    run: &'a Run,
    fan: &'a Fan,
    work: &'a (dyn Fn(Dynamic, usize) -> Evaluated<Dynamic> + Sync),
    items: &'a [Dynamic],
    next: AtomicUsize,
    /// Whether one of them has ended the whole script.
    is_over: AtomicBool,
    results: Vec<Mutex<Option<Evaluated<Dynamic>>>>,
}

impl FanOut<'_> {
    /// Takes one item after the other until none is left.
    fn go(&self) {
        while !self.is_over.load(Ordering::Acquire) {
            let index = self.next.fetch_add(1, Ordering::AcqRel);
            let Some(item) = self.items.get(index) else {
                return;
            };
            let strand = self.fan.strand(index);
            let result = strand.hold(|| (self.work)(own_copy(item), index));
            if let Err(error) = &result
                && !error.is_catchable()
            {
                self.is_over.store(true, Ordering::Release);
                self.run.is_ended.store(true, Ordering::Release);
            }
            let mut place = self.results[index]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *place = Some(result);
        }
    }

    /// The results in order, or the first error: the one that ends the script, where there is one.
    fn results(self) -> Evaluated<Dynamic> {
        let mut list = Array::with_capacity(self.results.len());
        let mut first = None;
        for result in self.results {
            match result.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(Ok(value)) => list.push(value),
                Some(Err(error)) => first = Some(worse(first, error)),
                None => {}
            }
        }
        first.map_or_else(|| Ok(list.into()), Err)
    }
}

/// Of two errors the one to tell: one that ends the script rather than one that could be caught, and rather the cause
/// than what was ended with it.
fn worse(known: Option<Box<EvalAltResult>>, error: Box<EvalAltResult>) -> Box<EvalAltResult> {
    let rank = |error: &EvalAltResult| match error {
        EvalAltResult::ErrorTerminated(token, _)
            if token
                .read_lock::<Stop>()
                .is_some_and(|stop| *stop == Stop::Together) =>
        {
            1
        }
        error if error.is_catchable() => 0,
        _ => 2,
    };
    match known {
        Some(known) if rank(&known) >= rank(&error) => known,
        _ => error,
    }
}
