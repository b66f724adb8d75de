;; Calls each import with what lies at the start of its memory; what lies behind is noise. IMPORTS and CASES are made of `wit/`.
(module
  ;; IMPORTS
  (memory (export "memory") 2 512)
  (global $realloc (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (if (i32.eq (global.get $realloc) (i32.const 1)) (then (return (i32.const 65536))))
    (if (i32.eq (global.get $realloc) (i32.const 2)) (then (unreachable)))
    (if (i32.eq (global.get $realloc) (i32.const 3)) (then (return (i32.const 131071))))
    (local.set $at (global.get $free))
    (global.set $free (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  (func (export "put") (param $at i32) (param $value i64) (i64.store (local.get $at) (local.get $value)))
  ;; Numbers of a generator, every other one small: lengths that fit are rare otherwise.
  (func (export "noise") (param $seed i64) (param $realloc i32)
    (local $at i32)
    (global.set $realloc (local.get $realloc))
    (loop $next
      (local.set $seed (i64.add (i64.mul (local.get $seed) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (i32.store (local.get $at)
        (select (i32.wrap_i64 (i64.shr_u (local.get $seed) (i64.const 58))) (i32.wrap_i64 (i64.shr_u (local.get $seed) (i64.const 32)))
          (i32.and (local.get $at) (i32.const 4))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 8192)))))
  (func (export "attack") (param $number i32)
    ;; CASES
  ))
