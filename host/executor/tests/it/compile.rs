//! Source to image: what is refused, and where it says so.
#![expect(clippy::cast_possible_truncation, reason = "lengths of some hundred kilobytes")]
#![expect(clippy::print_stdout, reason = "figures for whoever looks at the test's output")]

use execution::{CompileErrorKind, limits::SOURCE_BYTES_MAX};

use crate::sandbox::{answer, compile, run};

#[tokio::test]
async fn a_source_that_does_not_parse_names_its_place() {
    for (source, line, column) in
        [("let x = ;", 1, 9), ("let a = 1;\nlet b = (2;", 2, 11), ("fn f( { }", 1, 7), ("\"abc", 1, 1), ("let é = \"é\"; ]", 1, 5)]
    {
        let error = compile(source).await.expect_err("a syntax error");
        assert_eq!((error.kind, error.line, error.column), (CompileErrorKind::Syntax, line, column), "{source}: {error:?}");
    }
}

#[tokio::test]
async fn g10_s_2_8_nesting_bombs_are_refused() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "", "]"),
        ("#{a:", "1", "}"),
        ("if true {", "1", "}"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("{", "1", "}"),
        ("|x|", "1", ""),
        ("1+(", "1", ")"),
    ] {
        for depth in [100, 1000, 20_000] {
            let source = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            assert!(compile(&source).await.is_err(), "{open} {depth}");
        }
    }
    assert_eq!(answer(&run("1").await).1, "1");
}

#[tokio::test]
async fn s_2_15_the_largest_script_compiles_and_a_larger_one_is_refused() {
    let statement = "let total = 0; for item in [1, 2, 3] { if item > 1 { total += item * 2 } }\n";
    let mut source = String::new();
    while source.len() + statement.len() * 2 < SOURCE_BYTES_MAX as usize {
        source.push_str(&format!("fn f{}() {{ {statement} }}\n", source.len()));
        if source.matches("fn ").count() >= 490 {
            break;
        }
    }
    while source.len() + 64 < SOURCE_BYTES_MAX as usize {
        source.push_str("{ let total = 1 + 2 * 3 - 4; let name = `total ${total}`; };\n");
    }
    let image = compile(&source).await.expect("256 KiB compile");
    println!("{} bytes of source, {image:?}, packed {} bytes", source.len(), image.bytes());
    let error = compile(&" ".repeat(SOURCE_BYTES_MAX as usize + 1)).await.expect_err("too large");
    assert_eq!(error.kind, CompileErrorKind::TooLarge);
}

#[tokio::test]
async fn a_source_whose_image_does_not_fit_is_refused_by_its_size() {
    // Within the limit of the source, but each call is more than a hundred bytes of tree.
    let source = "f();".repeat(65_000);
    assert!((source.len() as u64) < SOURCE_BYTES_MAX);
    let error = compile(&source).await.expect_err("the image is larger than the region");
    assert_eq!(error.kind, CompileErrorKind::TooLarge);
    assert!(error.message.contains("8 MiB"), "{error:?}");
}

#[tokio::test]
async fn the_same_source_gives_the_same_image() {
    let source = "fn f(x) { `${x}` } let m = #{ a: 1, b: [1, 2] }; f(m.b)";
    let (first, second) = (compile(source).await.expect("compiles"), compile(source).await.expect("compiles"));
    assert_eq!(first.open(), second.open());
}
