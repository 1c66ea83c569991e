/** One place for a worker, and what is told of who fills it. */
import type { RestartReason } from '../shared/metrics';
import type { WorkerView } from './status-board';
import type { Settings, WorkerExit, WorkerHandle } from './worker-handle';

/** It outlives the processes that fill it. */
export interface Slot {
  readonly number: number;
  /** What its next worker runs with. */
  settings: Settings;
  worker: WorkerHandle | null;
  /** Boots to take the worker's place. */
  incoming: Incoming | null;
  restarts: number;
  lastExit: WorkerExit | null;
  failuresInRow: number;
  timer: NodeJS.Timeout | null;
}

export interface Incoming {
  handle: WorkerHandle;
  reason: RestartReason;
  resolve: () => void;
  reject: (error: Error) => void;
}

export function newSlot(number: number, settings: Settings): Slot {
  const nobody = { worker: null, incoming: null, timer: null };
  return { number, settings, ...nobody, restarts: 0, lastExit: null, failuresInRow: 0 };
}

export function cancelFork(slot: Slot): void {
  if (slot.timer !== null) clearTimeout(slot.timer);
  slot.timer = null;
}

export function workerView(slot: Slot, worker: WorkerHandle, nowMs: number): WorkerView {
  const { beat } = worker;
  return {
    slot: slot.number,
    pid: worker.pid,
    generation: worker.settings.generation,
    state: worker.state,
    startedAt: worker.startedAt,
    lastHeartbeatAgeMs: nowMs - worker.lastBeatMs,
    inFlight: beat?.inFlight ?? 0,
    connections: beat?.connections ?? 0,
    rssBytes: beat?.rssBytes ?? 0,
    eventLoopLagMs: beat?.eventLoopLagMs ?? 0,
    restarts: slot.restarts,
    lastExit: slot.lastExit,
  };
}
