//! `crypto::` against published test vectors. Examples are in the reference; this is what they don't show.

use serde_json::json;

use crate::sandbox::{answer, run, value};

#[tokio::test]
async fn hashes_are_those_of_the_standards() {
    let million = r#"let a = ""; a.pad(1_000_000, "a");"#;
    for (script, expected) in [
        // FIPS 180-4 and RFC 1321: "abc", nothing at all, and (of SHA-256) a million times "a".
        (r#"crypto::hash("md5", "abc")"#, "900150983cd24fb0d6963f7d28e17f72"),
        (r#"crypto::hash("md5", "")"#, "d41d8cd98f00b204e9800998ecf8427e"),
        (r#"crypto::hash("sha1", "abc")"#, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (r#"crypto::hash("sha256", "abc")"#, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (r#"crypto::hash("sha256", blob())"#, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (&format!(r#"{million} crypto::hash("sha256", a)"#), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        (
            r#"crypto::hash("sha384", "abc")"#,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            r#"crypto::hash("sha512", "abc")"#,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (r#"crypto::hash("sha1", "abc", "base64")"#, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        (r#"crypto::hash("sha1", "abc", "base64url")"#, "qZk-NkcGgWq6PiVxeFDCbJzQ2J0"),
    ] {
        assert_eq!(value(script).await, expected, "{script}");
    }
}

#[tokio::test]
async fn hmacs_are_those_of_the_standards() {
    for (script, expected) in [
        // RFC 2202, RFC 4231: second case of each, and one with a key that is longer than a block.
        (r#"crypto::hmac("md5", "Jefe", "what do ya want for nothing?")"#, "750c783e6ab0b503eaa86e310a5db738"),
        (r#"crypto::hmac("sha1", "Jefe", "what do ya want for nothing?")"#, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (
            r#"crypto::hmac("sha256", "Jefe", "what do ya want for nothing?")"#,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            r#"crypto::hmac("sha384", "Jefe", "what do ya want for nothing?")"#,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            r#"crypto::hmac("sha512", "Jefe", "what do ya want for nothing?")"#,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
        (
            r#"crypto::hmac("sha256", blob(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First")"#,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        // A mac as the key of the next, as some signatures want it.
        (
            r#"crypto::hmac("sha256", crypto::hmac("sha256", "a", "b", "blob"), "c") != crypto::hmac("sha256", crypto::hmac("sha256", "a", "b"), "c")"#,
            "true",
        ),
    ] {
        assert_eq!(answer(&run(script).await).1, expected, "{script}");
    }
}

#[tokio::test]
async fn comparing_takes_as_long_wherever_the_difference_is() {
    let mut fuel = Vec::new();
    for other in ["xaaaaaaaaaaaaaaa", "aaaaaaaxaaaaaaaa", "aaaaaaaaaaaaaaax", "xxxxxxxxxxxxxxxx"] {
        let outcome = run(&format!(r#"crypto::equal("aaaaaaaaaaaaaaaa", "{other}")"#)).await;
        assert_eq!(answer(&outcome).1, "false");
        fuel.push(outcome.usage.fuel_used);
    }
    assert!(fuel.iter().all(|one| *one == fuel[0]), "{fuel:?}");
    assert_eq!(
        value(r#"[crypto::equal("a", "ab"), crypto::equal("", blob()), crypto::equal("A", blob(1, 65))]"#).await,
        json!([false, true, true])
    );
}

#[tokio::test]
async fn encodings_lead_back() {
    let script = r#"
        let wrong = [];
        for encoding in ["hex", "base64", "base64url"] {
            for length in 0..40 {
                let bytes = rand::bytes(length);
                if crypto::decode(encoding, crypto::encode(encoding, bytes)) != bytes { wrong.push(length); }
            }
        }
        wrong.push(crypto::decode("hex", "00fFAb").to_array());
        wrong.push(crypto::decode("base64", "+/8").to_array());
        wrong.push(crypto::decode("base64url", "-_8=").to_array());
        wrong"#;
    assert_eq!(value(script).await, json!([[0, 255, 171], [251, 255], [251, 255]]));
}

#[tokio::test]
async fn identifiers_have_their_version_and_order() {
    let script = r#"let ids = []; for i in 0..400 { ids.push(crypto::uuid_v7()); } ids.push(crypto::uuid()); ids"#;
    let outcome = run(script).await;
    let mut ids: Vec<uuid::Uuid> = serde_json::from_str(&answer(&outcome).1).expect("identifiers");
    let random = ids.pop().expect("the last one");
    assert_eq!((random.get_version_num(), random.get_variant()), (4, uuid::Variant::RFC4122));
    assert!(ids.iter().all(|id| (id.get_version_num(), id.get_variant()) == (7, uuid::Variant::RFC4122)));
    assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
    let (seconds, nanoseconds) = ids[0].get_timestamp().expect("a time").to_unix();
    assert_eq!((seconds, nanoseconds), (1_790_000_000, 123_000_000));
    assert_eq!(answer(&outcome), answer(&run(script).await), "the same again");
}
