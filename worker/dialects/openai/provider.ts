import type { ProviderDialect } from '../dialect';
import { readError } from './errors';
import { readDocument } from './read-document';
import { readStream } from './read-stream';
import { translateRequest } from './to-request';

/** OpenAI's Chat Completions, towards providers. */
export const openAiProvider: ProviderDialect = { translateRequest, readStream, readDocument, readError };
