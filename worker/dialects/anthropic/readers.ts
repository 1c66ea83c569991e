/** An Anthropic provider's answers for clients of another dialect; its own get them as they are. */
import type { ProviderDialect } from '../dialect';
import { readError } from './errors';
import { MessageDocumentReader } from './read-document';
import { MessageStreamReader } from './read-stream';

export const anthropicReaders: Pick<ProviderDialect, 'readStream' | 'readDocument' | 'readError'> = {
  readStream: (sink) => new MessageStreamReader(sink),
  readDocument: (sink) => new MessageDocumentReader(sink),
  readError,
};
