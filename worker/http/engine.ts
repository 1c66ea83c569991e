/**
 * The HTTP server engine: one typed seam, and the choice of the uWebSockets.js build behind it.
 *
 * uWebSockets.js is not published to the npm registry by its authors. Two builds are, and which of them loads depends
 * on the machine: the newer one wants glibc 2.38 (Debian 13, Ubuntu 24.04), the older one Node 18 or 20.
 */
import { createRequire } from 'node:module';
import { JsApp } from './js-engine';

/** A request; valid only until its handler returns. */
export interface EngineRequest {
  /** Lower-case. */
  getMethod(): string;
  getUrl(): string;
  getQuery(): string | undefined;
  /** Lower-case names, in the order of the wire; a repeated header comes repeatedly. */
  forEach(callback: (name: string, value: string) => void): void;
}

type Text = string | Uint8Array;

/** A response; valid until it was ended or `onAborted` was called. See uWebSockets.js' own `index.d.ts`. */
export interface EngineResponse {
  writeStatus(status: string): unknown;
  /** Behind a line's end, `value` may go on with further headers. */
  writeHeader(name: Text, value: Text): unknown;
  /** False: the bytes were buffered, and no more should be written before `onWritable`. */
  write(chunk: Text): boolean;
  end(body?: Text, closeConnection?: boolean): unknown;
  /**
   * Ends with a body of that length, as far as the client takes it: behind `onWritable` it goes on with the rest, which
   * begins at that offset.
   */
  tryEnd(bodyOrRest: Text, totalBytes: number): [isTaken: boolean, isOver: boolean];
  /** Without arguments: with any, the older engine throws. */
  endWithoutBody(): unknown;
  /** Cuts the connection; `onAborted` runs. */
  close(): unknown;
  onAborted(handler: () => void): unknown;
  /** `chunk` is only valid within the call. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): unknown;
  onWritable(handler: (offset: number) => boolean): unknown;
  /** Stops reading from the client, and the engine's own time-out. A client that goes away meanwhile is not noticed. */
  pause(): void;
  /** Undoes `pause`; the time-out begins anew. */
  resume(): void;
  /** Collects the writes of `callback` into one system call. */
  cork(callback: () => void): unknown;
  /** 4 or 16 bytes. */
  getRemoteAddress(): ArrayBuffer;
}

export type EngineHandler = (res: EngineResponse, req: EngineRequest) => void;

/** What `listen` hands out; only good for `closeListenSocket`. */
export type ListenSocket = unknown;

export interface EngineApp {
  /** Comes before `any` of the same pattern. */
  post(pattern: string, handler: EngineHandler): unknown;
  any(pattern: string, handler: EngineHandler): unknown;
  listen(host: string, port: number, callback: (socket: ListenSocket | false) => void): unknown;
}

export interface Engine {
  /** For the log and `ccproxy_build_info`, such as `uWebSockets.js 20.57.0`. */
  name: string;
  createApp(): EngineApp;
  closeListenSocket(socket: ListenSocket): void;
  localPort(socket: ListenSocket): number;
}

interface UwsModule {
  App(): EngineApp;
  us_listen_socket_close(socket: ListenSocket): void;
  us_socket_local_port(socket: ListenSocket): number;
}

interface NativeBuild {
  name: string;
  module: string;
}

const abi = `${process.platform}_${process.arch}_${process.versions.modules}`;

/** In the order of preference. */
const NATIVE_BUILDS: readonly NativeBuild[] = [
  { name: 'uWebSockets.js 20.57.0', module: 'uWebSockets.js' },
  // The package's own main would silently fall back to plain JavaScript: its native file is loaded by itself.
  { name: 'uWebSockets.js 20.30.0', module: `uws-js-unofficial/binaries/uws_${abi}.node` },
];

/**
 * Loads the first build that this machine can run, or the one that `CCPROXY_ENGINE` asks for (`20.57`, `20.30`, `js`).
 * @throws Error that says what to do when none loads
 */
export function loadEngine(wanted: string | undefined = process.env['CCPROXY_ENGINE']): Engine {
  if (wanted === 'js') return jsEngine();
  const builds = NATIVE_BUILDS.filter((build) => !wanted || build.name.includes(` ${wanted}`));
  if (builds.length === 0) throw new Error(`CCPROXY_ENGINE=${wanted}: expected 20.57, 20.30 or js`);
  const failures: string[] = [];
  for (const build of builds) {
    try {
      return nativeEngine(build);
    } catch (error) {
      failures.push(`  ${build.name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  throw new Error(
    [
      'No uWebSockets.js build loads on this machine:',
      ...failures,
      `This is Node ${process.versions.node} on ${process.platform}-${process.arch}. One of these helps:`,
      '  - Node 20, where the older build runs with any current glibc',
      '  - a system with glibc 2.38 or newer (Debian 13, Ubuntu 24.04), where Node 20, 22 and 24 are served',
      '  - npm i uWebSockets.js@uNetworking/uWebSockets.js#v20.57.0',
      '  - CCPROXY_ENGINE=js for the slow engine in plain JavaScript',
    ].join('\n'),
  );
}

function nativeEngine(build: NativeBuild): Engine {
  // Which one is decided here and now: there is no static import.
  const uws = createRequire(__filename)(build.module) as UwsModule;
  return {
    name: build.name,
    createApp: () => uws.App(),
    closeListenSocket: (socket) => uws.us_listen_socket_close(socket),
    localPort: (socket) => uws.us_socket_local_port(socket),
  };
}

function jsEngine(): Engine {
  return {
    name: 'node:http',
    createApp: () => new JsApp(),
    closeListenSocket: JsApp.closeListenSocket,
    localPort: JsApp.localPort,
  };
}
