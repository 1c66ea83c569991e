/**
 * The text of a paced event: when it was due and its number in the stream, in digits of a fixed width, so that it can be
 * written over in place and found without parsing JSON. `@001234567890123000042@`: microseconds of the monotonic clock,
 * which all processes of a machine share, then the number.
 */
const MICROS_DIGITS = 15;
const NUMBER_DIGITS = 6;
export const STAMP_LENGTH = MICROS_DIGITS + NUMBER_DIGITS + 2;
/** `@`, which nothing else in an event has. */
export const STAMP_BYTE = 0x40;

export const EMPTY_STAMP = stampText(0, 0);

export function stampText(dueMicros: number, number: number): string {
  return `@${String(dueMicros).padStart(MICROS_DIGITS, '0')}${String(number).padStart(NUMBER_DIGITS, '0')}@`;
}

/** Overwrites the stamp that begins at `at`. @param dueMicros a whole number */
export function writeStamp(bytes: Uint8Array, at: number, dueMicros: number, number: number): void {
  writeDigits(bytes, at + 1, MICROS_DIGITS, dueMicros);
  writeDigits(bytes, at + 1 + MICROS_DIGITS, NUMBER_DIGITS, number);
}

export function stampMicros(bytes: Uint8Array, at: number): number {
  return readDigits(bytes, at + 1, MICROS_DIGITS);
}

export function stampNumber(bytes: Uint8Array, at: number): number {
  return readDigits(bytes, at + 1 + MICROS_DIGITS, NUMBER_DIGITS);
}

/** The clock of the stamps, microseconds: CLOCK_MONOTONIC, which begins with the machine and not with the process. */
export function monotonicMicros(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + nanos / 1000;
}

function writeDigits(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
}

function readDigits(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) value = value * 10 + (bytes[i] ?? 0) - 0x30;
  return value;
}
