/** The same agent on three SDKs: asks, runs the tools that are called, and asks again until there is nothing to run. */
import type Anthropic from '@anthropic-ai/sdk';
import type { Content, FunctionCall, GoogleGenAI, Part } from '@google/genai';
import type OpenAI from 'openai';
import {
  type AgentOptions,
  type AgentState,
  MAX_TURNS,
  modelNow,
  runTool,
  SYSTEM,
  TASK,
  TOOL_LIST,
  type ToolOutcome,
} from './agent-tools';

/** What an answer was, apart from its wire. */
interface Said {
  text: string;
  thinking: string;
  stop: string;
  calls: { name: string; input: unknown }[];
}

/** On `@anthropic-ai/sdk`: whatever it is told goes back as it came, thinking above all. */
export async function anthropicAgent(client: Anthropic, options: AgentOptions): Promise<AgentState> {
  const state = newState();
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: TASK }];
  const tools = TOOL_LIST.map(({ name, description, schema }) => ({ name, description, input_schema: schema }));
  for (let i = 0; i < MAX_TURNS; i++) {
    const params = { model: modelNow(options), max_tokens: 4000, system: SYSTEM, messages, tools };
    const message = options.stream
      ? await client.messages.stream(params).finalMessage()
      : await client.messages.create(params);
    const { content } = message;
    const uses = content.filter((block) => block.type === 'tool_use');
    const outcomes = note(state, {
      text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
      thinking: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
      stop: String(message.stop_reason),
      calls: uses.map(({ name, input }) => ({ name, input })),
    });
    if (uses.length === 0) return state;
    messages.push(
      { role: 'assistant', content },
      { role: 'user', content: outcomes.map((one, j) => anthropicResult(uses[j]?.id ?? '', one)) },
    );
  }
  throw new Error('the agent goes in circles');
}

function anthropicResult(id: string, { text, isError, image }: ToolOutcome): Anthropic.ToolResultBlockParam {
  const source = { type: 'base64' as const, media_type: 'image/png' as const };
  const content = [
    { type: 'text' as const, text },
    ...(image === undefined ? [] : [{ type: 'image' as const, source: { ...source, data: image } }]),
  ];
  return { type: 'tool_result', tool_use_id: id, content: image === undefined ? text : content, is_error: isError };
}

/** On `openai`: only documented members go back, and `reasoning_content`, as DeepSeek's documentation has it. */
export async function openAiAgent(client: OpenAI, options: AgentOptions): Promise<AgentState> {
  const state = newState();
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: TASK },
  ];
  const tools = TOOL_LIST.map(({ name, description, schema }) => ({
    ...{ type: 'function' as const, function: { name, description, parameters: schema } },
  }));
  for (let i = 0; i < MAX_TURNS; i++) {
    const params = { model: modelNow(options), messages, tools };
    const completion = options.stream
      ? await client.chat.completions.stream(params).finalChatCompletion()
      : await client.chat.completions.create(params);
    const [choice] = completion.choices;
    if (choice === undefined) throw new Error('no choice');
    const reasoning: unknown = Reflect.get(choice.message, 'reasoning_content');
    const calls = (choice.message.tool_calls ?? []).filter((call) => call.type === 'function');
    const outcomes = note(state, {
      text: choice.message.content ?? '',
      thinking: typeof reasoning === 'string' ? reasoning : '',
      stop: choice.finish_reason,
      calls: calls.map((call) => ({ name: call.function.name, input: JSON.parse(call.function.arguments) })),
    });
    if (calls.length === 0) return state;
    messages.push({
      ...{ role: 'assistant', content: choice.message.content },
      tool_calls: calls.map(({ id, function: called }) => ({
        ...{ id, type: 'function', function: { name: called.name, arguments: called.arguments } },
      })),
      ...(typeof reasoning === 'string' ? { reasoning_content: reasoning } : {}),
    });
    for (const [j, { text }] of outcomes.entries()) {
      messages.push({ role: 'tool', tool_call_id: calls[j]?.id ?? '', content: text });
    }
    for (const { image } of outcomes) {
      if (image === undefined || options.withoutImages === true) continue;
      // A tool's message has no images.
      const url = `data:image/png;base64,${image}`;
      messages.push({ role: 'user', content: [{ type: 'image_url', image_url: { url } }] });
    }
  }
  throw new Error('the agent goes in circles');
}

/** On `@google/genai`. */
export async function geminiAgent(client: GoogleGenAI, options: AgentOptions): Promise<AgentState> {
  const state = newState();
  const contents: Content[] = [{ role: 'user', parts: [{ text: TASK }] }];
  const declarations = TOOL_LIST.map(({ name, description, schema }) => ({
    name,
    description,
    parametersJsonSchema: schema,
  }));
  const config = { systemInstruction: SYSTEM, tools: [{ functionDeclarations: declarations }] };
  for (let i = 0; i < MAX_TURNS; i++) {
    const params = { model: modelNow(options), contents, config };
    const parts: Part[] = [];
    let stop = '';
    const responses = options.stream
      ? await client.models.generateContentStream(params)
      : [await client.models.generateContent(params)];
    for await (const { candidates: [candidate] = [] } of responses) {
      parts.push(...(candidate?.content?.parts ?? []));
      stop = candidate?.finishReason ?? stop;
    }
    const called = parts.map((part) => part.functionCall).filter((call) => call !== undefined);
    const outcomes = note(state, {
      text: parts.map(({ text = '', thought }) => (thought === true ? '' : text)).join(''),
      thinking: parts.map(({ text = '', thought }) => (thought === true ? text : '')).join(''),
      ...{ stop, calls: called.map(({ name = '', args }) => ({ name, input: args })) },
    });
    if (called.length === 0) return state;
    contents.push(
      { role: 'model', parts },
      { role: 'user', parts: outcomes.flatMap((one, j) => geminiParts(called[j] ?? {}, one)) },
    );
  }
  throw new Error('the agent goes in circles');
}

function geminiParts({ id, name = '' }: FunctionCall, { text, isError, image }: ToolOutcome): Part[] {
  const response = isError ? { error: text } : { output: text };
  return [
    { functionResponse: { ...(id === undefined ? {} : { id }), name, response } },
    ...(image === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: image } }]),
  ];
}

function newState(): AgentState {
  return { events: [], final: '', stops: [], thinking: [] };
}

/** Remembers an answer and runs its calls. */
function note(state: AgentState, { text, thinking, stop, calls }: Said): ToolOutcome[] {
  if (text !== '') state.events.push({ says: text });
  if (thinking !== '') state.thinking.push(thinking);
  state.final = text;
  state.stops.push(stop);
  for (const { name, input } of calls) state.events.push({ calls: name, input });
  return calls.map(({ name, input }) => {
    const outcome = runTool(name, input);
    const images = outcome.image === undefined ? 0 : 1;
    state.events.push({ got: name, text: outcome.text, isError: outcome.isError, images });
    return outcome;
  });
}
