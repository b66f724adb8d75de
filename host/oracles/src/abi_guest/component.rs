//! The component of F1: all imports and exports of `wit/`, and behind them a machine that reads its orders from bytes.

use std::{fmt::Write as _, path::Path};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Function, Resolve, Type, TypeDefKind, WorldId, WorldItem,
    abi::{AbiVariant, WasmSignature, WasmType},
};

/// The machine, with places for what `wit/` decides.
const MACHINE: &str = include_str!("machine.wat");
/// Orders that are no calls of imports: `machine.wat` has them.
const OWN_ORDERS: usize = 9;

/// The component.
pub(super) fn made() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = resolve.select_world(&[package], Some("script")).unwrap();
    let mut module = wat::parse_str(text(&resolve, world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

fn text(resolve: &Resolve, world: WorldId) -> String {
    let (mut imports, mut cases, mut count) = (String::new(), String::new(), 0);
    for (interface, function) in functions(resolve, world, Side::Imports) {
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
        writeln!(imports, "(import {interface:?} {:?} (func $import{count} {}))", function.name, types(&signature)).unwrap();
        let mut arguments: Vec<String> = signature.params.iter().map(|of| argument(of).to_owned()).collect();
        if let Some(operations) = operations(resolve, function) {
            // One that there is, mostly.
            arguments[0] = format!("(i32.rem_u {}(i32.const {})) ", arguments[0], operations + 1);
        }
        let arguments = arguments.concat();
        let drop = if signature.results.is_empty() { "" } else { "(drop " };
        let close = if signature.results.is_empty() { "" } else { ")" };
        let case = OWN_ORDERS + count;
        writeln!(
            cases,
            "(if (i32.eq (local.get $order) (i32.const {case})) (then {drop}(call $import{count} {arguments}){close} (return)))"
        )
        .unwrap();
        count += 1;
    }
    assert!(count > 12, "only {count} imports");
    let mut exports = String::new();
    for (interface, function) in functions(resolve, world, Side::Exports) {
        let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
        let name = if interface.is_empty() { function.name.clone() } else { format!("{interface}#{}", function.name) };
        // Where the program is among the arguments: the image, or the source.
        let body = match function.name.as_str() {
            "handle" => "(call $program (local.get 0) (local.get 1) (i32.const 0)) (global.get $answer)",
            "compile" => "(call $program (local.get 2) (local.get 3) (i32.const 1)) (global.get $answer)",
            _ => "",
        };
        writeln!(exports, "(func (export {name:?}) {} {body})", types(&signature)).unwrap();
    }
    let orders = (OWN_ORDERS + count).to_string();
    MACHINE.replace(";; IMPORTS", &imports).replace(";; CASES", &cases).replace(";; EXPORTS", &exports).replace("ORDERS", &orders)
}

#[derive(Clone, Copy)]
enum Side {
    Imports,
    Exports,
}

/// Functions with the names of their interfaces; of the world itself with none.
fn functions(resolve: &Resolve, world: WorldId, side: Side) -> Vec<(String, &Function)> {
    let world = &resolve.worlds[world];
    let items = match side {
        Side::Imports => &world.imports,
        Side::Exports => &world.exports,
    };
    let mut found = Vec::new();
    for (key, item) in items {
        match item {
            WorldItem::Interface { id, .. } => {
                let name = resolve.name_world_key(key);
                found.extend(resolve.interfaces[*id].functions.values().map(|function| (name.clone(), function)));
            }
            WorldItem::Function(function) => found.push((String::new(), function)),
            WorldItem::Type { .. } => {}
        }
    }
    found
}

/// How many cases the variant has that a function takes alone.
fn operations(resolve: &Resolve, function: &Function) -> Option<usize> {
    let [parameter] = function.params.as_slice() else { return None };
    let Type::Id(id) = parameter.ty else { return None };
    match &resolve.types[id].kind {
        TypeDefKind::Variant(variant) => Some(variant.cases.len()),
        _ => None,
    }
}

fn word(of: &WasmType) -> &'static str {
    match of {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// Reads one argument from the program.
fn argument(of: &WasmType) -> &'static str {
    match word(of) {
        "i32" => "(i32.wrap_i64 (call $word)) ",
        "i64" => "(call $word) ",
        "f32" => "(f32.reinterpret_i32 (i32.wrap_i64 (call $word))) ",
        _ => "(f64.reinterpret_i64 (call $word)) ",
    }
}

fn types(signature: &WasmSignature) -> String {
    let params = signature.params.iter().fold(String::new(), |text, of| text + " (param " + word(of) + ")");
    signature.results.iter().fold(params, |text, of| text + " (result " + word(of) + ")")
}
