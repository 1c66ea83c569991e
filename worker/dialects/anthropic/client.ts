/** The Messages API towards clients. */
import { apiErrorBody, ERROR_STATUS } from '../../../shared/errors';
import type { ClientDialect } from '../dialect';
import { MessageWriter } from './message-writer';
import { MessageStreamWriter } from './stream-writer';
import { errorEvent } from './wire';

export const anthropicClient: ClientDialect = {
  writeStream: (context) => new MessageStreamWriter(context),
  writeDocument: (context) => new MessageWriter(context),
  statusOf: (error, providerStatus) => {
    if (error.type === 'overloaded_error') return 529;
    if (error.type === 'api_error') return Math.max(providerStatus, 500);
    return ERROR_STATUS[error.type];
  },
  errorBody: apiErrorBody,
  streamError: errorEvent,
  ping: 'event: ping\ndata: {"type": "ping"}\n\n',
};
