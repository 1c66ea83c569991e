import { expect } from 'chai';
import { chunk, events, lastOf, streamCalls } from '../support/chat-completions';

const text = chunk({ content: 'a' });
const finish = (reason: unknown, choice: object = {}, rest: object = {}) =>
  chunk({}, { finish_reason: reason, ...choice }, rest);
const end = (...chunks: object[]) => lastOf(streamCalls(events(chunks)));

describe('OpenAI stream: usage', () => {
  const usage = (counts: object) => ({ choices: [], usage: counts });
  const counts = (...chunks: object[]) => {
    const last = end(...chunks);
    return 'end' in last ? last.end[2] : last;
  };
  const plain = { input: 7, output: 3, cacheRead: 0, cacheCreation: 0 };
  const told = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

  it('is read wherever it stands', () => {
    expect(counts(text, finish('stop'), usage(told))).to.deep.equal(plain);
    expect(counts(text, finish('stop', {}, { usage: told }))).to.deep.equal(plain);
    expect(counts(text, finish('stop', {}, { x_groq: { id: 'r', usage: told } }))).to.deep.equal(plain);
    expect(counts(text, finish('stop', { usage: told }))).to.deep.equal(plain);
    expect(counts(text, finish('stop', {}, { usage: null }))).to.equal(null);
    expect(counts(text, finish('stop'))).to.equal(null);
  });

  it('is the last one that was told, and known at the beginning where it came first', () => {
    const early = chunk({ content: 'a' }, {}, { usage: { prompt_tokens: 7, completion_tokens: 1 } });
    const calls = streamCalls(events([early, finish('stop', {}, { usage: told })]));
    expect(calls[0]).to.deep.equal({ begin: ['chatcmpl-1', 'm-1', { ...plain, output: 1 }] });
    expect(lastOf(calls)).to.deep.equal({ end: ['end_turn', null, plain] });
  });

  it('tells cached tokens apart', () => {
    const cached = { ...plain, input: 2, cacheRead: 5 };
    expect(counts(text, finish('stop'), usage({ ...told, prompt_tokens_details: { cached_tokens: 5 } }))).to.deep.equal(
      cached,
    );
    expect(
      counts(text, finish('stop'), usage({ ...told, prompt_cache_hit_tokens: 5, prompt_cache_miss_tokens: 2 })),
    ).to.deep.equal(cached);
    expect(counts(text, finish('stop'), usage({ ...told, cached_tokens: 5 }))).to.deep.equal(cached);
    const written = { ...told, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 } };
    expect(counts(text, finish('stop'), usage(written))).to.deep.equal({
      input: 1,
      output: 3,
      cacheRead: 4,
      cacheCreation: 2,
    });
    expect(counts(text, finish('stop'), usage({ ...told, prompt_tokens_details: { cached_tokens: 9 } }))).to.deep.equal(
      { ...plain, input: 0, cacheRead: 7 },
    );
  });

  it('counts reasoning once, whether it is within the completion or beside it', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 2 } };
    expect(counts(text, finish('stop'), usage({ ...told, ...details }))).to.deep.equal(plain);
    expect(counts(text, finish('stop'), usage({ ...told, ...details, total_tokens: 12 }))).to.deep.equal({
      ...plain,
      output: 5,
    });
  });

  it('does not believe nonsense', () => {
    const nonsense = { prompt_tokens: -4, completion_tokens: '3', prompt_tokens_details: [] };
    expect(counts(text, finish('stop'), usage(nonsense))).to.deep.equal({
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheCreation: 0,
    });
  });
});
