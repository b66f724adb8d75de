//! The interpreter: which Rhai a script is written in. Built once, before the snapshot.

use std::cell::OnceCell;

use rhai::{
    Dynamic, Engine, EvalAltResult, FLOAT, INT, Position,
    packages::{Package, StandardPackage},
};

use crate::{arena, bindings::meter, imports::FromImage, sdk};

/// Nested calls. The interpreter recurses on the sandbox's 512 KiB stack.
const CALL_DEPTH_MAX: usize = 64;
/// Nested expressions at the top level and in a function.
const EXPRESSION_DEPTH_MAX: (usize, usize) = (64, 32);
const VARIABLES_MAX: usize = 1000;
const FUNCTIONS_MAX: usize = 500;
const MODULES_MAX: usize = 100;
/// Interning strings at run time would dirty the snapshot's pages.
const STRINGS_INTERNED_MAX: usize = 0;
/// How often the interpreter asks for the fuel left: every 2^12 operations, about 0.5 M instructions.
const PROGRESS_EVERY: u64 = 1 << 12;
/// Heap left for making an error of running out of it.
const HEAP_RESERVE: usize = 512 << 10;
/// Any fixed numbers: they make hashes, and with them the fuel, the same in every instance.
const HASHING_SEED: [u64; 4] = [0x5069_436c, 0x6f75_6421, 1, 2];

/// Why the interpreter was told to stop.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stop {
    Fuel,
    Memory,
}

thread_local! {
    static ENGINE: OnceCell<Engine> = const { OnceCell::new() };
}

/// Builds the interpreter and warms it up, so that whatever is made at first use is in the snapshot.
pub(crate) fn build() {
    sdk::panic::report();
    let _first_call = rhai::config::hashing::set_hashing_seed(Some(HASHING_SEED));
    ENGINE.with(|cell| {
        let engine = cell.get_or_init(new_engine);
        for script in WARM_UP {
            let _value = engine.eval::<Dynamic>(script);
        }
    });
}

/// Scripts whose evaluation fills what the interpreter and the library make at first use.
const WARM_UP: &[&str] = &[
    r#"let a = [1, 2.5, "x", #{ b: [true, ()] }]; for x in a { x.to_string(); } a.len() + 1"#,
    r#"fn f(x) { if x > 0 { f(x - 1) } else { throw `deep ${x}` } } try { f(3) } catch (e) { e }"#,
];

/// The interpreter of this instance.
pub(crate) fn get() -> &'static Engine {
    ENGINE.with(|cell| {
        let engine: *const Engine = cell.get_or_init(new_engine);
        // SAFETY: one thread, whose locals live as long as the instance.
        #[expect(unsafe_code, reason = "a thread-local is static where there is one thread")]
        unsafe {
            &*engine
        }
    })
}

fn new_engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(StandardPackage::new().as_shared_module());
    sdk::register(&mut engine);
    engine.set_module_resolver(FromImage);

    // A script is deployed, not composed at run time; and it waits for nothing. The library's own `sleep` would be a trap here.
    engine.disable_symbol("eval");
    engine.register_fn("sleep", |_: INT| no_sleep("i64")).register_fn("sleep", |_: FLOAT| no_sleep("f64"));

    engine.set_max_operations(0); // Fuel is the meter.
    engine.set_max_call_levels(CALL_DEPTH_MAX);
    engine.set_max_expr_depths(EXPRESSION_DEPTH_MAX.0, EXPRESSION_DEPTH_MAX.1);
    engine.set_max_variables(VARIABLES_MAX);
    engine.set_max_functions(FUNCTIONS_MAX);
    engine.set_max_modules(MODULES_MAX);
    engine.set_max_strings_interned(STRINGS_INTERNED_MAX);
    // A size limit makes the interpreter add up a whole container after each call on it. Memory is the bound.
    engine.set_max_string_size(0);
    engine.set_max_array_size(0);
    engine.set_max_map_size(0);

    engine.on_progress(|operations| {
        if operations % PROGRESS_EVERY != 0 {
            return None;
        }
        stop_reason().map(|stop| Dynamic::from_int(stop as i64))
    });
    engine
}

fn no_sleep(argument: &str) -> Result<(), Box<EvalAltResult>> {
    Err(Box::new(EvalAltResult::ErrorFunctionNotFound(format!("sleep ({argument})"), Position::NONE)))
}

fn stop_reason() -> Option<Stop> {
    if meter::fuel_left() == 0 {
        return Some(Stop::Fuel);
    }
    (arena::heap_used() + HEAP_RESERVE > crate::run::heap_max()).then_some(Stop::Memory)
}
