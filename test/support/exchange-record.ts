/** A record of a request that went well, as an exchange leaves it behind. */
import type { ExchangeRecord } from '../../worker/gateway/exchange-record';

export function exchangeRecord(more: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId: 'req_0001',
    hasOwnId: false,
    method: 'POST',
    path: '/v1/messages',
    client: '127.0.0.1',
    sessionId: '',
    model: 'claude-x',
    route: 'default',
    provider: 'mock',
    status: 200,
    failure: '',
    isClientsFault: false,
    abortedIn: null,
    refused: null,
    startedAt: 1000,
    sentAt: 1001,
    headAt: 1012.34,
    firstTokenAt: 1013,
    endedAt: 1100.06,
    overheadMs: 1,
    streamBytes: 10,
    usage: { input: 5, output: 7, cacheRead: 0, cacheCreation: 0 },
    ...more,
  };
}
