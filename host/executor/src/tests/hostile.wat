;; A component that does not keep to the canonical ABI. ATTACK stands for raw calls of the imports, REALLOC for what the host meets when it asks
;; for memory, ANSWER for a list that the host is to take over.
(component
  (import "picloud:script/log@0.1.0" (instance $log
    (type $levels (enum "trace" "info" "warn" "error"))
    (export "level" (type $level (eq $levels)))
    (export "write" (func (param "level" $level) (param "message" string) (param "fields" (option string))))))
  (import "picloud:script/meter@0.1.0" (instance $meter
    (export "fuel-left" (func (result u64)))
    (export "watch" (func (param "script" string) (param "place" (list u32))))
    (export "panicked" (func (param "message" string)))))
  (import "wasi:clocks/wall-clock@0.2.12" (instance $clock
    (type $moment (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $moment)))
    (export "now" (func (result $datetime)))
    (export "resolution" (func (result $datetime)))))
  (import "wasi:random/random@0.2.12" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))

  (core func $draw (canon lower (func $random "get-random-u64")))
  (core func $fuel (canon lower (func $meter "fuel-left")))
  (core module $memory
    (import "host" "draw" (func $draw (result i64)))
    (import "host" "fuel" (func $fuel (result i64)))
    (memory (export "memory") 2 512)
    ;; Halves of characters, a surrogate, and an overlong slash.
    (data (i32.const 1024) "ab\c3" "\ed\a0\80" "\c0\af")
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32) REALLOC))
  (core instance $memory (instantiate $memory
    (with "host" (instance (export "draw" (func $draw)) (export "fuel" (func $fuel))))))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))

  (core func $write (canon lower (func $log "write") (memory $bytes) string-encoding=utf8))
  (core func $watch (canon lower (func $meter "watch") (memory $bytes) string-encoding=utf8))
  (core func $panicked (canon lower (func $meter "panicked") (memory $bytes) string-encoding=utf8))
  (core func $now (canon lower (func $clock "now") (memory $bytes)))
  (core func $resolution (canon lower (func $clock "resolution") (memory $bytes)))
  (core func $draw_bytes (canon lower (func $random "get-random-bytes") (memory $bytes) (realloc (core func $realloc))))
  (core module $attack
    (import "host" "memory" (memory 2))
    (import "host" "write" (func $write (param i32 i32 i32 i32 i32 i32)))
    (import "host" "watch" (func $watch (param i32 i32 i32 i32)))
    (import "host" "panicked" (func $panicked (param i32 i32)))
    (import "host" "now" (func $now (param i32)))
    (import "host" "resolution" (func $resolution (param i32)))
    (import "host" "bytes" (func $bytes (param i64 i32)))
    (import "host" "draw" (func $draw (result i64)))
    (import "host" "fuel" (func $fuel (result i64)))
    (func (export "attack") (local $i i32) ATTACK)
    (func (export "answer") (result i32) (local $i i32) ANSWER))
  (core instance $attack (instantiate $attack (with "host" (instance
    (export "memory" (memory $bytes)) (export "write" (func $write)) (export "watch" (func $watch))
    (export "panicked" (func $panicked)) (export "now" (func $now))
    (export "resolution" (func $resolution)) (export "bytes" (func $draw_bytes)) (export "draw" (func $draw)) (export "fuel" (func $fuel))))))
  (func (export "attack") (canon lift (core func $attack "attack")))
  (func (export "answer") (result (list (tuple string string)))
    (canon lift (core func $attack "answer") (memory $bytes) string-encoding=utf8)))
