//! The file for editors: `docs/reference/picloud.d.rhai`, as Rhai's language server reads it.

use super::source::{Entry, Part, Signature};

const HEAD: &str = "\
/// What PiCloud gives to scripts. Made of `guest/api`; put it beside your scripts, and Rhai's language server knows it.
module static;
";

pub(super) fn write(parts: &[Part]) -> String {
    let mut file = HEAD.to_owned();
    for part in parts {
        if part.is_namespace() {
            file.push_str(&format!("\n{}module {} {{\n", documentation(&part.about), part.name));
            let inside: String = part.entries.iter().map(|entry| of_entry(part, entry)).collect();
            file.push_str(&indented(inside.trim_start()));
            file.push_str("}\n");
        } else {
            file.push_str(&constant(part));
            file.extend(part.entries.iter().map(|entry| of_entry(part, entry)));
        }
    }
    file
}

/// `ctx`, with the fields of its fields.
fn constant(part: &Part) -> String {
    let find = |title: &str| part.entries.iter().find(|entry| entry.title() == title).expect("an entry");
    let inner = |title: &str| object(find(title), |_, kind| type_name(kind));
    let outer = object(find("ctx"), |name, kind| match name {
        "event" | "request" => inner(&format!("ctx.{name}")),
        _ => type_name(kind),
    });
    format!("\n{}const ctx: {outer};\n", documentation(&find("ctx").about))
}

fn object(entry: &Entry, type_of: impl Fn(&str, &str) -> String) -> String {
    let field = |[name, kind, meaning]: &[String; 3]| format!("{}{name}: {},\n", documentation(meaning), type_of(name, kind));
    let fields: String = entry.fields.iter().map(field).collect();
    format!("#{{\n{}}}", indented(&fields))
}

/// Each overload, with what the page says of all.
fn of_entry(part: &Part, entry: &Entry) -> String {
    let mut about = entry.about.trim().to_owned();
    let parameters = entry.explained_parameters().into_iter().map(|(name, text)| format!("\n- `{name}`: {text}."));
    let throws = part.throws(entry).into_iter().map(|(error, reason)| format!("\n- throws `{error}`: {reason}."));
    let notes: String = parameters.chain(throws).collect();
    if !notes.is_empty() {
        about.push_str(&format!("\n{notes}"));
    }
    about.push_str(&format!("\n\n```rhai\n{}\n```", entry.example()));
    entry.signatures().iter().map(|signature| format!("\n{}{};\n", documentation(&about), function(signature))).collect()
}

/// A method's receiver is its first parameter.
fn function(signature: &Signature) -> String {
    let receiver = signature.receiver().map(|_| "request: Map".to_owned());
    let parameters = signature.parameters.iter().map(|parameter| format!("{}: {}", parameter.name, union(&parameter.types)));
    let parameters: Vec<_> = receiver.into_iter().chain(parameters).collect();
    let returns = if signature.returns.is_empty() { "()".to_owned() } else { union(&signature.returns) };
    format!("fn {}({}) -> {returns}", signature.name(), parameters.join(", "))
}

fn union(types: &[String]) -> String {
    types.iter().map(|kind| type_name(kind)).collect::<Vec<_>>().join(" | ")
}

/// As the language server calls it.
fn type_name(kind: &str) -> String {
    match kind {
        "any" => "?",
        "string" => "String",
        "array" => "Array",
        "map" => "Map",
        "blob" => "Blob",
        "int" | "float" | "bool" => kind,
        _ => panic!("{kind} is no type of scripts"),
    }
    .to_owned()
}

fn documentation(text: &str) -> String {
    text.trim().lines().map(|line| format!("{}\n", format!("/// {line}").trim_end())).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
