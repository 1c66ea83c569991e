;; Finds the first of several short texts. `npm run build` translates it; marks.ts uses it.
(module
  ;; What is looked at beyond $end is of no account, but is there: behind the last text are more than two pages.
  (import "worker" "memory" (memory 5))

  ;; Whether that mark stands at $at, and ends before $end.
  (func $isAt (param $at i32) (param $end i32) (param $mark i32) (result i32)
    (local $i i32)
    (local $length i32)
    (local.set $length (i32.load (local.get $mark)))
    (if (i32.gt_u (i32.add (local.get $at) (local.get $length)) (local.get $end)) (then (return (i32.const 0))))
    (loop $next
      (if (i32.ne
            (i32.load8_u (i32.add (local.get $at) (local.get $i)))
            (i32.load8_u offset=4 (i32.add (local.get $mark) (local.get $i))))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $length))))
    (i32.const 1))

  ;; Where one of the marks stands first, whole; $end where none does. The table has $count marks of 32 bytes each: the
  ;; mark's length and its text. Those that begin with the same two bytes are looked for together: the first four of
  ;; the table have all the beginnings that there are.
  (func (export "markFrom") (param $at i32) (param $end i32) (param $table i32) (param $count i32) (result i32)
    (local $here v128)
    (local $next v128)
    (local $a0 v128)
    (local $a1 v128)
    (local $b0 v128)
    (local $b1 v128)
    (local $c0 v128)
    (local $c1 v128)
    (local $d0 v128)
    (local $d1 v128)
    (local $found i32)
    (local $place i32)
    (local $i i32)
    (local.set $a0 (v128.load8_splat offset=4 (local.get $table)))
    (local.set $a1 (v128.load8_splat offset=5 (local.get $table)))
    (local.set $b0 (v128.load8_splat offset=36 (local.get $table)))
    (local.set $b1 (v128.load8_splat offset=37 (local.get $table)))
    (local.set $c0 (v128.load8_splat offset=68 (local.get $table)))
    (local.set $c1 (v128.load8_splat offset=69 (local.get $table)))
    (local.set $d0 (v128.load8_splat offset=100 (local.get $table)))
    (local.set $d1 (v128.load8_splat offset=101 (local.get $table)))
    (loop $block
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $end))))
      (local.set $here (v128.load (local.get $at)))
      (local.set $next (v128.load offset=1 (local.get $at)))
      (local.set $found
        (i8x16.bitmask
          (v128.or
            (v128.or
              (v128.and
                (i8x16.eq (local.get $here) (local.get $a0))
                (i8x16.eq (local.get $next) (local.get $a1)))
              (v128.and
                (i8x16.eq (local.get $here) (local.get $b0))
                (i8x16.eq (local.get $next) (local.get $b1))))
            (v128.or
              (v128.and
                (i8x16.eq (local.get $here) (local.get $c0))
                (i8x16.eq (local.get $next) (local.get $c1)))
              (v128.and
                (i8x16.eq (local.get $here) (local.get $d0))
                (i8x16.eq (local.get $next) (local.get $d1)))))))
      (loop $candidate
        (if (local.get $found)
          (then
            (local.set $place (i32.add (local.get $at) (i32.ctz (local.get $found))))
            (local.set $i (i32.const 0))
            (loop $mark
              (if (call $isAt
                    (local.get $place)
                    (local.get $end)
                    (i32.add (local.get $table) (i32.shl (local.get $i) (i32.const 5))))
                (then (return (local.get $place))))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $mark (i32.lt_u (local.get $i) (local.get $count))))
            (local.set $found (i32.and (local.get $found) (i32.sub (local.get $found) (i32.const 1))))
            (br $candidate))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br $block))
    (unreachable)))
