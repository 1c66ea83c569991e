/**
 * What a conversation loses or changes on its way to a provider of another dialect: the list in docs/translation.md, and
 * what each entry does. Whatever is not here must come through as it is (test/unit/round-trip.test.ts).
 */
import type { RandomRequest } from './conversations';
import * as both from './losses-both';
import * as gemini from './losses-gemini';
import * as openai from './losses-openai';
import type { Conversation } from './messages-request';

/** @returns the conversation as it comes out of what this entry is about */
export type Change = (conversation: Conversation, random: RandomRequest) => Conversation;

interface Fate {
  /** As the documentation says it. */
  says: string;
  change: Change;
}

export interface Loss {
  what: string;
  /** Null: it comes through. */
  openai: Fate | null;
  gemini: Fate | null;
}

/** In the order in which they are applied. */
export const LOSSES: readonly Loss[] = [
  {
    what: 'earlier thinking',
    openai: {
      says: 'left out, except for services that want it back ([below](#thinking)); a turn of nothing else vanishes',
      change: openai.dropThinking,
    },
    gemini: {
      says: "left out; a signature of Gemini's own goes back with the text right behind it; a turn of nothing else vanishes",
      change: gemini.signTexts,
    },
  },
  {
    what: '`cache_control`',
    openai: { says: 'left out', change: both.dropCacheControl },
    gemini: { says: 'left out', change: both.dropCacheControl },
  },
  {
    what: '`citations`, of texts and of documents',
    openai: { says: 'left out', change: both.dropCitations },
    gemini: { says: 'left out', change: both.dropCitations },
  },
  {
    what: "Claude Code's billing line in `system`",
    openai: {
      says: 'left out: it changes with every request and would spoil prompt caches',
      change: both.dropBillingLine,
    },
    gemini: {
      says: 'left out: it changes with every request and would spoil prompt caches',
      change: both.dropBillingLine,
    },
  },
  {
    what: 'blocks of server tools (`server_tool_use`, `web_search_tool_result`, …)',
    openai: { says: 'left out, with a warning in the log', change: both.dropServerBlocks },
    gemini: { says: 'left out, with a warning in the log', change: both.dropServerBlocks },
  },
  {
    what: '`defer_loading` of a tool',
    openai: {
      says: 'offered once a `tool_reference`, a call or `tool_choice` names it, or where a `tool_search_*` tool is left out; not before',
      change: both.loadDeferredTools,
    },
    gemini: {
      says: 'offered once a `tool_reference`, a call or `tool_choice` names it, or where a `tool_search_*` tool is left out; not before',
      change: both.loadDeferredTools,
    },
  },
  {
    what: 'server tools, and a `tool_choice` that names one',
    openai: { says: 'left out, with a warning in the log', change: openai.dropServerTools },
    gemini: {
      says: "left out, with a warning in the log; only `web_search_*` without other tools becomes Google's search",
      change: gemini.dropServerTools,
    },
  },
  {
    what: '`strict` and `input_examples` of a tool',
    openai: { says: 'left out', change: both.dropToolExtras },
    gemini: { says: 'left out', change: both.dropToolExtras },
  },
  {
    what: 'documents of texts and images, `title` and `context` of all documents',
    openai: {
      says: "become texts and images; a PDF's title is its `filename`, without one `document.pdf`",
      change: openai.unfoldDocuments,
    },
    gemini: { says: 'become texts and images; a title begins with `Document: `', change: gemini.unfoldDocuments },
  },
  {
    what: '`search_result` blocks',
    openai: { says: 'become texts: title, source, contents', change: both.unfoldSearchResults },
    gemini: { says: 'become texts: title, source, contents', change: both.unfoldSearchResults },
  },
  {
    what: '`tool_reference` blocks',
    openai: { says: 'become a text that names the tool', change: openai.unfoldReferences },
    gemini: { says: 'become a text that names the tool', change: gemini.unfoldReferences },
  },
  {
    what: 'ids of tool calls',
    openai: {
      says: 'carried up to 40 characters (Mistral: 9 letters or digits), longer ones become a digest',
      change: openai.shortenIds,
    },
    gemini: { says: "only Gemini's own go back; other calls are told by their order", change: gemini.dropIds },
  },
  {
    what: "several texts in a tool's result",
    openai: { says: 'one text, blank lines between', change: openai.joinResultTexts },
    gemini: { says: 'one text, line ends between', change: gemini.joinResultTexts },
  },
  {
    what: "images and PDFs in a tool's result",
    openai: {
      says: 'move to the user message behind the results, with a text that names the call',
      change: openai.moveMedia,
    },
    gemini: {
      says: 'stay where they are Base64 and the model is Gemini 3 or later, else move behind the results',
      change: gemini.moveMedia,
    },
  },
  {
    what: "a tool's result without text",
    openai: { says: 'says `(no output)` or `(see the next user message)`', change: openai.fillResults },
    gemini: null,
  },
  {
    what: '`is_error` of a result',
    openai: { says: 'the text begins with `Error: `', change: openai.sayErrors },
    gemini: null,
  },
  {
    what: 'order of the results of parallel calls',
    openai: null,
    gemini: { says: 'that of the calls', change: gemini.sortResults },
  },
  {
    what: 'texts that follow each other in a message or in `system`',
    openai: { says: 'one text, blank lines between, except beside images', change: openai.joinTexts },
    gemini: null,
  },
  {
    what: 'order of texts and calls in an assistant message',
    openai: { says: 'all texts come before the calls', change: openai.textsFirst },
    gemini: null,
  },
  {
    what: 'system messages in the middle',
    openai: {
      says: 'carried (Mistral: become user messages); towards Anthropic and Gemini those of a chat request all go to `system`',
      change: openai.hoistSystem,
    },
    gemini: { says: "become the user's text, between `<system>` and `</system>`", change: gemini.markSystem },
  },
  {
    what: 'a conversation that begins with the assistant',
    openai: null,
    gemini: { says: 'the user says `(continued)` before', change: gemini.beginWithUser },
  },
  {
    what: '`disable_parallel_tool_use`',
    openai: null,
    gemini: { says: 'left out, with a warning in the log', change: gemini.dropDisableParallel },
  },
  {
    what: 'JSON Schema keywords',
    openai: null,
    gemini: {
      says: 'those that Google does not name for `parametersJsonSchema` are left out or said in those that it names; a tool without arguments has no schema',
      change: gemini.cleanSchemas,
    },
  },
  {
    what: 'thinking and effort that the request asks for',
    openai: {
      says: 'become an effort that the model takes; left out where it takes none',
      change: openai.dropThinkingWish,
    },
    gemini: {
      says: "become a level (Gemini 3 and later) or a budget within the model's bounds",
      change: gemini.levelThinking,
    },
  },
  {
    what: '`top_k`',
    openai: { says: 'left out (but for OpenRouter)', change: openai.dropTopK },
    gemini: null,
  },
  {
    what: '`stop_sequences`',
    openai: {
      says: 'the first 4 (DeepSeek: 16; models that think at OpenAI and xAI: none)',
      change: openai.limitStops,
    },
    gemini: { says: 'the first 5', change: gemini.limitStops },
  },
  {
    what: '`metadata.user_id`',
    openai: {
      says: 'becomes `user` where the service has it; over 64 characters a digest',
      change: openai.shortenUser,
    },
    gemini: { says: 'left out', change: gemini.dropMetadata },
  },
  {
    what: '`service_tier`, `container`, `context_management`, `mcp_servers`, all other members',
    openai: { says: 'left out', change: both.dropMembers },
    gemini: { says: 'left out', change: both.dropMembers },
  },
];
