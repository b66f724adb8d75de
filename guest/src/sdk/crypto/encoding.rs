//! Bytes as text, and back.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, DecodeError, HEXLOWER, HEXLOWER_PERMISSIVE};
use rhai::{Dynamic, EvalAltResult, NativeCallContext};

use crate::sdk::error;

#[derive(Clone, Copy)]
pub(super) enum Encoding {
    Hex,
    Base64,
    /// For URLs and JSON Web Tokens: without padding.
    Base64Url,
    /// No text at all.
    Blob,
}

impl Encoding {
    pub(super) fn named(context: &NativeCallContext, name: &str) -> Result<Self, Box<EvalAltResult>> {
        if name == "blob" { Ok(Self::Blob) } else { Self::find(name).ok_or_else(|| unknown(context, name, ", blob")) }
    }

    /// One whose form is text.
    pub(super) fn of_text(context: &NativeCallContext, name: &str) -> Result<Self, Box<EvalAltResult>> {
        Self::find(name).ok_or_else(|| unknown(context, name, ""))
    }

    fn find(name: &str) -> Option<Self> {
        match name {
            "hex" => Some(Self::Hex),
            "base64" => Some(Self::Base64),
            "base64url" => Some(Self::Base64Url),
            _ => None,
        }
    }

    pub(super) fn value(self, bytes: Vec<u8>) -> Dynamic {
        match self {
            Self::Blob => Dynamic::from_blob(bytes),
            _ => self.write(&bytes).into(),
        }
    }

    pub(super) fn write(self, bytes: &[u8]) -> String {
        match self {
            Self::Base64 => BASE64.encode(bytes),
            Self::Base64Url => BASE64URL_NOPAD.encode(bytes),
            Self::Hex | Self::Blob => HEXLOWER.encode(bytes),
        }
    }

    /// Hexadecimal in either case, base64 with its padding or without.
    pub(super) fn read(self, text: &str) -> Result<Vec<u8>, DecodeError> {
        // Padding only fills up the last four characters: more of it is malformed.
        let padding = text.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
        let unpadded = if text.len() % 4 == 0 { &text[..text.len() - padding] } else { text };
        match self {
            Self::Base64 => BASE64_NOPAD.decode(unpadded.as_bytes()),
            Self::Base64Url => BASE64URL_NOPAD.decode(unpadded.as_bytes()),
            Self::Hex | Self::Blob => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
        }
    }
}

fn unknown(context: &NativeCallContext, name: &str, more: &str) -> Box<EvalAltResult> {
    error::thrown(context, "crypto", "invalid", format!("there is no encoding `{name}`; there is hex, base64, base64url{more}"))
}
