/** Tools and the choice among them, of a Chat Completions request → those of a Messages request. */
import { BadDocument, type JsonView } from '../../json/view';
import { quoted, requiredText, type Write } from './from-content';

export interface ToolPlan {
  tools: Write[];
  /** JSON text of `tool_choice`, or null for the default. */
  choice: string | null;
  /** The choice makes the model call a tool. */
  forced: boolean;
}

interface Choice {
  type: 'auto' | 'any' | 'none' | 'tool';
  name?: string;
  /** Only these are offered. */
  allowed?: ReadonlySet<string>;
}

const NO_TOOLS: ToolPlan = { tools: [], choice: null, forced: false };

/** `tools` and `tool_choice`, or their predecessors `functions` and `function_call`. */
export function readTools(request: JsonView, warn: (message: string) => void): ToolPlan {
  const choice = readChoice(request);
  const functions = [...readFunctions(request, warn)].filter(({ name }) => choice?.allowed?.has(name) ?? true);
  if (functions.length === 0) return NO_TOOLS;
  const single = request.get('parallel_tool_calls')?.raw() === 'false';
  const { type, name } = choice ?? { type: 'auto' };
  const written =
    choice === null && !single
      ? null
      : JSON.stringify({ type, name, disable_parallel_tool_use: single && type !== 'none' ? true : undefined });
  return { tools: functions.map(({ write }) => write), choice: written, forced: type === 'any' || type === 'tool' };
}

function* readFunctions(request: JsonView, warn: (message: string) => void): Generator<{ name: string; write: Write }> {
  for (const name of ['tools', 'functions']) {
    const list = request.get(name);
    if (list !== undefined && list.kind !== 'array') throw new BadDocument(`${name}: Input should be an array`);
    for (const [i, item] of (list?.items() ?? []).entries()) {
      const path = `${name}.${i}`;
      if (item.kind !== 'object') throw new BadDocument(`${path}: Input should be an object`);
      if (name === 'functions') {
        yield readFunction(item, path);
        continue;
      }
      const type = requiredText(item, 'type', path).text() ?? '';
      if (type === 'function') yield readFunction(item.get('function'), `${path}.function`);
      else warn(`${path}: tools of type ${quoted(type)} are left out`);
    }
  }
}

/** `strict` is left out: what it promises, OpenAI's way of decoding, the provider does not have. */
function readFunction(definition: JsonView | undefined, path: string): { name: string; write: Write } {
  const name = requiredText(definition, 'name', path);
  const description = definition?.get('description');
  const schema = readSchema(definition?.get('parameters'), `${path}.parameters`);
  return {
    name: name.text() ?? '',
    write: (out) => {
      out.add('{"name":').raw(name);
      if (description?.kind === 'string') out.add(',"description":').raw(description);
      schema(out.add(',"input_schema":'));
      out.add('}');
    },
  };
}

/** Anthropic wants a `type`, where OpenAI takes none for an object. */
function readSchema(schema: JsonView | undefined, path: string): Write {
  if (schema === undefined || (schema.kind === 'object' && schema.members().size === 0)) {
    return (out) => out.add('{"type":"object","properties":{}}');
  }
  if (schema.kind !== 'object') throw new BadDocument(`${path}: Input should be a JSON schema: an object`);
  if (schema.members().has('type')) return (out) => out.raw(schema);
  return (out) => out.add('{"type":"object",').inner(schema).add('}');
}

function readChoice(request: JsonView): Choice | null {
  const choice = request.get('tool_choice');
  if (choice !== undefined) return choice.kind === 'string' ? readMode(choice, 'tool_choice') : readNamed(choice);
  const legacy = request.get('function_call');
  if (legacy === undefined) return null;
  if (legacy.kind === 'string') return readMode(legacy, 'function_call');
  return { type: 'tool', name: requiredText(legacy, 'name', 'function_call').text() ?? '' };
}

function readNamed(choice: JsonView): Choice {
  if (choice.kind !== 'object') throw new BadDocument('tool_choice: Input should be a string or an object');
  const type = choice.textOf('type') ?? 'function';
  if (type === 'function') {
    const name = requiredText(choice.get('function'), 'name', 'tool_choice.function');
    return { type: 'tool', name: name.text() ?? '' };
  }
  const allowed = choice.get('allowed_tools');
  if (type !== 'allowed_tools' || allowed === undefined) {
    throw new BadDocument(`tool_choice.type: a choice of type ${quoted(type)} is not supported`);
  }
  const mode = readMode(requiredText(allowed, 'mode', 'tool_choice.allowed_tools'), 'tool_choice.allowed_tools.mode');
  const names = (allowed.get('tools')?.items() ?? []).map((tool) => tool.get('function')?.textOf('name') ?? '');
  return { ...mode, allowed: new Set(names) };
}

function readMode(mode: JsonView, path: string): Choice {
  switch (mode.text()) {
    case 'auto':
      return { type: 'auto' };
    case 'required':
      return { type: 'any' };
    case 'none':
      return { type: 'none' };
    default:
      throw new BadDocument(`${path}: Input should be 'auto', 'required' or 'none'`);
  }
}
