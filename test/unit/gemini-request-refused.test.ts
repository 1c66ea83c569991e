import { expect } from 'chai';
import fc from 'fast-check';
import { BadDocument } from '../../worker/json/view';
import { ask, translate } from '../support/gemini-requests';

describe('A request that Gemini might not get', () => {
  describe('is refused with the name of what is wrong:', () => {
    const user = (content: unknown) => ask({}, [{ role: 'user', content }]);
    const bad: Array<[request: object, message: RegExp]> = [
      [{ messages: 1 }, /^messages: /],
      [{}, /^messages: /],
      [ask({}, []), /^messages: at least one/],
      [ask({}, [{ role: 'user', content: '' }]), /^messages: at least one/],
      [ask({}, [{ role: 'tool', content: 'a' }]), /^messages\.0\.role: /],
      [ask({}, [1 as unknown as object]), /^messages\.0\.role: /],
      [user(1), /^messages\.0\.content: /],
      [user([{ text: 'a' }]), /^messages\.0\.content\.0\.type: /],
      [user([{ type: 'text' }]), /^messages\.0\.content\.0\.text: /],
      [user([{ type: 'image' }]), /^messages\.0\.content\.0\.source\.type: /],
      [
        user([{ type: 'image', source: { type: 'base64', data: 'A' } }]),
        /^messages\.0\.content\.0\.source\.media_type: /,
      ],
      [user([{ type: 'document', source: { type: 'url' } }]), /^messages\.0\.content\.0\.source\.url: /],
      [user([{ type: 'image', source: { type: 'file', file_id: 'f' } }]), /Files API/],
      [ask({ system: 1 }), /^system: /],
      [ask({ system: [{ type: 'text' }] }), /^system\.0\.text: /],
    ];
    for (const [request, message] of bad) {
      it(String(message), () => {
        expect(() => translate(request)).to.throw(BadDocument, message);
      });
    }
  });

  it('is refused or made, whatever the client sends', () => {
    const leaf = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('text', 'base64', 'url', 'toolu_1', 'f', '#'));
    const type = fc.constantFrom(
      'text',
      'image',
      'document',
      'tool_use',
      'tool_result',
      'thinking',
      'tool_reference',
      'x',
    );
    const block = fc.record(
      {
        type: fc.oneof({ weight: 9, arbitrary: type }, leaf),
        text: leaf,
        id: fc.constantFrom('toolu_1', 'toolu_2__sig_AA'),
        tool_use_id: fc.constantFrom('toolu_1', 'toolu_2__sig_AA'),
        name: fc.oneof(fc.constant('f'), leaf),
        input: fc.oneof(fc.dictionary(fc.string(), leaf), leaf),
        content: fc.oneof(leaf, fc.array(fc.record({ type, text: leaf, tool_name: leaf }, { requiredKeys: [] }))),
        source: fc.oneof(leaf, fc.record({ type: leaf, data: fc.string(), media_type: fc.string(), url: fc.string() })),
        signature: leaf,
      },
      { requiredKeys: ['type'] },
    );
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'system'),
      content: fc.oneof(fc.string(), fc.array(block, { maxLength: 2 })),
    });
    const rarely = (wrong: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: wrong });
    const tool = fc.record({ name: fc.constant('f'), input_schema: rarely(leaf), type: rarely(leaf) });
    const request = fc.record({
      messages: fc.array(message, { maxLength: 4 }),
      system: rarely(fc.oneof(leaf, fc.array(block, { maxLength: 2 }))),
      tools: fc.oneof(rarely(leaf), fc.array(tool)),
      tool_choice: rarely(fc.oneof(leaf, fc.record({ type: leaf, name: leaf }))),
      thinking: rarely(leaf),
      output_config: rarely(leaf),
      stop_sequences: rarely(leaf),
      temperature: rarely(leaf),
    });
    let made = 0;
    fc.assert(
      fc.property(request, fc.constantFrom('gemini-2.5-pro', 'gemini-3-pro'), (request, model) => {
        try {
          const { contents } = translate(request, { model }).body;
          expect(contents.map(({ role }) => role)).to.deep.equal(
            contents.map((_, index) => (index % 2 === 0 ? 'user' : 'model')),
          );
          for (const { parts } of contents) expect(parts).not.to.deep.equal([]);
          made++;
        } catch (error) {
          if (!(error instanceof BadDocument)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
    expect(made).to.be.greaterThan(20);
  });

  it('does not follow documents within documents', () => {
    const source = '{"type":"document","source":{"type":"content","content":[';
    const nested = `${source.repeat(50_000)}1${']}}'.repeat(50_000)}`;
    expect(() => translate(`{"messages":[{"role":"user","content":[${nested}]}]}`)).to.throw(
      BadDocument,
      /^messages: /,
    );
  });
});
