/** WebAssembly, for what JavaScript cannot: to look at sixteen bytes at a time. `npm run build` translates the `.wat` files. */
import { readFileSync } from 'node:fs';

/** The types are TypeScript's for browsers, of which nothing else is wanted here. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
  Memory: new (pages: { initial: number; maximum: number }) => WasmMemory;
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export const PAGE_BYTES = 64 * 1024;

/** One that never grows: what lies in it stays where it is. */
export function newMemory(pages: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/**
 * @param memory the module's `worker.memory`
 * @returns what the module exports
 */
export function loadModule(wasmFile: string, memory: WasmMemory): unknown {
  return new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasmFile)), { worker: { memory } }).exports;
}
