;; Looks through the head of an answer (RFC 9112, 4 and 5), values sixteen bytes at a time, and notes where its fields
;; are. `npm run build` translates it; head-scan.ts uses it.
(module
  ;; 0x28000: each letter of a field's name, in lower case; 0 for what is none.
  ;; 0x28100: how many fields are noted.
  ;; 0x30000: the fields: four u16 each, from the head's beginning: where the name begins and ends, and the value.
  ;;          A field has four bytes at least, so that there are at most 16,384 in a page.
  ;; What is looked at beyond $end is of no account, but is there.
  (import "worker" "memory" (memory 5))
  (data (i32.const 0x28021) "!")
  (data (i32.const 0x28023) "#$%&'")
  (data (i32.const 0x2802a) "*+")
  (data (i32.const 0x2802d) "-.")
  (data (i32.const 0x28030) "0123456789")
  (data (i32.const 0x28041) "abcdefghijklmnopqrstuvwxyz")
  (data (i32.const 0x2805e) "^_`abcdefghijklmnopqrstuvwxyz")
  (data (i32.const 0x2807c) "|")
  (data (i32.const 0x2807e) "~")

  ;; The head that begins at $head; all is read up to $end. Returns what is behind it, or 0 for what is none, or not whole
  ;; yet. Names are put into lower case where they stand.
  (func (export "scanHead") (param $head i32) (param $end i32) (result i32)
    (local $at i32)
    (local $byte i32)
    (local $start i32)
    (local $field i32)
    (local.set $field (i32.const 0x30000))
    (if (i32.eqz (call $isStart (local.get $head)))
      (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $head) (i32.const 12)))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x20))
      (then (local.set $at (call $text (local.get $at) (local.get $end)))))

    (block $none
    (loop $line
      ;; The line before must end here, and two bytes more must have been read.
      (br_if $none (i32.ge_u (i32.add (local.get $at) (i32.const 3)) (local.get $end)))
      (br_if $none (i32.ne (i32.load16_u (local.get $at)) (i32.const 0x0a0d)))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (if (i32.eq (i32.load16_u (local.get $at)) (i32.const 0x0a0d))
        (then
          (i32.store (i32.const 0x28100)
            (i32.shr_u (i32.sub (local.get $field) (i32.const 0x30000)) (i32.const 3)))
          (return (i32.add (local.get $at) (i32.const 2)))))

      (local.set $start (local.get $at))
      (i32.store16 (local.get $field) (i32.sub (local.get $at) (local.get $head)))
      (loop $name
        (br_if $none (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u offset=0x28000 (i32.load8_u (local.get $at))))
        (if (local.get $byte)
          (then
            (i32.store8 (local.get $at) (local.get $byte))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $name))))
      (br_if $none (i32.eq (local.get $at) (local.get $start)))
      (br_if $none (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x3a)))
      (i32.store16 offset=2 (local.get $field) (i32.sub (local.get $at) (local.get $head)))

      (loop $blank
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $none (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $blank (call $isBlank (i32.load8_u (local.get $at)))))
      (local.set $start (local.get $at))
      (i32.store16 offset=4 (local.get $field) (i32.sub (local.get $at) (local.get $head)))
      (local.set $at (call $text (local.get $at) (local.get $end)))
      (i32.store16 offset=6 (local.get $field)
        (i32.sub (call $withoutBlanks (local.get $start) (local.get $at)) (local.get $head)))
      (local.set $field (i32.add (local.get $field) (i32.const 8)))
      (br $line)))
    (i32.const 0))

  ;; HTTP/1.0 or HTTP/1.1, a space, and three digits of which the first is no 0.
  (func $isStart (param $at i32) (result i32)
    (i32.and
      (i32.and
        ;; As a number of eight bytes; 0 and 1 differ in one bit.
        (i64.eq
          (i64.and (i64.load (local.get $at)) (i64.const 0xfeffffffffffffff))
          (i64.const 0x302e312f50545448))
        (i32.eq (i32.load8_u offset=8 (local.get $at)) (i32.const 0x20)))
      (i32.and
        (i32.lt_u (i32.sub (i32.load8_u offset=9 (local.get $at)) (i32.const 0x31)) (i32.const 9))
        (i32.and
          (i32.lt_u (i32.sub (i32.load8_u offset=10 (local.get $at)) (i32.const 0x30)) (i32.const 10))
          (i32.lt_u (i32.sub (i32.load8_u offset=11 (local.get $at)) (i32.const 0x30)) (i32.const 10))))))

  (func $isBlank (param $byte i32) (result i32)
    (i32.or (i32.eq (local.get $byte) (i32.const 0x20)) (i32.eq (local.get $byte) (i32.const 0x09))))

  ;; Where a text ends: at the next control character but a tab, or somewhere at $end or behind it.
  (func $text (param $at i32) (param $end i32) (result i32)
    (local $chunk v128)
    (local $marks i32)
    (loop $next
      (local.set $chunk (v128.load (local.get $at)))
      (local.set $marks
        (i8x16.bitmask
          (v128.or
            (v128.andnot
              (i8x16.lt_u (local.get $chunk) (i8x16.splat (i32.const 0x20)))
              (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x09))))
            (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x7f))))))
      (if (local.get $marks)
        (then (return (i32.add (local.get $at) (i32.ctz (local.get $marks))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $at))

  ;; Where a text ends whose last blanks do not count.
  (func $withoutBlanks (param $start i32) (param $end i32) (result i32)
    (loop $next
      (if (i32.le_u (local.get $end) (local.get $start)) (then (return (local.get $start))))
      (if (i32.eqz (call $isBlank (i32.load8_u (i32.sub (local.get $end) (i32.const 1)))))
        (then (return (local.get $end))))
      (local.set $end (i32.sub (local.get $end) (i32.const 1)))
      (br $next))
    (unreachable)))
