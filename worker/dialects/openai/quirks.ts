/**
 * How the services that speak OpenAI's Chat Completions differ, as data. What a service does is looked up here and in
 * `quirk-table.ts` only: no other file knows the name of one.
 */
import type { Provider } from '../../../shared/config/config';
import { COMMON, SERVICES, type Service, UNKNOWN } from './quirk-table';

/** From least to most; `none` is no thinking at all. */
export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof EFFORTS)[number];

export interface Quirks {
  /** The member that limits the answer. */
  outputLimit: 'max_tokens' | 'max_completion_tokens';
  /** `stream_options.include_usage` is accepted; where it is not, streams tell their usage anyway. */
  streamUsage: boolean;
  /**
   * How thinking is asked for: `reasoning_effort`; `reasoning: {effort | max_tokens}`; or `thinking: {type}` together
   * with `reasoning_effort`.
   */
  thinking: 'reasoning_effort' | 'reasoning' | 'thinking';
  /** The efforts that may be asked for. With none the request says nothing of thinking (except by `thinking.type`). */
  efforts: readonly Effort[];
  /** What to say of effort where tools are offered: the same; nothing, or `none`, since the service refuses both at once. */
  effortWithTools: 'same' | 'nothing' | 'none';
  /** A tool may not be demanded (`required`, or by name) while the model thinks. */
  thinkingRefusesForcedTools: boolean;
  /** How an assistant's earlier thinking goes back; null: not at all. */
  earlierThinking: 'reasoning_content' | 'reasoning' | 'reasoning_details' | null;
  /** What a tool call's id may be. */
  toolIds: 'up to 40 characters' | '9 letters or digits';
  parallelToolCalls: boolean;
  /** `temperature` and `top_p` are accepted. */
  sampling: boolean;
  topK: boolean;
  user: boolean;
  /** The most stop sequences; 0: the model takes none. */
  maxStops: number;
  /** `response_format` by a JSON Schema, or only "some JSON object" (the schema then goes into the system prompt). */
  structured: 'json_schema' | 'json_object';
  images: boolean;
  /** The content part that a PDF becomes; null: none are taken. */
  pdf: 'file' | 'document_url' | null;
  /** A PDF may be given by its URL. */
  pdfByUrl: boolean;
  /** A system message may stand anywhere; else, in the middle, it becomes a user message. */
  systemAnywhere: boolean;
  /** A user message may follow a tool message; else an assistant message must stand between. */
  userAfterTool: boolean;
  /** An assistant message at the end, which the answer continues, must say `"prefix":true`. */
  markedPrefill: boolean;
  /** The content of an assistant message that has calls and no text, as JSON. */
  noContent: 'null' | '""';
  /** Further members of the request, as JSON: `"name":value`. */
  members: readonly string[];
}

const services = new WeakMap<Provider, Service>();

/** What is known of a provider's service, found by its host or else by its name, and of the model there. */
export function quirksOf(provider: Provider, model: string): Quirks {
  let service = services.get(provider);
  if (service === undefined) {
    service = serviceOf(provider);
    services.set(provider, service);
  }
  const name = model.toLowerCase();
  return { ...COMMON, ...service.quirks, ...service.models.find(({ match }) => match.test(name))?.quirks };
}

/** The host comes first: a provider is also called `openai` because it speaks like OpenAI. */
function serviceOf({ name, baseUrl }: Provider): Service {
  const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
  const isAt = ({ hosts }: Service) => hosts.some((known) => host === known || host.endsWith(`.${known}`));
  return SERVICES.find(isAt) ?? SERVICES.find((service) => service.name === name) ?? UNKNOWN;
}
