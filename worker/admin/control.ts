/** What an operator can tell the running service to do, through any worker. */
import { MAX_WORKERS } from '../../shared/limits';
import type { ControlCommand, ControlOutcome } from '../../shared/protocol';
import { adminError, jsonReply, NO_STORE, type Reply, UNAUTHORISED } from '../http/reply';

/** Who carries commands to the supervisor. */
export interface Controller {
  control(command: ControlCommand): Promise<ControlOutcome>;
}

export class ControlPages {
  readonly #controller: Controller;

  constructor(controller: Controller) {
    this.#controller = controller;
  }

  /** `POST /-/reload`: answers when the reload is over. */
  async reload(allowed: boolean): Promise<Reply> {
    if (!allowed) return UNAUTHORISED;
    const outcome = await this.#controller.control({ name: 'reload' });
    return outcome.ok ? done({ generation: outcome.generation }) : failed(outcome.reason);
  }

  /** `POST /-/scale?workers=N`: answers when N workers are ready. */
  async scale(allowed: boolean, query: string): Promise<Reply> {
    if (!allowed) return UNAUTHORISED;
    const text = new URLSearchParams(query).get('workers') ?? '';
    const workers = /^\d{1,4}$/.test(text) ? Number(text) : 0;
    if (workers < 1 || workers > MAX_WORKERS) {
      const message = `workers: expected a whole number from 1 to ${MAX_WORKERS}, as in /-/scale?workers=4`;
      return adminError({ type: 'invalid_request_error', message });
    }
    const outcome = await this.#controller.control({ name: 'scale', workers });
    return outcome.ok ? done({ workers: outcome.workers }) : failed(outcome.reason);
  }
}

function done(figures: Record<string, number>): Reply {
  return jsonReply(200, JSON.stringify({ result: 'success', ...figures }), NO_STORE);
}

function failed(reason: string): Reply {
  return adminError({ type: 'operation_failed_error', message: reason });
}
