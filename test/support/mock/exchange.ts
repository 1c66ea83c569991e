/** What a scenario or a test's own handler works with. */
import type { ScenarioParams } from './params';
import type { MockReply } from './reply';
import type { MockRequest } from './request';

/** Reads the body so many bytes at a time, with pauses. */
export interface Pace {
  bytesPerRead: number;
  pauseMs: number;
}

export interface Exchange {
  request: MockRequest;
  reply: MockReply;
  params: ScenarioParams;
  /** Reads the request's body. The first call decides how; each gives the whole body. */
  receive: (pace?: Pace) => Promise<Buffer>;
}

export interface Scenario {
  /** Whether the body is read before `run`, or by it. */
  reads: 'before' | 'itself';
  /** Answers. May throw `ClientGone` as it comes. */
  run: (exchange: Exchange) => Promise<void>;
}

/** An ordinary scenario: the body is there when it runs. */
export function afterBody(run: Scenario['run']): Scenario {
  return { reads: 'before', run };
}
