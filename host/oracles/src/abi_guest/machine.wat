;; A guest that was taken over. Its program is what it was given to run: orders of one byte, with their arguments behind them. What stands for
;; imports, exports and the number of orders comes from `wit/` (component.rs).
(module
  ;; IMPORTS
  (memory (export "memory") 4)
  ;; Numbers that are on some edge: see $word.
  (data (i32.const 1024)
    "\ff\ff\ff\ff\ff\ff\ff\ff" "\00\00\00\80\00\00\00\00" "\ff\ff\ff\7f\00\00\00\00" "\00\00\00\00\01\00\00\00"
    "\ff\ff\03\00\00\00\00\00" "\00\00\04\00\00\00\00\00" "\fc\ff\03\00\00\00\00\00" "\01\00\04\00\00\00\00\00"
    "\00\00\01\00\00\00\00\00" "\01\00\01\00\00\00\00\00" "\ff\ff\00\00\00\00\00\00" "\00\10\00\00\00\00\00\00"
    "\01\10\00\00\00\00\00\00" "\f0\ff\ff\ff\00\00\00\00" "\00\00\00\00\00\00\00\80" "\ff\ff\ff\ff\ff\ff\ff\7f"
    "\00\00\00\00\00\00\f8\7f" "\00\00\00\00\00\00\f0\ff" "\a0\86\01\00\00\00\00\00" "\00\e1\f5\05\00\00\00\00")
  ;; An answer that is one: ok, 200, no headers, no body.
  (data (i32.const 2048) "\00\00\00\00\c8\00\00\00")
  ;; Texts that mean something to the host, each at a multiple of 64.
  (data (i32.const 65536) "key")
  (data (i32.const 65600) "7")
  (data (i32.const 65664) "a/b.txt")
  (data (i32.const 65728) "https://open.example/")
  (data (i32.const 65792) "mail")
  (data (i32.const 65856) "TOKEN")
  (data (i32.const 65920) "01920000-0000-7000-8000-000000000001")
  (data (i32.const 65984) "orders/7")
  (data (i32.const 66048) "GET")
  (data (i32.const 66112) "\c3\28\a0\80\ed\a0\80\c0\af")
  (data (i32.const 66176) "content-type")
  ;; Where the program is read, and where it ends.
  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  ;; Where the next block of memory is given, and how honestly.
  (global $free (mut i32) (i32.const 131072))
  (global $mode (mut i32) (i32.const 0))
  ;; What the export returns.
  (global $answer (mut i32) (i32.const 2048))
  ;; A compilation may use so much fuel that a loop without end would take seconds.
  (global $is_short (mut i32) (i32.const 0))
  (global $steps (mut i32) (i32.const 0))

  (func $byte (result i32)
    (if (i32.ge_u (global.get $at) (global.get $end)) (then (return (i32.const 0))))
    (i32.load8_u (global.get $at))
    (global.set $at (i32.add (global.get $at) (i32.const 1))))

  (func $two (result i32) (i32.or (call $byte) (i32.shl (call $byte) (i32.const 8))))
  (func $four (result i64) (i64.extend_i32_u (i32.or (call $two) (i32.shl (call $two) (i32.const 16)))))

  ;; An argument: a small number, a place among the texts, a place in the program, four bytes, eight bytes, or a number on an edge.
  (func $word (result i64) (local $tag i32)
    (local.set $tag (call $byte))
    (if (i32.lt_u (local.get $tag) (i32.const 64)) (then (return (i64.extend_i32_u (local.get $tag)))))
    (if (i32.lt_u (local.get $tag) (i32.const 128)) (then (return (i64.extend_i32_u
      (i32.add (i32.const 65536) (i32.shl (i32.sub (local.get $tag) (i32.const 64)) (i32.const 6)))))))
    (if (i32.lt_u (local.get $tag) (i32.const 160)) (then (return (i64.extend_i32_u
      (i32.add (global.get $at) (call $byte))))))
    (if (i32.lt_u (local.get $tag) (i32.const 192)) (then (return (call $four))))
    (if (i32.lt_u (local.get $tag) (i32.const 200)) (then (return
      (i64.or (call $four) (i64.shl (call $four) (i64.const 32))))))
    (i64.load (i32.add (i32.const 1024) (i32.shl (i32.rem_u (i32.sub (local.get $tag) (i32.const 200)) (i32.const 20)) (i32.const 3)))))

  (func $deep (param i32) (result i32) (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (local.get 0)))

  ;; One order. A flood is an order again and again.
  (func $step (local $order i32) (local $count i32) (local $here i32)
    (global.set $steps (i32.add (global.get $steps) (i32.const 1)))
    (if (i32.and (global.get $is_short) (i32.gt_u (global.get $steps) (i32.const 20000))) (then (unreachable)))
    (local.set $order (i32.rem_u (call $byte) (i32.const ORDERS)))
    (if (i32.eq (local.get $order) (i32.const 0)) (then
      (i32.store (i32.and (i32.wrap_i64 (call $word)) (i32.const 0x1fffc)) (i32.wrap_i64 (call $word))) (return)))
    (if (i32.eq (local.get $order) (i32.const 1)) (then
      (memory.copy (i32.and (i32.wrap_i64 (call $word)) (i32.const 0x1ff00)) (global.get $at) (call $byte)) (return)))
    (if (i32.eq (local.get $order) (i32.const 2)) (then (drop (memory.grow (call $byte))) (return)))
    (if (i32.eq (local.get $order) (i32.const 3)) (then (global.set $mode (call $byte)) (return)))
    (if (i32.eq (local.get $order) (i32.const 4)) (then (global.set $answer (i32.wrap_i64 (call $word))) (return)))
    (if (i32.eq (local.get $order) (i32.const 5)) (then
      (local.set $count (call $two))
      (local.set $here (global.get $at))
      (loop $again
        (global.set $at (local.get $here))
        (call $step)
        (br_if $again (i32.gt_s (local.tee $count (i32.sub (local.get $count) (i32.const 1))) (i32.const 0))))
      (return)))
    (if (i32.eq (local.get $order) (i32.const 6)) (then (unreachable)))
    (if (i32.eq (local.get $order) (i32.const 7)) (then (drop (call $deep (i32.const 0))) (return)))
    (if (i32.eq (local.get $order) (i32.const 8)) (then
      (if (i32.eqz (global.get $is_short)) (then (loop $ever (br $ever)))) (return)))
    ;; CASES
    (unreachable))

  (func $program (param $start i32) (param $length i32) (param $is_short i32)
    (global.set $at (local.get $start))
    (global.set $end (i32.add (local.get $start) (local.get $length)))
    (global.set $is_short (local.get $is_short))
    (loop $next
      (if (i32.lt_u (global.get $at) (global.get $end)) (then (call $step) (br $next)))))

  ;; Where the host asks for memory.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32) (local $block i32)
    (if (i32.eq (global.get $mode) (i32.const 1)) (then (return (i32.const -1))))
    (if (i32.eq (global.get $mode) (i32.const 2)) (then (return (i32.const 131073))))
    (if (i32.eq (global.get $mode) (i32.const 3)) (then (unreachable)))
    (if (i32.eq (global.get $mode) (i32.const 4)) (then
      (if (i32.eqz (global.get $is_short)) (then (loop $ever (br $ever))))))
    (if (i32.eq (global.get $mode) (i32.const 5)) (then
      (return (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))))
    (if (i32.eq (global.get $mode) (i32.const 6)) (then (return (i32.const 0))))
    ;; Calls the host from here.
    (if (i32.eq (global.get $mode) (i32.const 7)) (then (call $step)))
    (if (i32.eq (global.get $mode) (i32.const 8)) (then (drop (call $deep (i32.const 0)))))
    (if (i32.eq (global.get $mode) (i32.const 9)) (then (drop (memory.grow (i32.const 1)))))
    (local.set $block (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.set $free (i32.add (local.get $block) (local.get $size)))
    (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))) (then
      (if (i32.eq (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16)))) (i32.const -1))
        (then (unreachable)))))
    (local.get $block))

  ;; EXPORTS
)
