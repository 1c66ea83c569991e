;; Looks through the head of an answer (RFC 9112, 4 and 5), values sixteen bytes at a time, and notes where the fields are
;; that mean something here. `npm run build` translates it; head-scan.ts uses it, and writes the names.
(module
  ;; 0x28000: each letter of a field's name, in lower case; 0 for what is none.
  ;; 0x28100: how many fields are noted; where the first line ends; whether there is a byte that is not ASCII.
  ;; 0x28200: for each length up to 32 the number, u16, of the first known name that is not shorter.
  ;; 0x28300: the known names by their numbers, which begin with 1: 32 bytes each.
  ;; 0x30000: known fields: five u16 each: the name's number, and, from the head's beginning, where the line begins, the
  ;;          value begins and ends, and the line ends. They have five bytes at least: at most 13,107 are in a page.
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

  ;; Bytes of the head so far that are not ASCII: zero for none.
  (global $high (mut i32) (i32.const 0))

  ;; The head that begins at $head; all is read up to $end. Returns what is behind it, or 0 for what is none, or not whole
  ;; yet. Names are put into lower case where they stand.
  (func (export "scanHead") (param $head i32) (param $end i32) (result i32)
    (local $at i32)
    (local $byte i32)
    (local $start i32)
    (local $known i32)
    (local $field i32)
    (local.set $field (i32.const 0x30000))
    (global.set $high (i32.const 0))
    (if (i32.eqz (call $isStart (local.get $head)))
      (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $head) (i32.const 12)))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x20))
      (then (local.set $at (call $text (local.get $at) (local.get $end)))))
    (i32.store (i32.const 0x28104) (i32.sub (local.get $at) (local.get $head)))

    (block $none
    (loop $line
      ;; The line before must end here, and two bytes more must have been read.
      (br_if $none (i32.ge_u (i32.add (local.get $at) (i32.const 3)) (local.get $end)))
      (br_if $none (i32.ne (i32.load16_u (local.get $at)) (i32.const 0x0a0d)))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (if (i32.eq (i32.load16_u (local.get $at)) (i32.const 0x0a0d))
        (then
          (i32.store (i32.const 0x28100)
            (i32.div_u (i32.sub (local.get $field) (i32.const 0x30000)) (i32.const 10)))
          (i32.store (i32.const 0x28108) (global.get $high))
          (return (i32.add (local.get $at) (i32.const 2)))))

      (local.set $start (local.get $at))
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
      (local.set $known (call $numberOf (local.get $start) (i32.sub (local.get $at) (local.get $start))))
      (i32.store16 (local.get $field) (local.get $known))
      (i32.store16 offset=2 (local.get $field) (i32.sub (local.get $start) (local.get $head)))

      (loop $blank
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $none (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $blank (call $isBlank (i32.load8_u (local.get $at)))))
      (local.set $start (local.get $at))
      (i32.store16 offset=4 (local.get $field) (i32.sub (local.get $at) (local.get $head)))
      (local.set $at (call $text (local.get $at) (local.get $end)))
      (i32.store16 offset=6 (local.get $field)
        (i32.sub (call $withoutBlanks (local.get $start) (local.get $at)) (local.get $head)))
      (i32.store16 offset=8 (local.get $field) (i32.sub (local.get $at) (local.get $head)))
      (if (local.get $known)
        (then (local.set $field (i32.add (local.get $field) (i32.const 10)))))
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

  ;; Of a known name, or 0. Thirty-two bytes are compared, of which $length count.
  (func $numberOf (param $at i32) (param $length i32) (result i32)
    (local $all i32)
    (local $number i32)
    (local $behind i32)
    (local $place i32)
    (if (i32.gt_u (local.get $length) (i32.const 31)) (then (return (i32.const 0))))
    (local.set $all (i32.sub (i32.shl (i32.const 1) (local.get $length)) (i32.const 1)))
    (local.set $place (i32.shl (local.get $length) (i32.const 1)))
    (local.set $number (i32.load16_u offset=0x28200 (local.get $place)))
    (local.set $behind (i32.load16_u offset=0x28202 (local.get $place)))
    (loop $next
      (if (i32.ge_u (local.get $number) (local.get $behind)) (then (return (i32.const 0))))
      (local.set $place (i32.shl (local.get $number) (i32.const 5)))
      (if (i32.eq (local.get $all)
            (i32.and (local.get $all)
              (i32.or
                (i8x16.bitmask
                  (i8x16.eq (v128.load (local.get $at)) (v128.load offset=0x28300 (local.get $place))))
                (i32.shl
                  (i8x16.bitmask
                    (i8x16.eq (v128.load offset=16 (local.get $at)) (v128.load offset=0x28310 (local.get $place))))
                  (i32.const 16)))))
        (then (return (local.get $number))))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br $next))
    (unreachable))

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
        (then
          ;; The bits below the lowest mark.
          (global.set $high
            (i32.or (global.get $high)
              (i32.and (i8x16.bitmask (local.get $chunk))
                (i32.and (i32.sub (local.get $marks) (i32.const 1)) (i32.xor (local.get $marks) (i32.const -1))))))
          (return (i32.add (local.get $at) (i32.ctz (local.get $marks))))))
      (global.set $high (i32.or (global.get $high) (i8x16.bitmask (local.get $chunk))))
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
