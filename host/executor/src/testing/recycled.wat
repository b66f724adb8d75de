;; Writes a marker wherever a guest can write, and looks for anything that should not be there.
(component
  (import "wasi:random/random@0.2.12" (instance $random (export "get-random-u64" (func (result u64)))))
  (core func $draw (canon lower (func $random "get-random-u64")))
  (core module $module
    (import "host" "draw" (func $draw (result i64)))
    ;; 2 MiB at first, up to the 32 MiB of the limit; 128 KiB of it come from the image.
    (memory 32 512)
    (data (i32.const 65536) "IMAGE")
    (table $table 20000 funcref)
    (func $nothing)
    (elem declare func $nothing)

    ;; What no page held before: written by the caller of `fill`, so that no constant of this code is taken for it.
    (global $marker (mut i64) (i64.const 0))

    ;; Leaves the marker in as many frames as there are turns, ends as it is told, and uses what it kept.
    (func $deep (param $turns i32) (param $end i32) (result i64)
      (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $rest i64)
      (local.set $a (i64.load (i32.const 0)))
      (local.set $b (i64.load (i32.const 8)))
      (local.set $c (i64.load (i32.const 16)))
      (local.set $d (i64.load (i32.const 24)))
      (local.set $rest
        (if (result i64) (local.get $turns)
          (then (call $deep (i32.sub (local.get $turns) (i32.const 1)) (local.get $end)))
          (else (call $finish (local.get $end)) (call $draw))))
      (i64.xor (local.get $rest)
        (i64.xor (i64.xor (local.get $a) (local.get $b)) (i64.xor (local.get $c) (local.get $d)))))

    (func $finish (param $end i32)
      (if (i32.eq (local.get $end) (i32.const 1)) (then (unreachable)))
      (if (i32.eq (local.get $end) (i32.const 2)) (then (loop $ever (br $ever))))
      (if (i32.eq (local.get $end) (i32.const 3)) (then (loop $ever (drop (call $draw)) (br $ever))))
      (if (i32.eq (local.get $end) (i32.const 4)) (then (drop (call $deep (i32.const -1) (i32.const 0))))))

    ;; Fills memory of so many pages, the whole table, and the stack.
    (func (export "fill") (param $marker i64) (param $pages i32) (param $turns i32) (param $end i32) (result i64)
      (local $at i32) (local $size i32)
      (global.set $marker (local.get $marker))
      (drop (memory.grow (i32.sub (local.get $pages) (memory.size))))
      (local.set $size (i32.mul (memory.size) (i32.const 65536)))
      (loop $next
        (i64.store (local.get $at) (global.get $marker))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $size))))
      (table.fill $table (i32.const 0) (ref.func $nothing) (i32.const 20000))
      (call $deep (local.get $turns) (local.get $end)))

    ;; Words of memory and entries of the table that are not as they were at first.
    (func $strange (param $pages i32) (result i64)
      (local $at i32) (local $size i32) (local $word i64) (local $found i64)
      (drop (memory.grow (i32.sub (local.get $pages) (memory.size))))
      (local.set $size (i32.mul (memory.size) (i32.const 65536)))
      (loop $next
        (local.set $word (i64.load (local.get $at)))
        ;; Zero, and where the image lies, its word.
        (if (i64.ne (local.get $word)
              (select (i64.const 0x0807060504030201) (i64.const 0)
                (i32.lt_u (i32.sub (local.get $at) (i32.const 65536)) (i32.const 131072))))
          (then (local.set $found (i64.add (local.get $found) (i64.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $size))))
      (local.set $at (i32.const 0))
      (loop $next
        (if (i32.eqz (ref.is_null (table.get $table (local.get $at))))
          (then (local.set $found (i64.add (local.get $found) (i64.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 20000))))
      (local.get $found))

    (func (export "scan") (param $pages i32) (result i64)
      ;; The host looks at the stack meanwhile.
      (drop (call $draw))
      (call $strange (local.get $pages)))

    (func (export "both") (param $marker i64) (param $pages i32) (result i64)
      (i64.store (i32.const 0) (local.get $marker))
      (i64.store (i32.const 65536) (local.get $marker))
      (i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) (local.get $marker))
      (table.set $table (i32.const 19999) (ref.func $nothing))
      (call $strange (local.get $pages))))
  (core instance $instance (instantiate $module (with "host" (instance (export "draw" (func $draw))))))
  (func (export "fill") (param "marker" u64) (param "pages" u32) (param "turns" u32) (param "end" u32) (result u64)
    (canon lift (core func $instance "fill")))
  (func (export "scan") (param "pages" u32) (result u64) (canon lift (core func $instance "scan")))
  (func (export "both") (param "marker" u64) (param "pages" u32) (result u64) (canon lift (core func $instance "both"))))
