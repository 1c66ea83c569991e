/**
 * Recognises that a request does not fit a model's context, in the words of each service, and says it in Anthropic's:
 * clients know those, and compact the conversation. Numbers are taken where the wording has them.
 */

/** Named groups: `limit` of the context, `input` and `output` asked for, or `total` of both. */
const WORDINGS: readonly RegExp[] = [
  // Anthropic, behind a router.
  /input length and `max_tokens` exceed context limit: (?<input>\d+) \+ (?<output>\d+) > (?<limit>\d+)/,
  /prompt is too long(?:: (?<input>\d+) tokens > (?<limit>\d+) maximum)?/,
  // OpenAI, DeepSeek: "(I in the messages, M in the completion)"; earlier "(I in your prompt; M for the completion)".
  /maximum context length is (?<limit>\d+) tokens.{0,40}?requested (?<total>\d+) tokens \((?<input>\d+) in [^,;)]{1,40}[,;] (?<output>\d+) (?:in|for) the completion/,
  // OpenAI, with functions: "(A in the messages, B in the functions, and M in the completion)".
  /maximum context length is (?<limit>\d+) tokens.{0,40}?requested (?<total>\d+) tokens \(.{1,120}?(?<output>\d+) in the completion/,
  // OpenRouter: "requested about T tokens (I of text input, K of tool input, M in the output)".
  /maximum context length is (?<limit>\d+) tokens.{0,40}?requested about (?<total>\d+) tokens \(.{1,160}?(?<output>\d+) in the output/,
  /maximum context length is (?<limit>\d+) tokens.{0,40}?requested (?:about )?(?<input>\d+) tokens/,
  /maximum context length is (?<limit>\d+) tokens.{0,60}?resulted in (?<input>\d+) tokens/,
  // vLLM.
  /is too large: (?<output>\d+)\. This model's maximum context length is (?<limit>\d+) tokens and your request has (?<input>\d+) input tokens/,
  /maximum context length is (?<limit>\d+) tokens.{0,40}?requested (?<output>\d+) output tokens and your prompt contains (?:at least )?(?<input>\d+) input tokens/,
  // OpenAI's newer models.
  /input tokens exceed the configured limit of (?<limit>\d+) tokens.{0,40}?resulted in (?<input>\d+) tokens/i,
  // xAI; Mistral; Moonshot; Gemini; Copilot.
  /maximum prompt length is (?<limit>\d+) but the request contains (?<input>\d+) tokens/,
  /contains (?<input>\d+) tokens.{0,60}?too large for model with (?<limit>\d+) maximum context length/i,
  /exceeded model token limit: (?<limit>\d+) \(requested: (?<input>\d+)\)/,
  /input token count \((?<input>\d+)\) exceeds the maximum number of tokens allowed \((?<limit>\d+)\)/i,
  /prompt token count of (?<input>\d+) exceeds the limit of (?<limit>\d+)/,
  // llama.cpp.
  /request \((?<input>\d+) tokens\) exceeds the available context size \((?<limit>\d+) tokens\)/,
  // Without both numbers: OpenAI, Groq, Ollama, LM Studio, MiniMax, Z.ai, llama.cpp, and others.
  /maximum context length|context[_ ]length[_ ]exceeded|exceeds? the (?:model'?s )?context (?:window|length)/i,
  /context window exceeds|exceeds the available context size|greater than the context length|model_context_window_exceeded/i,
  /reduce the length of (?:the|your) (?:messages|prompt|input)|prompt too long|maximum prompt length is/i,
  /too large for model with|input is too long for|input token count.{0,40}exceeds|tokens in request more than max tokens/i,
];

/** Limits by time, which are another matter. */
const RATES = /rate.?limit|too many requests|per (?:minute|day|hour)|\bTP[MD]\b/i;

/** The words of Anthropic for an overflow, or null where the message is about something else. */
export function overflowMessage(message: string): string | null {
  if (RATES.test(message)) return null;
  // "128,000 tokens"
  const plain = message.replaceAll(/(?<=\d),(?=\d{3})/g, '');
  for (const wording of WORDINGS) {
    const found = wording.exec(plain);
    if (found !== null) return inAnthropicsWords(found.groups ?? {});
  }
  return null;
}

function inAnthropicsWords(numbers: Readonly<Record<string, string | undefined>>): string {
  const read = (name: string) => (numbers[name] === undefined ? undefined : Number(numbers[name]));
  const [limit, output, total] = [read('limit'), read('output'), read('total')];
  const input = total !== undefined && output !== undefined ? total - output : read('input');
  if (limit === undefined || input === undefined) return 'prompt is too long';
  if (output !== undefined && input <= limit) {
    return `input length and \`max_tokens\` exceed context limit: ${input} + ${output} > ${limit}, decrease input length or \`max_tokens\` and try again`;
  }
  return `prompt is too long: ${input} tokens > ${limit} maximum`;
}
