/**
 * The services by name and host, and the models there that differ from the others. Where a source is not named, it is
 * the service's own API reference; behaviour that references leave out comes from its error messages.
 */
import type { Effort, Quirks } from './quirks';

/** The first rule whose expression fits the model's name (lower case) counts. */
interface ModelRule {
  match: RegExp;
  quirks: Partial<Quirks>;
}

export interface Service {
  /** Of the preset. */
  name: string;
  /** With their subdomains. */
  hosts: readonly string[];
  quirks: Partial<Quirks>;
  models: readonly ModelRule[];
}

/** What most services do that say they are compatible; what not all take is left out. */
export const COMMON: Quirks = {
  outputLimit: 'max_tokens',
  streamUsage: true,
  thinking: 'reasoning_effort',
  efforts: [],
  effortWithTools: 'same',
  thinkingRefusesForcedTools: false,
  earlierThinking: null,
  toolIds: 'up to 40 characters',
  parallelToolCalls: true,
  sampling: true,
  topK: false,
  user: true,
  maxStops: 4,
  structured: 'json_schema',
  images: true,
  pdf: null,
  pdfByUrl: false,
  systemAnywhere: true,
  userAfterTool: true,
  markedPrefill: false,
  noContent: 'null',
  members: [],
};

const THREE: readonly Effort[] = ['low', 'medium', 'high'];
const FOUR: readonly Effort[] = ['none', ...THREE];
const FIVE: readonly Effort[] = [...FOUR, 'xhigh'];

/** OpenAI's reasoning models: no sampling, no stop sequences (`Unsupported parameter: 'stop' …`), one name for the limit. */
const REASONS: Partial<Quirks> = { outputLimit: 'max_completion_tokens', sampling: false, maxStops: 0 };

/** Efforts by model: https://platform.openai.com/docs/guides/reasoning and the pages of the models. */
const OPENAI_MODELS: readonly ModelRule[] = [
  { match: /(^|\/)gpt-5[\d.]*-chat/, quirks: { ...REASONS } },
  { match: /(^|\/)gpt-5-pro/, quirks: { ...REASONS, efforts: ['high'] } },
  { match: /(^|\/)gpt-5(?![.\d])/, quirks: { ...REASONS, efforts: ['minimal', ...THREE] } },
  { match: /(^|\/)gpt-5\.1(?!\d)/, quirks: { ...REASONS, efforts: FOUR } },
  { match: /(^|\/)gpt-5\.[4-9]\d*-pro/, quirks: { ...REASONS, efforts: ['medium', 'high', 'xhigh'] } },
  // "Function tools with reasoning_effort are not supported for … in /v1/chat/completions": from 5.6 on even without
  // the member, since a default effort is applied.
  { match: /(^|\/)gpt-5\.[2-5](?!\d)/, quirks: { ...REASONS, efforts: FIVE, effortWithTools: 'nothing' } },
  { match: /(^|\/)gpt-(5\.\d|[6-9])/, quirks: { ...REASONS, efforts: FIVE, effortWithTools: 'none' } },
  { match: /(^|\/)o[1-9]\d*(-|$)/, quirks: { ...REASONS, efforts: THREE, parallelToolCalls: false } },
];

/** `Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9`: wherever Mistral's own tokenizer serves. */
const MISTRAL_MODELS: readonly ModelRule[] = [
  { match: /(mis|minis|magis|devs|codes)tral|mixtral|pixtral/, quirks: { toolIds: '9 letters or digits' } },
];

const GPT_OSS: ModelRule = { match: /gpt-oss/, quirks: { efforts: THREE } };

export const UNKNOWN: Service = {
  name: '',
  hosts: [],
  quirks: {},
  models: [...OPENAI_MODELS, ...MISTRAL_MODELS, GPT_OSS],
};

export const SERVICES: readonly Service[] = [
  {
    name: 'openai',
    hosts: ['api.openai.com', 'openai.azure.com', 'services.ai.azure.com', 'cognitiveservices.azure.com'],
    quirks: { pdf: 'file' },
    models: OPENAI_MODELS,
  },
  {
    name: 'deepseek',
    hosts: ['api.deepseek.com'],
    // https://api-docs.deepseek.com/guides/thinking_mode: other efforts are taken as the nearest of its own; turns with
    // tool calls must bring their reasoning_content. https://api-docs.deepseek.com/guides/json_mode
    quirks: {
      thinking: 'thinking',
      efforts: [...THREE, 'xhigh', 'max'],
      thinkingRefusesForcedTools: true,
      earlierThinking: 'reasoning_content',
      parallelToolCalls: false,
      user: false,
      maxStops: 16,
      structured: 'json_object',
      images: false,
    },
    models: [],
  },
  {
    name: 'openrouter',
    hosts: ['openrouter.ai'],
    // https://openrouter.ai/docs/use-cases/reasoning-tokens; a model that cannot think ignores what is asked of it.
    quirks: {
      thinking: 'reasoning',
      efforts: ['minimal', ...THREE, 'xhigh'],
      earlierThinking: 'reasoning_details',
      topK: true,
      pdf: 'file',
      pdfByUrl: true,
    },
    models: MISTRAL_MODELS,
  },
  {
    name: 'groq',
    hosts: ['api.groq.com'],
    // A member that it does not know is an error (`property 'reasoning_content' is unsupported`).
    quirks: { outputLimit: 'max_completion_tokens', structured: 'json_object' },
    models: [
      { match: /gpt-oss/, quirks: { efforts: THREE, structured: 'json_schema' } },
      // Thinking is on unless it is refused; its text is else a part of the content. https://console.groq.com/docs/reasoning
      { match: /qwen3|qwen-3/, quirks: { efforts: ['none'], members: ['"reasoning_format":"parsed"'] } },
      { match: /kimi|llama-4/, quirks: { structured: 'json_schema' } },
    ],
  },
  {
    name: 'mistral',
    hosts: ['api.mistral.ai'],
    // A member that it does not know is an error (`extra_forbidden`), also in stream_options and in messages; the order
    // of roles is checked (`Unexpected role 'user' after role 'tool'`).
    quirks: {
      streamUsage: false,
      toolIds: '9 letters or digits',
      user: false,
      pdf: 'document_url',
      pdfByUrl: true,
      systemAnywhere: false,
      userAfterTool: false,
      markedPrefill: true,
      noContent: '""',
    },
    // https://docs.mistral.ai/capabilities/reasoning; the others refuse the member.
    models: [{ match: /^mistral-(small|medium)-(latest|26|3[.-]5)/, quirks: { efforts: ['none', 'high'] } }],
  },
  {
    name: 'xai',
    hosts: ['api.x.ai'],
    // `Each message must have at least one content element`; models that always think refuse `stop`.
    quirks: { noContent: '""' },
    models: [
      { match: /non-reasoning/, quirks: {} },
      { match: /^grok-3-mini/, quirks: { efforts: ['low', 'high'], maxStops: 0 } },
      { match: /^grok-4\.3/, quirks: { efforts: FOUR, maxStops: 0 } },
      { match: /^grok-(4\.[4-9]|[5-9])/, quirks: { efforts: THREE, maxStops: 0 } },
      { match: /^grok-(4|code|build)/, quirks: { maxStops: 0 } },
    ],
  },
  {
    name: 'ollama',
    hosts: ['ollama.com'],
    // Thinking is on where a model has it; only gpt-oss has efforts (`think value "medium" is not supported …`).
    quirks: { efforts: ['none'], earlierThinking: 'reasoning', parallelToolCalls: false, user: false },
    models: [GPT_OSS],
  },
  {
    name: 'moonshot',
    hosts: ['api.moonshot.ai', 'api.moonshot.cn'],
    quirks: { earlierThinking: 'reasoning_content', structured: 'json_object' },
    models: [],
  },
  {
    name: 'zai',
    hosts: ['api.z.ai', 'open.bigmodel.cn'],
    quirks: { thinking: 'thinking', earlierThinking: 'reasoning_content', user: false, structured: 'json_object' },
    models: [],
  },
];
