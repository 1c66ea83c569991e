/** The world of the agent: what its tools are and do, whatever SDK it speaks through, and what it remembers. */
import { createHash } from 'node:crypto';
import { AGENT_TOOLS, type AgentTool, HARD_TEXT } from './agent-script';

export interface ToolOutcome {
  text: string;
  isError: boolean;
  /** Base64 of a PNG. */
  image?: string;
}

/** One thing that happened, without ids: equal in every dialect. */
export type AgentEvent =
  | { says: string }
  | { calls: string; input: unknown }
  | { got: string; text: string; isError: boolean; images: number };

export interface AgentState {
  events: AgentEvent[];
  /** The model's last words. */
  final: string;
  /** Of each answer, in Anthropic's or OpenAI's or Gemini's own words. */
  stops: string[];
  /** Thoughts that the client was told. */
  thinking: string[];
}

/** The same three ways to ask for an answer. */
export interface AgentOptions {
  /** Or which one each time that it is asked. */
  model: string | (() => string);
  stream: boolean;
  /** The agent keeps images to itself where its provider takes none. Default: it sends them. */
  withoutImages?: boolean;
}

export function modelNow({ model }: AgentOptions): string {
  return typeof model === 'string' ? model : model();
}

/** More answers than the script has turns: something goes in circles. */
export const MAX_TURNS = 10;
export const TASK = 'Look around and tell me. Grüße, 東京 🙂';
export const SYSTEM = 'You are an agent — be brief.';

/** What happened, apart from what the model says of the images it saw: not every model sees. */
export function withoutSight(state: AgentState | undefined): AgentEvent[] {
  const last = { says: state?.final.replace(/; [^;]*$/, '') ?? '' };
  return [...(state?.events.slice(0, -1) ?? []), last];
}

/** 1×1, transparent. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** Does the tool's work; a test is right only when the arguments came through to the last character. */
export function runTool(name: string, input: unknown): ToolOutcome {
  const args = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {}; // An object.
  const ok = (text: string): ToolOutcome => ({ text, isError: false });
  switch (
    name as AgentTool // Others come to the end.
  ) {
    case 'read_file':
      return ok(`⟦notes of ${args['path']}⟧ and more`);
    case 'grep':
      return ok(`⟦${JSON.stringify(args['pattern'])} 2 matches⟧\n⟦${JSON.stringify(args['flags'])}⟧`);
    case 'list_dir':
      return ok('⟦a.txt⟧\n⟦b "quoted".txt⟧');
    case 'run':
      return { text: `make: *** ⟦Error 2 after ${args['timeout']}⟧`, isError: true };
    case 'screenshot':
      return { text: '⟦1x1⟧', isError: false, image: PNG };
    case 'write_file': {
      const hash = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 8);
      return ok(`⟦${args['content'] === HARD_TEXT ? 'written as told' : 'written wrong'} ${hash}⟧`);
    }
  }
  return { text: `no tool ${name}`, isError: true };
}

/** Schemas as agents have them, with members that not every provider takes. */
export function toolSchema(tool: AgentTool): { type: 'object'; [more: string]: unknown } {
  const text = { type: 'string' };
  const properties: Record<AgentTool, Record<string, unknown>> = {
    read_file: { path: { ...text, description: 'Where “it” is', minLength: 1 } },
    grep: {
      pattern: text,
      flags: { type: 'array', items: { type: 'string', enum: ['-i', '-n'] }, uniqueItems: true },
    },
    list_dir: {},
    run: { command: text, timeout: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }] } },
    screenshot: {},
    write_file: { path: text, content: text, options: { type: 'object', additionalProperties: true } },
  };
  const [first] = Object.keys(properties[tool]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: properties[tool],
    ...(first === undefined ? {} : { required: [first] }),
    additionalProperties: false,
  };
}

export const TOOL_LIST = AGENT_TOOLS.map((name) => ({ name, description: `Does ${name}`, schema: toolSchema(name) }));
