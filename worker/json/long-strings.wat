;; The inside of JSON strings, sixteen bytes at a time. `npm run build` translates it; long-strings.ts uses it.
(module
  ;; One page: the caller moves a string through it.
  (import "worker" "memory" (memory 1))

  (func $isHexDigit (param $byte i32) (result i32)
    (i32.or
      (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x30)) (i32.const 10))
      (i32.lt_u (i32.sub (i32.or (local.get $byte) (i32.const 0x20)) (i32.const 0x61)) (i32.const 6))))

  ;; Whether these are the four digits of \uXXXX.
  (func $areHexDigits (param $at i32) (result i32)
    (i32.and
      (i32.and
        (call $isHexDigit (i32.load8_u (local.get $at)))
        (call $isHexDigit (i32.load8_u offset=1 (local.get $at))))
      (i32.and
        (call $isHexDigit (i32.load8_u offset=2 (local.get $at)))
        (call $isHexDigit (i32.load8_u offset=3 (local.get $at))))))

  ;; The letters behind a backslash other than u: " \ / b f n r t.
  (func $isSimpleEscape (param $byte i32) (result i32)
    (i32.or
      (i32.or
        (i32.or (i32.eq (local.get $byte) (i32.const 0x6e)) (i32.eq (local.get $byte) (i32.const 0x22)))
        (i32.or (i32.eq (local.get $byte) (i32.const 0x5c)) (i32.eq (local.get $byte) (i32.const 0x2f))))
      (i32.or
        (i32.or (i32.eq (local.get $byte) (i32.const 0x62)) (i32.eq (local.get $byte) (i32.const 0x66)))
        (i32.or (i32.eq (local.get $byte) (i32.const 0x72)) (i32.eq (local.get $byte) (i32.const 0x74))))))

  ;; Goes from $at over what may stand in a string, whole escapes included, and returns where it stopped: at a quote, at
  ;; something wrong, or fewer than sixteen bytes before $end.
  (func (export "skip") (param $at i32) (param $end i32) (result i32)
    (local $chunk v128)
    (local $marks i32)
    (local $byte i32)
    (loop $next
      (if (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end))
        (then (return (local.get $at))))
      (local.set $chunk (v128.load (local.get $at)))
      ;; Quotes, backslashes, and control characters.
      (local.set $marks
        (i8x16.bitmask
          (v128.or
            (v128.or
              (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x22)))
              (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 0x5c))))
            (i8x16.lt_u (local.get $chunk) (i8x16.splat (i32.const 0x20))))))
      (if (i32.eqz (local.get $marks))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)))
      (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $marks))))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5c))
        (then (return (local.get $at))))
      ;; Escapes often stand one behind the other.
      (loop $escape
        ;; The longest one has six bytes.
        (if (i32.gt_u (i32.add (local.get $at) (i32.const 6)) (local.get $end))
          (then (return (local.get $at))))
        (local.set $byte (i32.load8_u offset=1 (local.get $at)))
        (if (call $isSimpleEscape (local.get $byte))
          (then (local.set $at (i32.add (local.get $at) (i32.const 2))))
          (else
            (if (i32.eqz
                  (i32.and
                    (i32.eq (local.get $byte) (i32.const 0x75))
                    (call $areHexDigits (i32.add (local.get $at) (i32.const 2)))))
              (then (return (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 6)))))
        (br_if $escape
          (i32.and
            (i32.lt_u (local.get $at) (local.get $end))
            (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x5c)))))
      (br $next))
    (unreachable)))
