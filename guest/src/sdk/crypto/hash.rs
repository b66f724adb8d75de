//! The hashes, by name.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use rhai::{EvalAltResult, NativeCallContext};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::sdk::error;

#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
    /// Broken: for what others have signed with it.
    Sha1,
    /// Broken, too.
    Md5,
}

impl Hash {
    pub(super) fn named(context: &NativeCallContext, name: &str) -> Result<Self, Box<EvalAltResult>> {
        Ok(match name {
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "sha1" => Self::Sha1,
            "md5" => Self::Md5,
            _ => {
                let message = format!("there is no hash `{name}`; there is sha256, sha384, sha512, sha1, md5");
                return Err(error::thrown(context, "crypto", "invalid", message));
            }
        })
    }

    pub(super) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Md5 => Md5::digest(data).to_vec(),
        }
    }

    /// HMAC (RFC 2104).
    pub(super) fn mac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => mac::<Hmac<Sha256>>(key, data),
            Self::Sha384 => mac::<Hmac<Sha384>>(key, data),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, data),
            Self::Sha1 => mac::<Hmac<Sha1>>(key, data),
            Self::Md5 => mac::<Hmac<Md5>>(key, data),
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(data).finalize().into_bytes().to_vec()
}
