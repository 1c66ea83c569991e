import { expect } from 'chai';
import { translated } from '../support/chat-completions';

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const text = (words: string) => ({ type: 'text', text: words });
const use = (id: string, input: object = {}, name = 'Read') => ({ type: 'tool_use', id, name, input });
const result = (id: string, content?: unknown, rest: object = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  ...(content === undefined ? {} : { content }),
  ...rest,
});
const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } };
const pngPart = { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } };
const call = (id: string, input: object = {}, name = 'Read') => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify(input) },
});

/** The messages that come of these, behind what `system` makes. */
function messages(turns: object[], name?: string, model?: string): unknown[] {
  return translated({ messages: turns }, name, model).messages;
}

function refusal(request: object, name?: string): string {
  try {
    translated(request, name);
  } catch (error) {
    if (error instanceof Error && error.name === 'BadDocument') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('OpenAI request: system', () => {
  const systemOf = (system: unknown) => translated({ system, messages: [user('hi')] }).messages;

  it('is the first message: a string, or blocks with a blank line between', () => {
    expect(systemOf('be "kind"')).to.deep.equal([{ role: 'system', content: 'be "kind"' }, user('hi')]);
    expect(systemOf([text('a'), { ...text('b\n'), cache_control: { type: 'ephemeral' } }])).to.deep.equal([
      { role: 'system', content: 'a\n\nb\n' },
      user('hi'),
    ]);
  });

  it('comes without the billing header, which changes with every request', () => {
    expect(systemOf([text('x-anthropic-billing-header: cc_version=1'), text('b')])[0]).to.deep.equal({
      role: 'system',
      content: 'b',
    });
  });

  it('is left out where it is empty', () => {
    for (const system of ['', [], [text('')], [text('x-anthropic-billing-header: x')]]) {
      expect(systemOf(system)).to.deep.equal([user('hi')]);
    }
  });

  it('stays a system message in the middle, and is a user message where the service takes none there', () => {
    const turns = [user('a'), assistant(text('b')), { role: 'system', content: [text('c')] }, user('d')];
    expect(messages(turns).slice(2)).to.deep.equal([{ role: 'system', content: 'c' }, user('d')]);
    expect(messages(turns, 'mistral').slice(2)).to.deep.equal([user('c\n\nd')]);
  });
});

describe('OpenAI request: texts and images', () => {
  it('join texts into one string, and keep every character', () => {
    const odd = 'ü 😀 \u0000 \\ "x" \u2028 \ud83d';
    expect(messages([user([text(odd), text('b')])])).to.deep.equal([user(`${odd}\n\nb`)]);
    expect(messages([user(odd)])).to.deep.equal([user(odd)]);
  });

  it('make an array of parts where an image is among them', () => {
    const url = { type: 'image', source: { type: 'url', url: 'https://x/y.png' } };
    expect(messages([user([text('see'), png, url])])).to.deep.equal([
      user([text('see'), pngPart, { type: 'image_url', image_url: { url: 'https://x/y.png' } }]),
    ]);
  });

  it('say so in words where the model sees no images, and in the log', () => {
    const { messages: made, warnings } = translated({ messages: [user([text('see'), png, png])] }, 'deepseek');
    expect(made).to.deep.equal([
      user(`see\n\n${'(An image stood here, which this model cannot see.)\n\n'.repeat(2).trim()}`),
    ]);
    expect(warnings).to.have.length(1);
  });
});

describe('OpenAI request: documents', () => {
  const pdf = {
    type: 'document',
    title: 'a "b".pdf',
    source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
  };
  const pdfUrl = { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' } };

  it('are a file part where the service takes that', () => {
    const file = (filename: string, data: string) => ({ type: 'file', file: { filename, file_data: data } });
    expect(messages([user([text('x'), pdf])], 'openai')).to.deep.equal([
      user([text('x'), file('a "b".pdf', 'data:application/pdf;base64,JVBE')]),
    ]);
    expect(messages([user([pdfUrl])], 'openrouter')).to.deep.equal([user([file('document.pdf', 'https://x/y.pdf')])]);
    expect(messages([user([pdfUrl])], 'mistral')).to.deep.equal([
      user([{ type: 'document_url', document_url: 'https://x/y.pdf' }]),
    ]);
  });

  it('keep what is said of a PDF', () => {
    const said = { ...pdf, context: 'C' };
    const file = { type: 'file', file: { filename: 'a "b".pdf', file_data: 'data:application/pdf;base64,JVBE' } };
    expect(messages([user([said])], 'openai')).to.deep.equal([user([text('C'), file])]);
    const url = { type: 'document_url', document_url: 'https://x/y.pdf' };
    expect(messages([user([{ ...pdfUrl, title: 'T', context: 'C' }])], 'mistral')).to.deep.equal([
      user([text('T'), text('C'), url]),
    ]);
  });

  it('are refused by name where it does not', () => {
    expect(refusal({ messages: [user([text('x'), pdf])] }, 'groq')).to.equal(
      'messages.0.content.1: provider "groq" takes no PDF documents',
    );
    expect(refusal({ messages: [user([pdfUrl])] }, 'openai')).to.include('takes no documents by URL');
    const file = { type: 'document', source: { type: 'file', file_id: 'f' } };
    expect(refusal({ messages: [user([file])] }, 'openai')).to.include('messages.0.content.0.source.type: "file"');
  });

  it('are text where they are made of text', () => {
    const plain = {
      type: 'document',
      title: 'T',
      context: 'C',
      source: { type: 'text', media_type: 'text/plain', data: 'D' },
    };
    expect(messages([user([plain])])).to.deep.equal([user('T\n\nC\n\nD')]);
    const blocks = { type: 'document', source: { type: 'content', content: [text('E'), png, pdf] } };
    expect(messages([user([blocks])])).to.deep.equal([user([text('E'), pngPart])]);
    const found = { type: 'search_result', title: 'T', source: 'https://x', content: [text('F')] };
    expect(messages([user([found])])).to.deep.equal([user('T\n\nhttps://x\n\nF')]);
  });
});

describe('OpenAI request: calls and results', () => {
  const ask = user('go');

  it('come as tool_calls, and as tool messages directly behind', () => {
    const turns = [
      ask,
      assistant(text('ok'), use('t1', { a: [1, 'ü'] }), use('t2')),
      user([text('by the way'), result('t1', 'one'), result('t2', [text('two'), text('three')]), text('now go on')]),
    ];
    expect(messages(turns)).to.deep.equal([
      ask,
      { role: 'assistant', content: 'ok', tool_calls: [call('t1', { a: [1, 'ü'] }), call('t2')] },
      { role: 'tool', tool_call_id: 't1', content: 'one' },
      { role: 'tool', tool_call_id: 't2', content: 'two\n\nthree' },
      user('by the way\n\nnow go on'),
    ]);
  });

  it('stay together where a system message or a second user turn stands between', () => {
    const turns = [
      ask,
      assistant(use('t1'), use('t2')),
      { role: 'system', content: 'note' },
      user([result('t1', 'one'), text('x')]),
      user([result('t2', 'two')]),
    ];
    expect(messages(turns).slice(1)).to.deep.equal([
      { role: 'assistant', content: null, tool_calls: [call('t1'), call('t2')] },
      { role: 'tool', tool_call_id: 't1', content: 'one' },
      { role: 'tool', tool_call_id: 't2', content: 'two' },
      { role: 'system', content: 'note' },
      user('x'),
    ]);
  });

  it('say that a result is an error, and that there is none', () => {
    const turns = [
      ask,
      assistant(use('t1'), use('t2'), use('t3')),
      user([result('t1', 'boom', { is_error: true }), result('t2'), result('t3', [text('')], { is_error: true })]),
    ];
    expect(messages(turns).slice(2)).to.deep.equal([
      { role: 'tool', tool_call_id: 't1', content: 'Error: boom' },
      { role: 'tool', tool_call_id: 't2', content: '(no output)' },
      { role: 'tool', tool_call_id: 't3', content: 'Error: (no output)' },
    ]);
  });

  it('move images of a result to the user message behind it', () => {
    const turns = [
      ask,
      assistant(use('t1'), use('t2')),
      user([result('t1', [png]), result('t2', [text('b'), png]), text('c')]),
    ];
    expect(messages(turns).slice(2)).to.deep.equal([
      { role: 'tool', tool_call_id: 't1', content: '(see the next user message)' },
      { role: 'tool', tool_call_id: 't2', content: 'b' },
      user([
        text('Of the result of tool call t1:'),
        pngPart,
        text('Of the result of tool call t2:'),
        pngPart,
        text('c'),
      ]),
    ]);
  });

  it('make a line of a tool reference', () => {
    const turns = [ask, assistant(use('t1')), user([result('t1', [{ type: 'tool_reference', tool_name: 'Grep' }])])];
    expect(messages(turns).at(-1)).to.deep.equal({
      role: 'tool',
      tool_call_id: 't1',
      content: 'The tool Grep is available now.',
    });
  });

  it('put an assistant message between tool and user where the service wants one', () => {
    const turns = [ask, assistant(use('abcdefgh1')), user([result('abcdefgh1', 'one'), text('x')])];
    expect(messages(turns, 'mistral').slice(1)).to.deep.equal([
      { role: 'assistant', content: '', tool_calls: [call('abcdefgh1')] },
      { role: 'tool', tool_call_id: 'abcdefgh1', content: 'one' },
      { role: 'assistant', content: 'Understood.' },
      user('x'),
    ]);
  });

  it('get ids that the service takes, the same for call and result; ids that fit stay', () => {
    const idsOf = (id: string, name: string, model?: string) => {
      const made = messages([ask, assistant(use(id)), user([result(id, 'x')])], name, model);
      const found = JSON.stringify(made).match(/(?<="(?:id|tool_call_id)":")[^"]*/g) ?? [];
      expect(new Set(found).size, JSON.stringify(found)).to.equal(1);
      return found[0] ?? '';
    };
    const fits = `toolu_${'x'.repeat(34)}`;
    expect(idsOf(fits, 'openai')).to.equal(fits);
    expect(idsOf(`${fits}y`, 'openai')).to.match(/^call_[\w-]{32}$/);
    expect(idsOf('toolu_1', 'mistral')).to.match(/^[A-Za-z0-9]{9}$/);
    expect(idsOf('toolu_1', 'openrouter', 'mistralai/devstral-medium')).to.match(/^[A-Za-z0-9]{9}$/);
    expect(idsOf('a1b2c3d4e', 'mistral')).to.equal('a1b2c3d4e');
    expect(idsOf('toolu_2', 'mistral')).not.to.equal(idsOf('toolu_1', 'mistral'));
  });
});

describe('OpenAI request: what is left out', () => {
  it('leaves no message without content, and fails where nothing is left', () => {
    const thought = { type: 'thinking', thinking: 'hm', signature: 's' };
    expect(messages([user('a'), assistant(thought), user([]), assistant(), user('b')])).to.deep.equal([user('a\n\nb')]);
    expect(messages([user('a'), assistant(text('')), user('')])).to.deep.equal([user('a')]);
    for (const turns of [[], [user('')], [assistant(thought)]]) {
      expect(refusal({ system: 's', messages: turns })).to.include('messages: at least one message');
    }
  });

  it('leaves blocks out that nobody knows, each kind named once in the log', () => {
    const server = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} };
    const { messages: made, warnings } = translated({
      messages: [user([text('a'), { type: 'new_thing' }, { type: 'new_thing' }]), assistant(server, text('b'))],
    });
    expect(made).to.deep.equal([user('a'), { role: 'assistant', content: 'b' }]);
    expect(warnings.map((warning) => /"(\w+)" left out/.exec(warning)?.[1])).to.deep.equal([
      'new_thing',
      'server_tool_use',
    ]);
  });

  it('marks a prefill where the service wants that', () => {
    const turns = [user('a'), assistant(text('{'))];
    expect(messages(turns).at(-1)).to.deep.equal({ role: 'assistant', content: '{' });
    expect(messages(turns, 'mistral').at(-1)).to.deep.equal({ role: 'assistant', content: '{', prefix: true });
  });
});

describe('OpenAI request: mistakes', () => {
  const cases: Array<[object, string]> = [
    [{}, 'messages: Field required'],
    [{ messages: 'x' }, 'messages: Input should be a valid array'],
    [{ messages: [1] }, 'messages.0: Input should be a valid object'],
    [{ messages: [{ role: 'user' }] }, 'messages.0.content: Field required'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.role: '],
    [{ messages: [user(5)] }, 'messages.0.content: Input should be a valid string or array'],
    [{ messages: [user(['x'])] }, 'messages.0.content.0: Input should be a valid object'],
    [{ messages: [user([{}])] }, 'messages.0.content.0.type: Field required'],
    [{ messages: [user([{ type: 'text', text: 1 }])] }, 'messages.0.content.0.text: Input should be a valid string'],
    [{ messages: [user([{ type: 'image' }])] }, 'messages.0.content.0.source: Field required'],
    [{ messages: [user([result('t', [{ type: 'text' }])])] }, 'messages.0.content.0.content.0.text: Field required'],
    [{ messages: [user([{ type: 'tool_result' }])] }, 'messages.0.content.0.tool_use_id: Field required'],
    [{ messages: [assistant({ type: 'tool_use', id: 'a', name: 'b' })] }, 'messages.0.content.0.input: Field required'],
    [{ messages: [user('x')], system: 1 }, 'system: Input should be a valid string or array'],
  ];
  for (const [request, message] of cases) {
    it(`${JSON.stringify(request).slice(0, 60)} → ${message}`, () => expect(refusal(request)).to.include(message));
  }
});
