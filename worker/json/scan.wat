;; Validates JSON (RFC 8259) piece by piece, strings sixteen bytes at a time, and notes where the outermost object's
;; members are. `npm run build` translates it; scan-memory.ts loads it.
;;
;; Behind a piece stand zeros, which JSON has nowhere: whatever is looked at ends there at the latest, so nothing has to
;; ask on its way whether the piece is over.
(module
  ;; 0x00000: the piece.
  ;; 0x10000: why it stopped, where in the piece (see $stop), how many members and how many long values are noted.
  ;; 0x10010: the members: four i32 each, offsets in the body of the name (from quote to behind quote) and of the value.
  ;; 0x14000: of each letter, 1 where it stands behind a backslash (" / \ b f n r t; u has more to it), 2 for a hex digit.
  ;; 0x14100: where the containers begin that are open, down to the 64th.
  ;; 0x20000: a bit for each open container but the innermost. What is not written to takes no memory.
  ;; 0x420000: where values of 128 bytes and more begin and end, the first 100,000.
  (import "worker" "memory" (memory 79))
  (data (i32.const 0x14022) "\01")
  (data (i32.const 0x1402f) "\01")
  (data (i32.const 0x14030) "\02\02\02\02\02\02\02\02\02\02")
  (data (i32.const 0x14041) "\02\02\02\02\02\02")
  (data (i32.const 0x1405c) "\01")
  (data (i32.const 0x14061) "\02\03\02\02\02\03")
  (data (i32.const 0x1406e) "\01")
  (data (i32.const 0x14072) "\01")
  (data (i32.const 0x14074) "\01")

  ;; What comes next:
  ;; 0 a name or }    1 a name    2 a colon    3 a value or ]    4 a value    5 a comma or ]    6 a comma or }
  ;; 7 nothing    8 the rest of a name    9 the rest of a text
  (global $state (mut i32) (i32.const 0))
  (global $depth (mut i32) (i32.const 0))
  ;; Whether the innermost container is an object.
  (global $inObject (mut i32) (i32.const 0))
  ;; Where the next member is noted, and the next long value.
  (global $member (mut i32) (i32.const 0))
  (global $value (mut i32) (i32.const 0))
  ;; Where the text begins that is gone through.
  (global $text (mut i32) (i32.const 0))

  ;; To be called first, for what comes behind a body's opening brace, which is at $offset.
  (func (export "begin") (param $offset i32)
    (i32.store (i32.const 0x14100) (local.get $offset))
    (global.set $value (i32.const 0x420000))
    (global.set $state (i32.const 0))
    (global.set $depth (i32.const 1))
    (global.set $inObject (i32.const 1))
    (global.set $member (i32.const 0x10010)))

  ;; Goes on through a body, of which the piece up to $end stands at $base. Returns where to begin the next piece; see
  ;; $stop for whether there is to be one.
  (func (export "feed") (param $base i32) (param $at i32) (param $end i32) (result i32)
    (local $byte i32)
    (local $stopped i32)
    (call $endPiece (local.get $end))
    (loop $next
      (if (i32.ge_u (global.get $state) (i32.const 8))
        (then
          (local.set $at (call $string (local.get $at)))
          (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22))
            (then (return (call $stop (local.get $at) (call $wrongInString (local.get $at)) (global.get $state)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (if (i32.eq (global.get $state) (i32.const 9))
            (then
              (call $note (global.get $text) (i32.add (local.get $base) (local.get $at)))
              (call $valueEnds (i32.add (local.get $base) (local.get $at))))
            (else
              (if (i32.eq (global.get $depth) (i32.const 1))
                (then (i32.store offset=4 (global.get $member) (i32.add (local.get $base) (local.get $at)))))
              (global.set $state (i32.const 2))))))

      (local.set $at (call $space (local.get $at)))
      (local.set $byte (i32.load8_u (local.get $at)))

      ;; A name, or the end of an empty object.
      (if (i32.le_u (global.get $state) (i32.const 1))
        (then
          (if (i32.eq (local.get $byte) (i32.const 0x22))
            (then
              (if (i32.eq (global.get $depth) (i32.const 1))
                (then (i32.store (global.get $member) (i32.add (local.get $base) (local.get $at)))))
              (global.set $state (i32.const 8))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $next)))
          (if (i32.or (global.get $state) (i32.ne (local.get $byte) (i32.const 0x7d)))
            (then (return (call $stop (local.get $at) (local.get $at) (global.get $state)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (call $close (i32.add (local.get $base) (local.get $at)))
          (br $next)))

      (if (i32.eq (global.get $state) (i32.const 2))
        (then
          (if (i32.ne (local.get $byte) (i32.const 0x3a))
            (then (return (call $stop (local.get $at) (local.get $at) (global.get $state)))))
          (global.set $state (i32.const 4))
          (local.set $at (call $space (i32.add (local.get $at) (i32.const 1))))
          (local.set $byte (i32.load8_u (local.get $at)))))

      ;; A value, or the end of an empty array.
      (if (i32.le_u (global.get $state) (i32.const 4))
        (then
          (if (i32.eq (global.get $depth) (i32.const 1))
            (then (i32.store offset=8 (global.get $member) (i32.add (local.get $base) (local.get $at)))))
          (if (i32.eq (local.get $byte) (i32.const 0x22))
            (then
              (global.set $state (i32.const 9))
              (global.set $text (i32.add (local.get $base) (local.get $at)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $next)))
          ;; { and [ differ in one bit.
          (if (i32.eq (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x7b))
            (then
              (if (i32.eq (global.get $depth) (i32.const 0x2000000))
                (then (return (call $stop (local.get $at) (local.get $at) (i32.const 12)))))
              (call $open (i32.eq (local.get $byte) (i32.const 0x7b)) (i32.add (local.get $base) (local.get $at)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $next)))
          (if (i32.and (i32.eq (local.get $byte) (i32.const 0x5d)) (i32.eq (global.get $state) (i32.const 3)))
            (then
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (call $close (i32.add (local.get $base) (local.get $at)))
              (br $next)))
          (if (i32.or (i32.eq (local.get $byte) (i32.const 0x2d)) (call $isDigit (local.get $byte)))
            (then
              (local.set $stopped (call $number (local.get $at)))
              (if (i32.lt_s (local.get $stopped) (i32.const 0))
                (then
                  (return (call $stop (local.get $at) (i32.xor (local.get $stopped) (i32.const -1)) (i32.const 10)))))
              ;; It may go on in the next piece.
              (if (i32.ge_u (local.get $stopped) (local.get $end))
                (then
                  (return (call $stop (local.get $at) (local.get $end)
                    (i32.add (i32.const 5) (global.get $inObject)))))))
            (else
              (local.set $stopped (call $literal (local.get $at) (local.get $byte)))
              (if (i32.eq (local.get $stopped) (local.get $at))
                (then
                  ;; The longest has five letters: there may be more of it in the next piece.
                  (return (call $stop
                    (local.get $at)
                    (select (local.get $end) (local.get $at)
                      (i32.gt_u (i32.add (local.get $at) (i32.const 5)) (local.get $end)))
                    (global.get $state)))))))
          (local.set $at (local.get $stopped))
          (call $valueEnds (i32.add (local.get $base) (local.get $at)))
          (local.set $at (call $space (local.get $at)))
          (local.set $byte (i32.load8_u (local.get $at)))))

      (if (i32.and (i32.eq (local.get $byte) (i32.const 0x2c)) (i32.le_u (global.get $state) (i32.const 6)))
        (then
          (if (i32.and
                (i32.eq (global.get $depth) (i32.const 1))
                (i32.ge_u (global.get $member) (i32.const 0x13e90)))
            (then (return (call $stop (local.get $at) (local.get $at) (i32.const 11)))))
          (global.set $state (select (i32.const 1) (i32.const 4) (global.get $inObject)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      ;; ] is 0x5d, } is 0x7d.
      (if (i32.and
            (i32.eq (local.get $byte) (select (i32.const 0x7d) (i32.const 0x5d) (global.get $inObject)))
            (i32.le_u (global.get $state) (i32.const 6)))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (call $close (i32.add (local.get $base) (local.get $at)))
          (br $next))))
    (call $stop (local.get $at) (local.get $at) (global.get $state)))

  ;; Tells where $wrong stands in the piece, and what should have: a state, or 10 a digit, 11 no more members, 12 nothing
  ;; deeper. With $wrong at the piece's end, or behind it, the body goes on in the next one at $at.
  (func $stop (param $at i32) (param $wrong i32) (param $expected i32) (result i32)
    (i32.store (i32.const 0x10000) (local.get $expected))
    (i32.store (i32.const 0x10004) (local.get $wrong))
    (i32.store (i32.const 0x10008) (i32.shr_u (i32.sub (global.get $member) (i32.const 0x10010)) (i32.const 4)))
    (i32.store (i32.const 0x1000c) (i32.shr_u (i32.sub (global.get $value) (i32.const 0x420000)) (i32.const 3)))
    (local.get $at))

  (func $endPiece (param $end i32)
    (v128.store (local.get $end) (v128.const i64x2 0 0)))

  ;; $offset: of the bracket, in the body
  (func $open (param $isObject i32) (param $offset i32)
    (local $at i32)
    (local $bit i32)
    (if (i32.lt_u (global.get $depth) (i32.const 64))
      (then (i32.store offset=0x14100 (i32.shl (global.get $depth) (i32.const 2)) (local.get $offset))))
    (local.set $at (i32.add (i32.const 0x20000) (i32.shr_u (global.get $depth) (i32.const 3))))
    (local.set $bit (i32.shl (i32.const 1) (i32.and (global.get $depth) (i32.const 7))))
    (i32.store8
      (local.get $at)
      (select
        (i32.or (i32.load8_u (local.get $at)) (local.get $bit))
        (i32.and (i32.load8_u (local.get $at)) (i32.xor (local.get $bit) (i32.const -1)))
        (global.get $inObject)))
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (global.set $inObject (local.get $isObject))
    (global.set $state (select (i32.const 0) (i32.const 3) (local.get $isObject))))

  ;; $offset: behind the bracket, in the body
  (func $close (param $offset i32)
    (global.set $depth (i32.sub (global.get $depth) (i32.const 1)))
    (if (i32.lt_u (global.get $depth) (i32.const 64))
      (then
        (call $note (i32.load offset=0x14100 (i32.shl (global.get $depth) (i32.const 2))) (local.get $offset))))
    (global.set $inObject
      (i32.and
        (i32.shr_u
          (i32.load8_u (i32.add (i32.const 0x20000) (i32.shr_u (global.get $depth) (i32.const 3))))
          (i32.and (global.get $depth) (i32.const 7)))
        (i32.const 1)))
    (if (global.get $depth)
      (then (call $valueEnds (local.get $offset)))
      (else (global.set $state (i32.const 7)))))

  (func $valueEnds (param $offset i32)
    (global.set $state (i32.add (i32.const 5) (global.get $inObject)))
    (if (i32.eq (global.get $depth) (i32.const 1))
      (then
        (i32.store offset=12 (global.get $member) (local.get $offset))
        (global.set $member (i32.add (global.get $member) (i32.const 16))))))

  (func $note (param $start i32) (param $end i32)
    (if (i32.and
          (i32.ge_u (i32.sub (local.get $end) (local.get $start)) (i32.const 128))
          (i32.lt_u (global.get $value) (i32.const 0x4e3500)))
      (then
        (i32.store (global.get $value) (local.get $start))
        (i32.store offset=4 (global.get $value) (local.get $end))
        (global.set $value (i32.add (global.get $value) (i32.const 8))))))

  ;; From here on: what stands at $at, and where it ends.

  ;; Space, tab, line feed, carriage return.
  (func $space (param $at i32) (result i32)
    (local $byte i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.gt_u (local.get $byte) (i32.const 0x20)) (then (return (local.get $at))))
      (if (i32.or
            (i32.or (i32.eq (local.get $byte) (i32.const 0x20)) (i32.eq (local.get $byte) (i32.const 0x0a)))
            (i32.or (i32.eq (local.get $byte) (i32.const 0x0d)) (i32.eq (local.get $byte) (i32.const 0x09))))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $at))

  ;; $at itself where there is none.
  (func $literal (param $at i32) (param $byte i32) (result i32)
    (local $word i32)
    (local.set $word (i32.load (local.get $at)))
    ;; true, null
    (if (i32.or
          (i32.eq (local.get $word) (i32.const 0x65757274))
          (i32.eq (local.get $word) (i32.const 0x6c6c756e)))
      (then (return (i32.add (local.get $at) (i32.const 4)))))
    ;; f, and alse
    (if (i32.and
          (i32.eq (local.get $byte) (i32.const 0x66))
          (i32.eq (i32.load offset=1 (local.get $at)) (i32.const 0x65736c61)))
      (then (return (i32.add (local.get $at) (i32.const 5)))))
    (local.get $at))

  ;; The complement of where a digit is missing.
  (func $number (param $at i32) (result i32)
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2d))
      (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
    ;; Nothing follows a leading 0 but a fraction or an exponent.
    (local.set $at
      (if (result i32) (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x30))
        (then (i32.add (local.get $at) (i32.const 1)))
        (else (call $digits (local.get $at)))))
    (if (i32.lt_s (local.get $at) (i32.const 0)) (then (return (local.get $at))))
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2e))
      (then
        (local.set $at (call $digits (i32.add (local.get $at) (i32.const 1))))
        (if (i32.lt_s (local.get $at) (i32.const 0)) (then (return (local.get $at))))))
    ;; e and E
    (if (i32.ne (i32.or (i32.load8_u (local.get $at)) (i32.const 0x20)) (i32.const 0x65))
      (then (return (local.get $at))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    ;; + and -
    (if (i32.or
          (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2b))
          (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2d)))
      (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
    (call $digits (local.get $at)))

  (func $digits (param $at i32) (result i32)
    (if (i32.eqz (call $isDigit (i32.load8_u (local.get $at))))
      (then (return (i32.xor (local.get $at) (i32.const -1)))))
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (call $isDigit (i32.load8_u (local.get $at)))))
    (local.get $at))

  (func $isDigit (param $byte i32) (result i32)
    (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x30)) (i32.const 10)))

  ;; Stops at the closing quote, or at what is wrong or not whole.
  (func $string (param $at i32) (result i32)
    (local $chunk v128)
    (local $marks i32)
    (loop $next
      (local.set $chunk (v128.load (local.get $at)))
      ;; Backslashes; and quotes and control characters at once: 0x22 ^ 2 is 0x20, but 0x20 ^ 2 and 0x21 ^ 2 are above.
      (local.set $marks
        (i8x16.bitmask
          (v128.or
            (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x5c)))
            (i8x16.le_u
              (v128.xor (local.get $chunk) (i8x16.splat (i32.const 2)))
              (i8x16.splat (i32.const 0x20))))))
      (if (i32.eqz (local.get $marks))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)))
      (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $marks))))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5c))
        (then (return (local.get $at))))
      (if (i32.and (i32.load8_u offset=0x14000 (i32.load8_u offset=1 (local.get $at))) (i32.const 1))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 2)))
          (br $next)))
      (if (i32.and
            (i32.eq (i32.load8_u offset=1 (local.get $at)) (i32.const 0x75))
            (i32.ge_u
              (i32.and
                (i32.and
                  (i32.load8_u offset=0x14000 (i32.load8_u offset=2 (local.get $at)))
                  (i32.load8_u offset=0x14000 (i32.load8_u offset=3 (local.get $at))))
                (i32.and
                  (i32.load8_u offset=0x14000 (i32.load8_u offset=4 (local.get $at)))
                  (i32.load8_u offset=0x14000 (i32.load8_u offset=5 (local.get $at)))))
              (i32.const 2)))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 6)))
          (br $next))))
    (local.get $at))

  ;; The same for the piece that ends at $end, for strings alone.
  (func (export "skip") (param $at i32) (param $end i32) (result i32)
    (call $endPiece (local.get $end))
    (call $string (local.get $at)))

  ;; Which byte of \u0000 at $at is none of its own; another escape is wrong in its letter, anything else in itself.
  (func $wrongInString (param $at i32) (result i32)
    (local $end i32)
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5c))
      (then (return (local.get $at))))
    (local.set $end (i32.add (local.get $at) (i32.const 6)))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x75))
      (then (return (local.get $at))))
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next
        (i32.and
          (i32.lt_u (local.get $at) (local.get $end))
          (call $isHexDigit (i32.load8_u (local.get $at))))))
    (local.get $at))

  (func $isHexDigit (param $byte i32) (result i32)
    (i32.ge_u (i32.load8_u offset=0x14000 (local.get $byte)) (i32.const 2))))
