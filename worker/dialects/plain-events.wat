;; Finds the ends of events that are alike. `npm run build` translates it; plain-events.ts uses it.
(module
  ;; What is looked at beyond $end is of no account, but is there: behind the last text are more than two pages.
  (import "worker" "memory" (memory 5))

  ;; Whether the $length bytes at $at are those at $beginning; there are sixteen of them at least.
  (func $isAt (param $at i32) (param $beginning i32) (param $length i32) (result i32)
    (local $i i32)
    (loop $next
      (if (v128.any_true
            (v128.xor
              (v128.load (i32.add (local.get $at) (local.get $i)))
              (v128.load (i32.add (local.get $beginning) (local.get $i)))))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 16)))
      (br_if $next (i32.le_u (i32.add (local.get $i) (i32.const 16)) (local.get $length))))
    ;; The last sixteen, of which some were looked at before.
    (i32.eqz
      (v128.any_true
        (v128.xor
          (v128.load (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 16)))
          (v128.load (i32.sub (i32.add (local.get $beginning) (local.get $length)) (i32.const 16)))))))

  ;; Where the next line feed is, or something at $end or behind it.
  (func $newlineFrom (param $at i32) (param $end i32) (result i32)
    (local $marks i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $at))))
      (local.set $marks
        (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (i8x16.splat (i32.const 0x0a)))))
      (if (local.get $marks)
        (then (return (i32.add (local.get $at) (i32.ctz (local.get $marks))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $next))
    (unreachable))

  ;; Where that event ends that stands at $at, whole; $at where there is none.
  (func $eventEnd (export "eventEnd")
    (param $at i32) (param $end i32) (param $beginning i32) (param $length i32) (result i32)
    (local $i i32)
    (if (i32.ge_u (i32.add (local.get $at) (local.get $length)) (local.get $end))
      (then (return (local.get $at))))
    (if (i32.eqz (call $isAt (local.get $at) (local.get $beginning) (local.get $length)))
      (then (return (local.get $at))))
    ;; Its last line, and an empty one.
    (local.set $i
      (i32.add (call $newlineFrom (i32.add (local.get $at) (local.get $length)) (local.get $end)) (i32.const 1)))
    (if (i32.ge_u (local.get $i) (local.get $end)) (then (return (local.get $at))))
    (if (i32.ne (i32.load8_u (local.get $i)) (i32.const 0x0a)) (then (return (local.get $at))))
    ;; More empty lines belong to it.
    (loop $empty
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $empty
        (i32.and
          (i32.lt_u (local.get $i) (local.get $end))
          (i32.eq (i32.load8_u (local.get $i)) (i32.const 0x0a)))))
    (local.get $i))

  ;; Where all of those end that stand there, one behind the other.
  (func (export "endFrom") (param $at i32) (param $end i32) (param $beginning i32) (param $length i32) (result i32)
    (local $next i32)
    (loop $event
      (local.set $next (call $eventEnd (local.get $at) (local.get $end) (local.get $beginning) (local.get $length)))
      (if (i32.eq (local.get $next) (local.get $at)) (then (return (local.get $at))))
      (local.set $at (local.get $next))
      (br $event))
    (unreachable)))
