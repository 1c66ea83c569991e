;; Validates JSON (RFC 8259) piece by piece, strings sixteen bytes at a time, and notes where the outermost object's
;; members are. `npm run build` translates it; scan-memory.ts loads it.
;;
;; Behind a piece stand zeros, which JSON has nowhere: whatever is looked at ends there at the latest, so nothing has to
;; ask on its way whether the piece is over.
(module
  ;; 0x00000: the piece.
  ;; 0x10000: why it stopped, where in the piece (see "feed"), how many members and how many long values are noted.
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

  ;; Goes on through a body, of which the piece up to $end stands at $base. Returns where to begin the next piece, and
  ;; notes why it stopped: where $wrong stands in the piece, and what should have: a state, or 10 a digit, 11 no more
  ;; members, 12 nothing deeper. With $wrong at the piece's end, or behind it, the body goes on in the next one.
  ;;
  ;; What mostly follows a state stands right below it. On the way all is kept in locals: they are registers.
  (func (export "feed") (param $base i32) (param $at i32) (param $end i32) (result i32)
    (local $state i32)
    (local $depth i32)
    (local $inObject i32)
    (local $member i32)
    (local $value i32)
    (local $text i32)
    (local $byte i32)
    (local $behind i32)
    (local $bits i32)
    (local $bit i32)
    (local $wrong i32)
    (local $expected i32)
    (call $endPiece (local.get $end))
    (local.set $state (global.get $state))
    (local.set $depth (global.get $depth))
    (local.set $inObject (global.get $inObject))
    (local.set $member (global.get $member))
    (local.set $value (global.get $value))
    (local.set $text (global.get $text))

    (block $stop
    (block $expectsState
    (block $here
    (loop $next
    (block $nothing
    (block $close
    (block $after
    (block $valueEnds
    (block $textRest
    (block $value
    (block $colon
    (block $nameRest
    (block $name
      (br_table $name $name $colon $value $value $after $after $nothing $nameRest $textRest (local.get $state)))

      ;; $name, or the end of an empty object.
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.le_u (local.get $byte) (i32.const 0x20))
        (then
          (local.set $at (call $space (local.get $at)))
          (local.set $byte (i32.load8_u (local.get $at)))))
      (if (i32.ne (local.get $byte) (i32.const 0x22))
        (then
          (br_if $close (i32.and (i32.eqz (local.get $state)) (i32.eq (local.get $byte) (i32.const 0x7d))))
          (br $here)))
      (if (i32.eq (local.get $depth) (i32.const 1))
        (then (i32.store (local.get $member) (i32.add (local.get $base) (local.get $at)))))
      (local.set $state (i32.const 8))
      (local.set $at (i32.add (local.get $at) (i32.const 1))))

      ;; $nameRest
      (local.set $at (call $string (local.get $at)))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22))
        (then
          (local.set $wrong (call $wrongInString (local.get $at)))
          (br $expectsState)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.eq (local.get $depth) (i32.const 1))
        (then (i32.store offset=4 (local.get $member) (i32.add (local.get $base) (local.get $at)))))
      (local.set $state (i32.const 2)))

      ;; $colon
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.le_u (local.get $byte) (i32.const 0x20))
        (then
          (local.set $at (call $space (local.get $at)))
          (local.set $byte (i32.load8_u (local.get $at)))))
      (br_if $here (i32.ne (local.get $byte) (i32.const 0x3a)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $state (i32.const 4)))

      ;; $value, or the end of an empty array.
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.le_u (local.get $byte) (i32.const 0x20))
        (then
          (local.set $at (call $space (local.get $at)))
          (local.set $byte (i32.load8_u (local.get $at)))))
      (if (i32.eq (local.get $depth) (i32.const 1))
        (then (i32.store offset=8 (local.get $member) (i32.add (local.get $base) (local.get $at)))))
      (if (i32.ne (local.get $byte) (i32.const 0x22))
        (then
          ;; { and [ differ in one bit.
          (if (i32.eq (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x7b))
            (then
              (if (i32.eq (local.get $depth) (i32.const 0x2000000))
                (then
                  (local.set $wrong (local.get $at))
                  (local.set $expected (i32.const 12))
                  (br $stop)))
              (if (i32.lt_u (local.get $depth) (i32.const 64))
                (then
                  (i32.store offset=0x14100
                    (i32.shl (local.get $depth) (i32.const 2))
                    (i32.add (local.get $base) (local.get $at)))))
              (local.set $bits (i32.shr_u (local.get $depth) (i32.const 3)))
              (local.set $bit (i32.shl (i32.const 1) (i32.and (local.get $depth) (i32.const 7))))
              (i32.store8 offset=0x20000
                (local.get $bits)
                (select
                  (i32.or (i32.load8_u offset=0x20000 (local.get $bits)) (local.get $bit))
                  (i32.and (i32.load8_u offset=0x20000 (local.get $bits)) (i32.xor (local.get $bit) (i32.const -1)))
                  (local.get $inObject)))
              (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
              (local.set $inObject (i32.eq (local.get $byte) (i32.const 0x7b)))
              (local.set $state (select (i32.const 0) (i32.const 3) (local.get $inObject)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $next)))
          (br_if $close
            (i32.and (i32.eq (local.get $byte) (i32.const 0x5d)) (i32.eq (local.get $state) (i32.const 3))))
          (if (i32.or (i32.eq (local.get $byte) (i32.const 0x2d)) (call $isDigit (local.get $byte)))
            (then
              (local.set $behind (call $number (local.get $at)))
              (if (i32.lt_s (local.get $behind) (i32.const 0))
                (then
                  (local.set $wrong (i32.xor (local.get $behind) (i32.const -1)))
                  (local.set $expected (i32.const 10))
                  (br $stop)))
              ;; It may go on in the next piece.
              (if (i32.ge_u (local.get $behind) (local.get $end))
                (then
                  (local.set $wrong (local.get $end))
                  (local.set $expected (i32.add (i32.const 5) (local.get $inObject)))
                  (br $stop))))
            (else
              (local.set $behind (call $literal (local.get $at) (local.get $byte)))
              (if (i32.eq (local.get $behind) (local.get $at))
                (then
                  ;; The longest has five letters: there may be more of it in the next piece.
                  (local.set $wrong
                    (select (local.get $end) (local.get $at)
                      (i32.gt_u (i32.add (local.get $at) (i32.const 5)) (local.get $end))))
                  (br $expectsState)))))
          (local.set $at (local.get $behind))
          (br $valueEnds)))
      (local.set $text (i32.add (local.get $base) (local.get $at)))
      (local.set $state (i32.const 9))
      (local.set $at (i32.add (local.get $at) (i32.const 1))))

      ;; $textRest
      (local.set $at (call $string (local.get $at)))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22))
        (then
          (local.set $wrong (call $wrongInString (local.get $at)))
          (br $expectsState)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $value (call $note (local.get $value) (local.get $text) (i32.add (local.get $base) (local.get $at)))))

      ;; $valueEnds
      (local.set $state (i32.add (i32.const 5) (local.get $inObject)))
      (if (i32.eq (local.get $depth) (i32.const 1))
        (then
          (i32.store offset=12 (local.get $member) (i32.add (local.get $base) (local.get $at)))
          (local.set $member (i32.add (local.get $member) (i32.const 16))))))

      ;; $after a value: a comma, or the container's end.
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.le_u (local.get $byte) (i32.const 0x20))
        (then
          (local.set $at (call $space (local.get $at)))
          (local.set $byte (i32.load8_u (local.get $at)))))
      (if (i32.eq (local.get $byte) (i32.const 0x2c))
        (then
          (if (i32.and
                (i32.eq (local.get $depth) (i32.const 1))
                (i32.ge_u (local.get $member) (i32.const 0x13e90)))
            (then
              (local.set $wrong (local.get $at))
              (local.set $expected (i32.const 11))
              (br $stop)))
          (local.set $state (select (i32.const 1) (i32.const 4) (local.get $inObject)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      ;; ] is 0x5d, } is 0x7d.
      (br_if $here
        (i32.ne (local.get $byte) (select (i32.const 0x7d) (i32.const 0x5d) (local.get $inObject)))))

      ;; $close: the container's end is there. It was a value itself.
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
      (if (i32.lt_u (local.get $depth) (i32.const 64))
        (then
          (local.set $value
            (call $note
              (local.get $value)
              (i32.load offset=0x14100 (i32.shl (local.get $depth) (i32.const 2)))
              (i32.add (local.get $base) (local.get $at))))))
      (local.set $inObject
        (i32.and
          (i32.shr_u
            (i32.load8_u offset=0x20000 (i32.shr_u (local.get $depth) (i32.const 3)))
            (i32.and (local.get $depth) (i32.const 7)))
          (i32.const 1)))
      (local.set $state (i32.add (i32.const 5) (local.get $inObject)))
      (if (i32.eq (local.get $depth) (i32.const 1))
        (then
          (i32.store offset=12 (local.get $member) (i32.add (local.get $base) (local.get $at)))
          (local.set $member (i32.add (local.get $member) (i32.const 16)))))
      (br_if $next (local.get $depth))
      (local.set $state (i32.const 7)))

      ;; $nothing
      (local.set $at (call $space (local.get $at)))))

    ;; $here
    (local.set $wrong (local.get $at)))
    ;; $expectsState
    (local.set $expected (local.get $state)))

    ;; $stop
    (global.set $state (local.get $state))
    (global.set $depth (local.get $depth))
    (global.set $inObject (local.get $inObject))
    (global.set $member (local.get $member))
    (global.set $value (local.get $value))
    (global.set $text (local.get $text))
    (i32.store (i32.const 0x10000) (local.get $expected))
    (i32.store (i32.const 0x10004) (local.get $wrong))
    (i32.store (i32.const 0x10008) (i32.shr_u (i32.sub (local.get $member) (i32.const 0x10010)) (i32.const 4)))
    (i32.store (i32.const 0x1000c) (i32.shr_u (i32.sub (local.get $value) (i32.const 0x420000)) (i32.const 3)))
    (local.get $at))

  (func $endPiece (param $end i32)
    (v128.store (local.get $end) (v128.const i64x2 0 0)))

  ;; Notes a long value from $start to $end in the body at $value. Returns where the next one is noted.
  (func $note (param $value i32) (param $start i32) (param $end i32) (result i32)
    (if (i32.or
          (i32.lt_u (i32.sub (local.get $end) (local.get $start)) (i32.const 128))
          (i32.ge_u (local.get $value) (i32.const 0x4e3500)))
      (then (return (local.get $value))))
    (i32.store (local.get $value) (local.get $start))
    (i32.store offset=4 (local.get $value) (local.get $end))
    (i32.add (local.get $value) (i32.const 8)))

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
