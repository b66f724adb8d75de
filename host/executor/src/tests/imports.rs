//! S-2.5: every import of the world, called with whatever a guest can put into registers and memory. Which imports there are, and what they take, is read
//! from `wit/`, so none can be forgotten. `hostile.rs` has the attacks that are thought out; these are all the others.

use std::fmt::Write as _;

use execution::{Limits, Services};
use wasmtime::{Store, component::Instance};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Function, Resolve, Type, TypeDefKind, WorldItem,
    abi::{AbiVariant, WasmType},
};

use super::{
    hostile::{Bench, SLACK, transfer},
    start, turns,
};
use crate::{
    Memory,
    state::{Origin, State},
    testing::{Foreign, most_held, nobody, resets, start_counting},
};

/// An import: its interface, its name, and what it takes and gives as core types.
struct Import {
    name: String,
    /// Operations that it takes: the first value says which. 0: it is none of several.
    operations: u64,
    takes: Vec<WasmType>,
    wat: String,
}

/// Values for a parameter: nothing, places in memory, its end, signs, the largest.
const VALUES: [u64; 8] = [0, 1, 16, 1_024, 131_070, 0x7fff_ffff, 0x8000_0000, u64::MAX];
/// How many of them are places or lengths that fit.
const TAME: u64 = 4;
/// What answers the host when it wants memory: more of it, the same place always, none, a place off its place.
const REALLOCS: u32 = 4;

fn core_type(kind: &WasmType) -> &'static str {
    match kind {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// The world of scripts, and all that it imports.
fn imports() -> (Resolve, Vec<Import>, String) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
    let world = resolve.select_world(&[package], Some("script")).unwrap();
    let (mut imports, mut names) = (Vec::new(), String::new());
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { continue };
        let interface = resolve.id_of(*id).unwrap();
        writeln!(names, "import {interface};").unwrap();
        for function in resolve.interfaces[*id].functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            let types = |kinds: &[WasmType]| kinds.iter().map(core_type).collect::<Vec<_>>().join(" ");
            let (params, results) = (types(&signature.params), types(&signature.results));
            let number = imports.len();
            let wat = format!("(import \"{interface}\" \"{}\" (func $f{number} (param {params}) (result {results})))\n", function.name);
            let operations = operations(&resolve, function);
            imports.push(Import { name: format!("{interface}.{}", function.name), operations, takes: signature.params, wat });
        }
    }
    (resolve, imports, names)
}

/// Cases of the variant that a function takes alone.
fn operations(resolve: &Resolve, function: &Function) -> u64 {
    let [parameter] = function.params.as_slice() else { return 0 };
    let Type::Id(id) = parameter.ty else { return 0 };
    match &resolve.types[id].kind {
        TypeDefKind::Variant(variant) => variant.cases.len() as u64,
        _ => 0,
    }
}

/// A module that calls each of them with what lies at the start of its memory.
fn module(imports: &[Import]) -> String {
    let mut cases = String::new();
    for (number, import) in imports.iter().enumerate() {
        let arguments: String = import.takes.iter().enumerate().fold(String::new(), |text, (at, kind)| {
            let at = 8 * at;
            text + &format!("({}.load (i32.const {at})) ", core_type(kind))
        });
        let drops = if import.wat.ends_with("(result )))\n") {
            format!("(call $f{number} {arguments})")
        } else {
            format!("(drop (call $f{number} {arguments}))")
        };
        writeln!(cases, "(if (i32.eq (local.get $number) (i32.const {number})) (then {drops}))").unwrap();
    }
    let declared: String = imports.iter().map(|import| import.wat.as_str()).collect();
    include_str!("imports.wat").replace(";; IMPORTS", &declared).replace(";; CASES", &cases)
}

/// The component of it.
fn component() -> (Vec<u8>, Vec<Import>) {
    let (mut resolve, imports, names) = imports();
    let world = format!(
        "package attack:attack; world attack {{ {names}
            export put: func(at: u32, value: u64);
            export noise: func(seed: u64, realloc: u32);
            export attack: func(number: u32);
        }}"
    );
    let package = resolve.push_str("attack.wit", &world).unwrap();
    let world = resolve.select_world(&[package], Some("attack")).unwrap();
    let mut module = wat::parse_str(module(&imports)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    (ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap(), imports)
}

/// Somebody who has answers, so that they are written into the guest's memory, or nobody.
fn answering(has_answers: bool) -> Box<dyn Services> {
    if !has_answers {
        return nobody();
    }
    let memory = Memory::default();
    memory.set_secret("a", &"secret ".repeat(100));
    memory.set_endpoint("a");
    Box::new(memory)
}

/// One attack: an instance, what it has in memory, and the call. What the host held at most, and whether the call went well.
async fn attack(foreign: &Foreign, number: u32, values: &[u64], noise: (u64, u32), has_answers: bool) -> (usize, bool) {
    let limits = Limits { fuel: 5_000_000, ..Limits::default() };
    let origin = Origin { now_ms: 0, seed: [0; 32], depth: 0, services: answering(has_answers) };
    let (mut store, instance): (Store<State>, Instance) = foreign.instance_of(origin, &limits).await;
    let fill = instance.get_typed_func::<(u64, u32), ()>(&mut store, "noise").unwrap();
    fill.call_async(&mut store, noise).await.unwrap();
    let put = instance.get_typed_func::<(u32, u64), ()>(&mut store, "put").unwrap();
    for (at, value) in (0_u32..).zip(values) {
        put.call_async(&mut store, (8 * at, *value)).await.unwrap();
    }
    let call = instance.get_typed_func::<(u32,), ()>(&mut store, "attack").unwrap();
    start_counting();
    // A trap or an answer: a panic would end the test.
    let ended = call.call_async(&mut store, (number,)).await;
    let state = store.data();
    assert!(state.host_calls <= state.host_calls_max);
    (most_held(), ended.is_ok())
}

/// The same call of each operation, and of one that there is not.
fn operation_of_each(operations: u64, values: Vec<u64>) -> Vec<Vec<u64>> {
    if operations == 0 {
        return vec![values];
    }
    let with = |operation| values.iter().enumerate().map(|(at, value)| if at == 0 { operation } else { *value }).collect();
    (0..=operations).map(with).collect()
}

#[tokio::test]
async fn s_2_5_every_import_withstands_any_call() {
    let bench = Bench::new().await;
    let (component, imports) = component();
    let operations: u64 = imports.iter().map(|import| import.operations.max(1)).sum();
    assert!(operations >= 29, "{operations}");
    let foreign = Foreign::new(&start(1, 0, resets()[0]).await, &component);
    let mut draw = 7_u64;
    let mut next = || {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        draw >> 16
    };
    let (mut attacks, mut went_well) = (0, 0);
    for (number, import) in (0_u32..).zip(&imports) {
        // All alike, each alone, and then whatever comes.
        let alike = VALUES.iter().map(|value| vec![*value; import.takes.len()]);
        let alone = (0..import.takes.len()).flat_map(|at| {
            let one = move |value: &u64| {
                let mut values = vec![1_024; at];
                values.push(*value);
                values
            };
            VALUES.iter().map(one)
        });
        let mut value = |of: u64, beyond: u64| VALUES[usize::try_from(next() % of).unwrap()].wrapping_add(next() % beyond);
        let wild: Vec<Vec<u64>> = (0..turns(20, 1_500)).map(|_| import.takes.iter().map(|_| value(8, 40)).collect()).collect();
        let tame: Vec<Vec<u64>> = (0..turns(20, 500)).map(|_| import.takes.iter().map(|_| value(TAME, 1)).collect()).collect();
        let calls = alike.chain(alone).chain(wild).chain(tame).flat_map(|values| operation_of_each(import.operations, values));
        for (turn, values) in (0_u32..).zip(calls) {
            let (held, is_ok) = attack(&foreign, number, &values, (next(), turn % REALLOCS), turn.is_multiple_of(2)).await;
            assert!(held < transfer() + SLACK, "{}: {held} bytes with {values:x?}", import.name);
            attacks += 1;
            went_well += u32::from(is_ok);
        }
        bench.assert_works(&import.name).await;
    }
    // Else it would be the parameters that are tried, and not what is behind them.
    assert!(went_well > attacks / 20 && went_well < attacks, "{went_well} of {attacks}");
    println!("{attacks} calls of {} imports with {operations} operations, of which {went_well} went well", imports.len());
}
