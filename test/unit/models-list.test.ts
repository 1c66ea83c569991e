/** What `GET /v1/models` lists, for configurations that no request is sent to. */
import { expect } from 'chai';
import { ModelCatalogue } from '../../worker/admin/models';
import { Workspace } from '../support/config/workspace';
import { headOf } from '../support/request-head';

describe('the list of models', () => {
  let here: Workspace;
  beforeEach(() => {
    here = new Workspace();
  });
  afterEach(() => here.remove());

  const idsOf = (providers: object[], routes: object) => {
    here.write('ccproxy.json', { providers: providers.map((one) => ({ api_base_url: 'http://h', ...one })), routes });
    const catalogue = new ModelCatalogue(here.loaded().config);
    return JSON.parse(catalogue.list(headOf({}))).data.map(({ id }: { id: string }) => id) as string[]; // Its own shape.
  };

  it('has providers of every dialect', () => {
    const ids = idsOf(
      [
        { name: 'one', dialect: 'anthropic', models: ['claude-a'] },
        { name: 'chat', dialect: 'openai', models: [{ name: 'gpt-5', max_output_tokens: 9 }, 'org/free:8b'] },
        { name: 'google', dialect: 'gemini', models: ['gemini-2.5-pro'] },
      ],
      { default: 'one,claude-a' },
    );
    expect(ids).to.deep.equal([
      ...['claude-a', 'chat/gpt-5', 'claude/chat/gpt-5', 'chat/org/free:8b', 'claude/chat/org/free:8b'],
      ...['google/gemini-2.5-pro', 'claude/google/gemini-2.5-pro'],
    ]);
  });

  it('has no id that leads elsewhere', () => {
    const openai = { dialect: 'openai' };
    const ids = idsOf(
      [
        { name: 'router', ...openai, models: ['openai/gpt-5', 'openai/o9', 'plain', 'with,comma'] },
        { name: 'openai', ...openai, models: ['gpt-5'] },
        { name: 'claude', ...openai, models: ['sonnet', 'openai/gpt-5'] },
        { name: 'a/b', ...openai, models: ['c'] },
      ],
      { default: 'router,plain' },
    );
    expect(ids).to.deep.equal([
      ...['router/openai/gpt-5', 'claude/router/openai/gpt-5', 'router/openai/o9', 'claude/router/openai/o9'],
      ...['plain', 'claude/router/plain', 'router,with,comma', 'openai/gpt-5', 'claude/openai/gpt-5'],
      ...['claude/sonnet', 'claude,openai/gpt-5', 'a/b,c'],
    ]);
  });
});
