/** The worker's end of the wire to the supervisor. */
import {
  asSupervisorMessage,
  PROTOCOL_VERSION,
  type SupervisorMessage,
  type WorkerIdentity,
  type WorkerMessage,
} from '../shared/protocol';

/** A message without what every message has. */
type Unsigned<M> = M extends WorkerMessage ? Omit<M, 'protocol' | 'identity'> : never;

export class SupervisorLink {
  #identity: WorkerIdentity = { slot: 0, incarnation: 0 };

  /** @param onLost the supervisor is gone: there is nobody to serve for */
  constructor(onMessage: (message: SupervisorMessage) => void, onLost: () => void) {
    process.on('message', (raw) => {
      const message = asSupervisorMessage(raw);
      if (message?.type === 'configure') this.#identity = message.identity;
      if (message !== null) onMessage(message);
    });
    process.on('disconnect', onLost);
  }

  send(message: Unsigned<WorkerMessage>): void {
    if (process.connected) process.send?.({ ...message, protocol: PROTOCOL_VERSION, identity: this.#identity });
  }

  /** Sends a last message and calls back when it is written, or cannot be. */
  sendLast(message: Unsigned<WorkerMessage>, done: () => void): void {
    if (!process.connected || process.send === undefined) {
      done();
      return;
    }
    process.send({ ...message, protocol: PROTOCOL_VERSION, identity: this.#identity }, undefined, undefined, done);
  }
}
