//! `crypto::`: what signatures of webhooks, tokens and identifiers are made of.

mod encoding;
mod hash;
mod uuid;

use rhai::{Blob, Dynamic, EvalAltResult, Module, NativeCallContext};
use subtle::ConstantTimeEq;

use super::{bytes, error};
use encoding::Encoding;
use hash::Hash;

/// The namespace `crypto`.
pub(crate) fn module() -> Module {
    let mut module = Module::new();
    module.set_native_fn("hash", |context: NativeCallContext, hash: &str, data: Dynamic| digest(&context, hash, &data, "hex"));
    module.set_native_fn("hash", |context: NativeCallContext, hash: &str, data: Dynamic, encoding: &str| {
        digest(&context, hash, &data, encoding)
    });
    module.set_native_fn("hmac", |context: NativeCallContext, hash: &str, key: Dynamic, data: Dynamic| {
        mac(&context, hash, &key, &data, "hex")
    });
    module.set_native_fn("hmac", |context: NativeCallContext, hash: &str, key: Dynamic, data: Dynamic, encoding: &str| {
        mac(&context, hash, &key, &data, encoding)
    });
    module.set_native_fn("equal", equal);
    module.set_native_fn("encode", |context: NativeCallContext, encoding: &str, data: Dynamic| {
        let encoding = Encoding::of_text(&context, encoding)?;
        bytes::of(&context, "crypto", &data, |data| encoding.write(data))
    });
    module.set_native_fn("decode", decode);
    module.set_native_fn("uuid", uuid::random);
    module.set_native_fn("uuid_v7", uuid::in_order);
    module
}

fn digest(context: &NativeCallContext, hash: &str, data: &Dynamic, encoding: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    let (hash, encoding) = (Hash::named(context, hash)?, Encoding::named(context, encoding)?);
    let digest = bytes::of(context, "crypto", data, |data| hash.digest(data))?;
    Ok(encoding.value(digest))
}

fn mac(context: &NativeCallContext, hash: &str, key: &Dynamic, data: &Dynamic, encoding: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    let (hash, encoding) = (Hash::named(context, hash)?, Encoding::named(context, encoding)?);
    let mac = bytes::of(context, "crypto", key, |key| bytes::of(context, "crypto", data, |data| hash.mac(key, data)))??;
    Ok(encoding.value(mac))
}

/// Looks at all bytes of both, whatever it sees: the time it takes tells nobody how much of a guess was right.
fn equal(context: NativeCallContext, left: Dynamic, right: Dynamic) -> Result<bool, Box<EvalAltResult>> {
    bytes::of(&context, "crypto", &left, |left| bytes::of(&context, "crypto", &right, |right| bool::from(left.ct_eq(right))))?
}

fn decode(context: NativeCallContext, encoding: &str, text: &str) -> Result<Blob, Box<EvalAltResult>> {
    Encoding::of_text(&context, encoding)?
        .read(text)
        .map_err(|error| error::thrown(&context, "crypto", "invalid", format!("the text is not {encoding}: {error}")))
}
